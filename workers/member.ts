// What a worker thread does, in any engine: it makes a replica of the model whose values lie in shared memory, and does one task a step.
import { overBuffer, setBackend, shardStart, type BatchSlice } from "../ts/autograd/index.ts";
import { createWasmBackend, wasmBuffer, type Buffer, type WasmBackend } from "../ts/backend/index.ts";
import { Variable } from "../ts/nn/index.ts";
import { batchOver, type Batch } from "../ts/train/batch.ts";
import type { Evaluation } from "../ts/train/pool.ts";
import { dropGradients } from "../ts/train/gradients.ts";
import { OriginFinder, type Origins } from "../ts/train/locate.ts";
import { Lookout } from "../ts/train/lookout.ts";
import type { Program } from "../ts/train/program.ts";
import { Replica, type ForwardResult, type Onlooker } from "../ts/train/replica.ts";
import { Tracer } from "../ts/train/trace.ts";
import { abort, AbortedError, Barrier } from "./barrier.ts";
import { MemoryExchange } from "./exchange.ts";
import { GradientSums, readTables, writeTable, type Contribution } from "./gradients.ts";
import {
  CONTROL,
  shardRanges,
  tableWord,
  type Answer,
  type Failure,
  type LocateTask,
  type SharedBatch,
  type Task,
  type TrainAnswer,
  type TrainTask,
  type WorkerSetup,
} from "./protocol.ts";
import { Share } from "./step.ts";
import { Store } from "./store.ts";
import { noteSums } from "./trace.ts";

/** What a worker thread has of its engine. */
export interface Host {
  /** Number of the thread, which no other one over the same memory has. */
  readonly thread: number;
  load(): Promise<Program>;
  /** Called before a step is traced. */
  beforeTrace?(): void;
}

interface Thread {
  readonly host: Host;
  readonly setup: WorkerSetup;
  readonly backend: WasmBackend;
  readonly replica: Replica;
  readonly words: Int32Array<ArrayBufferLike>;
  readonly barrier: Barrier;
  readonly exchange: MemoryExchange;
  readonly sums: GradientSums;
  readonly lookout: Lookout;
  /** Made with the first task: until then the calling thread may still make its model. */
  store: Store | null;
  readonly parameters: readonly (readonly [key: string, parameter: Variable])[];
  /** Where this thread tells the others of its gradients. */
  table: Buffer | null;
  /** Its share of the update, made anew when the number of workers changes. */
  share: { readonly worker: number; readonly workers: number; readonly share: Share } | null;
}

type Part = Pick<TrainTask, "worker" | "workers">;

async function start(setup: WorkerSetup, host: Host): Promise<Thread> {
  const backend = createWasmBackend(setup.module, setup.memory, host.thread);
  const program = await host.load();
  // Afterwards: a program that imports the package for Node has set the one that is usual there.
  setBackend(backend);
  const replica = new Replica(program, {
    options: setup.options,
    ...(setup.emaDecay !== null && { emaDecay: setup.emaDecay }),
    bare: true,
  });
  const parameters = replica.model.namedParameters();
  if (parameters.some(([, parameter]) => !((parameter as unknown) instanceof Variable)))
    throw new Error("worker: a model made of another copy of perpend, wanted one of the copy that the worker itself is made of");
  const words = new Int32Array(setup.memory.buffer, setup.control);
  const barrier = new Barrier(words, setup.workers);
  return {
    host,
    setup,
    backend,
    replica,
    words,
    barrier,
    exchange: new MemoryExchange(backend, words, barrier),
    sums: new GradientSums(backend),
    lookout: new Lookout(replica),
    store: null,
    parameters,
    table: null,
    share: null,
  };
}

function batchOf({ backend, exchange }: Thread, { worker, workers }: Part, shared: SharedBatch, apart = false): Batch {
  const { size, shards, normGroup, step, shape } = shared;
  const ranges = shardRanges(shards, workers);
  const slice: BatchSlice = {
    size,
    shards,
    first: ranges[worker],
    last: ranges[worker + 1],
    ranges,
    exchange: workers > 1 ? exchange : null,
    normGroup,
    step,
    apart,
  };
  const from = shardStart(slice, slice.first);
  const count = shardStart(slice, slice.last) - from;
  const values = shape.reduce((product, length) => product * length, 1);
  const images = overBuffer(backend, [count, ...shape], backend.at(shared.images + 4 * from * values, count * values));
  const labels = overBuffer(backend, [count], backend.at(shared.labels + 4 * from, count));
  const { targets } = shared;
  if (targets === null) return batchOver(slice, shared.epoch, images, labels);
  const { at, classes } = targets;
  const shares = overBuffer(backend, [count, classes], backend.at(at + 4 * from * classes, count * classes));
  return batchOver(slice, shared.epoch, images, labels, shares);
}

/** Room for words that other threads read until the step ends. */
function tableRoom(thread: Thread, length: number): number {
  const { backend, table } = thread;
  if (table && table.length >= length) return wasmBuffer(table).offset;
  if (table) backend.free(table);
  thread.table = backend.allocate(length);
  return wasmBuffer(thread.table).offset;
}

/** Shows the other workers where this one's gradients lie, and learns where theirs do. */
function exchangeTables(thread: Thread, { worker, workers }: Part, apart: boolean): Contribution[][] {
  const { setup, words, barrier, replica, backend } = thread;
  const parameters = replica.optimizer.slots.map(({ variable }) => variable);
  const table = writeTable(parameters);
  // Memory that others got may lie beyond what this thread has seen of it.
  const wordsAt = (address: number, length: number): Uint32Array => {
    backend.at(address, length);
    return new Uint32Array(setup.memory.buffer, address, length);
  };
  const at = tableRoom(thread, table.length + 1);
  wordsAt(at, table.length + 1).set([table.length, ...table]);
  Atomics.store(words, tableWord(setup.workers, worker), at | 0);
  barrier.wait();
  const tables = Array.from({ length: workers }, (_, of) => {
    const address = Atomics.load(words, tableWord(setup.workers, of)) >>> 0;
    const [length] = wordsAt(address, 1);
    return wordsAt(address + 4, length).slice();
  });
  return readTables(tables, (shards) => shardRanges(shards, workers), parameters.length, worker, apart);
}

function shareOf(thread: Thread, { worker, workers }: Part): Share {
  const { share: known, backend, replica } = thread;
  if (known?.worker === worker && known.workers === workers) return known.share;
  const share = new Share(backend, replica, worker, workers);
  thread.share = { worker, workers, share };
  return share;
}

/** Makes the replica what the calling thread's is. */
function prepare({ replica, parameters }: Thread, { lr, steps, slotSteps, frozen }: TrainTask | LocateTask): void {
  const { optimizer } = replica;
  optimizer.lr = lr;
  optimizer.steps = steps;
  optimizer.slots.forEach((slot, index) => (slot.steps = slotSteps[index]));
  const still = new Set(frozen);
  for (const [key, variable] of parameters) {
    variable.frozen = still.has(key);
    variable.requiresGrad = !variable.frozen;
  }
}

/** Forward and backward pass of all batches. */
function learn(thread: Thread, task: TrainTask | LocateTask, apart: boolean, onlooker: Onlooker | null): ForwardResult {
  const { replica, exchange, lookout } = thread;
  let loss = 0;
  let correct = 0;
  for (const [index, batch] of task.batches.entries()) {
    const result = replica.learn(batchOf(thread, task, batch, apart), 1 / task.batches.length, onlooker);
    exchange.settle();
    lookout.loss(index, result.loss);
    loss += result.loss;
    correct += result.correct;
  }
  return { loss: loss / task.batches.length, correct };
}

function train(thread: Thread, task: TrainTask): TrainAnswer {
  const { replica, backend, barrier, sums, lookout } = thread;
  const { worker, workers } = task;
  const { optimizer, model } = replica;
  prepare(thread, task);
  const parameters = optimizer.slots.map(({ variable }) => variable);
  const apart = task.trace?.level === "shard";
  if (task.trace !== null) thread.host.beforeTrace?.();
  const tracer = task.trace === null ? null : new Tracer(model, task.trace);
  try {
    const { loss, correct } = learn(thread, task, apart, tracer);
    tracer?.noteParts(parameters);
    const contributions = exchangeTables(thread, task, apart);
    if (tracer) noteSums(tracer, parameters, contributions, sums, { worker, workers });
    const gradNorm = shareOf(thread, task).update(contributions, sums, barrier, {
      clipGrad: task.clipGrad,
      gradNorm: task.gradNorm,
      squares: Atomics.load(thread.words, CONTROL.squares) >>> 0,
      lookout,
    });
    // Nobody frees gradients that another worker still reads.
    barrier.wait();
    return {
      loss,
      idle: parameters.flatMap(({ frozen: is }, index) => (is || contributions[index].length === 0 ? [index] : [])),
      correct,
      gradNorm,
      observations: worker === 0 ? replica.program.observations(model) : (replica.program.observations(model), []),
      sighting: lookout.take(),
      bytes: backend.memoryUse().peakBytes,
      trace: tracer?.trace(parameters) ?? null,
    };
  } finally {
    dropGradients(parameters);
  }
}

function locate(thread: Thread, task: LocateTask): Origins {
  const { replica, backend } = thread;
  prepare(thread, task);
  const finder = new OriginFinder(replica.model, backend);
  try {
    learn(thread, task, true, finder);
    replica.program.observations(replica.model);
    return finder.origins(task.name);
  } finally {
    finder.dispose();
    dropGradients(replica.optimizer.slots.map(({ variable }) => variable));
  }
}

function kindOf(error: unknown): Failure["kind"] {
  if (error instanceof AbortedError) return "aborted";
  if (error instanceof WebAssembly.RuntimeError) return "trap";
  // Shared memory that cannot grow, array buffers, and what engines say of them.
  if (error instanceof RangeError && /^memory:|allocation|out of memory/i.test(error.message)) return "memory";
  return "throw";
}

function failureOf(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  return { kind: kindOf(error), message, ...(stack !== undefined && { stack }) };
}

/** Gives an attempt up. Its measurements must not be told with those of the next: a thread that cannot forget them has to go. */
function giveUp({ replica }: Thread, failure: Failure): Failure {
  try {
    replica.program.observations(replica.model);
    return failure;
  } catch (error) {
    return { ...(failure.kind === "aborted" ? failureOf(error) : failure), unclean: true };
  }
}

function perform(thread: Thread, task: Exclude<Task, { type: "ready" }>): TrainAnswer | Origins | Evaluation {
  const { backend, replica, words, barrier, exchange, lookout } = thread;
  barrier.begin(task);
  exchange.begin(task);
  lookout.take();
  thread.store ??= new Store(backend, replica, Atomics.load(words, CONTROL.variables) >>> 0);
  thread.store.bind(task.current);
  if (task.type === "train") return train(thread, task);
  if (task.type === "locate") return locate(thread, task);
  return replica.evaluate(batchOf(thread, task, task.batch), { ema: task.ema });
}

export class Member {
  private readonly started: Promise<Thread>;

  constructor(setup: WorkerSetup, host: Host) {
    this.started = start(setup, host);
    // The first task tells why it failed.
    this.started.catch(() => {});
  }

  /** Does a task of the team. */
  async run(task: Task): Promise<Answer<TrainAnswer | Origins | Evaluation | null>> {
    let thread: Thread;
    try {
      thread = await this.started;
    } catch (error) {
      return { ticket: 0, failure: failureOf(error) };
    }
    if (task.type === "ready") return { ticket: 0, value: null };
    const { ticket } = task;
    try {
      return { ticket, value: perform(thread, task) };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== "aborted") abort(thread.words);
      return { ticket, failure: giveUp(thread, failure) };
    } finally {
      thread.barrier.end();
    }
  }
}
