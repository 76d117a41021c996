// The file a worker thread runs. It makes a replica of the model whose values lie in shared memory, and does one task a step.
// No top-level await: a thread that is ended while it waits for a module can take the process with it.
import { workerData } from "node:worker_threads";
import { overBuffer, setBackend, shardStart, type BatchSlice } from "../ts/autograd/index.ts";
import { createWasmBackend, wasmBuffer, type Buffer, type WasmBackend } from "../ts/backend/index.ts";
import type { Variable } from "../ts/nn/index.ts";
import { batchOver, type Batch } from "../ts/train/batch.ts";
import type { Evaluation } from "../ts/train/pool.ts";
import { Replica } from "../ts/train/replica.ts";
import { abort, AbortedError, Barrier } from "./barrier.ts";
import { MemoryExchange } from "./exchange.ts";
import { dropGradients, GradientSums, readTables, writeTable, type Contribution } from "./gradients.ts";
import {
  CONTROL,
  shardRanges,
  type EvaluateTask,
  type SharedBatch,
  type Task,
  type TrainAnswer,
  type TrainTask,
  type WorkerSetup,
} from "./protocol.ts";
import { loadProgram } from "./load.ts";
import { Share } from "./step.ts";
import { Store } from "./store.ts";
import { noteSums, startTrace } from "./trace.ts";

interface Thread {
  readonly setup: WorkerSetup;
  readonly backend: WasmBackend;
  readonly replica: Replica;
  readonly words: Int32Array<ArrayBufferLike>;
  readonly barrier: Barrier;
  readonly sums: GradientSums;
  /** Made with the first task: until then the calling thread may still make its model. */
  store: Store | null;
  readonly parameters: readonly (readonly [key: string, parameter: Variable])[];
  /** Where this thread tells the others of its gradients. */
  table: Buffer | null;
  /** One an index: a thread may take any worker's task. */
  readonly exchanges: MemoryExchange[];
  readonly shares: Share[];
}

/** piscina wraps workerData. */
function setupOf(data: unknown): WorkerSetup {
  const own = Array.isArray(data) ? (data as unknown[])[1] : data;
  return own as WorkerSetup;
}

async function start(setup: WorkerSetup): Promise<Thread> {
  const backend = createWasmBackend(setup.module, setup.memory);
  const program = await loadProgram(setup.program);
  // Afterwards: a program that imports the package for Node has set the one that is usual there.
  setBackend(backend);
  const replica = new Replica(program, {
    options: setup.options,
    ...(setup.emaDecay !== null && { emaDecay: setup.emaDecay }),
    bare: true,
  });
  const words = new Int32Array(setup.memory.buffer, setup.control);
  return {
    setup,
    backend,
    replica,
    words,
    barrier: new Barrier(words, setup.workers),
    sums: new GradientSums(backend),
    store: null,
    parameters: replica.model.namedParameters(),
    table: null,
    exchanges: [],
    shares: [],
  };
}

function batchOf({ setup, backend, exchanges, words, barrier }: Thread, worker: number, shared: SharedBatch, apart = false): Batch {
  const { size, shards, normGroup, step, shape } = shared;
  const ranges = shardRanges(shards, setup.workers);
  if (setup.workers > 1) exchanges[worker] ??= new MemoryExchange(backend, words, barrier, worker, setup.workers);
  const slice: BatchSlice = {
    size,
    shards,
    first: ranges[worker],
    last: ranges[worker + 1],
    ranges,
    exchange: setup.workers > 1 ? exchanges[worker] : null,
    normGroup,
    step,
    apart,
  };
  const from = shardStart(slice, slice.first);
  const count = shardStart(slice, slice.last) - from;
  const values = shape.reduce((product, length) => product * length, 1);
  const images = overBuffer(backend, [count, ...shape], backend.at(shared.images + 4 * from * values, count * values));
  const labels = overBuffer(backend, [count], backend.at(shared.labels + 4 * from, count));
  return batchOver(slice, shared.epoch, images, labels);
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
function exchangeTables(thread: Thread, worker: number, apart: boolean): Contribution[][] {
  const { setup, words, barrier, replica } = thread;
  const parameters = replica.optimizer.slots.map(({ variable }) => variable);
  const table = writeTable(parameters);
  const at = tableRoom(thread, table.length + 1);
  new Uint32Array(setup.memory.buffer, at, table.length + 1).set([table.length, ...table]);
  const slot = (of: number): number => CONTROL.exchange + 2 * setup.workers + of;
  Atomics.store(words, slot(worker), at | 0);
  barrier.wait();
  const tables = Array.from({ length: setup.workers }, (_, of) => {
    const address = Atomics.load(words, slot(of)) >>> 0;
    const [length] = new Uint32Array(setup.memory.buffer, address, 1);
    return new Uint32Array(setup.memory.buffer, address + 4, length).slice();
  });
  return readTables(tables, (shards) => shardRanges(shards, setup.workers), parameters.length, worker, apart);
}

function train(thread: Thread, task: TrainTask): TrainAnswer {
  const { replica, backend, barrier, sums, setup } = thread;
  const { worker } = task;
  const { optimizer, model } = replica;
  optimizer.lr = task.lr;
  optimizer.steps = task.steps;
  optimizer.slots.forEach((slot, index) => (slot.steps = task.slotSteps[index]));
  const frozen = new Set(task.frozen);
  for (const [key, variable] of thread.parameters) {
    variable.frozen = frozen.has(key);
    variable.requiresGrad = !variable.frozen;
  }
  const parameters = optimizer.slots.map(({ variable }) => variable);
  const apart = task.trace?.level === "shard";
  const tracer = task.trace === null ? null : startTrace(model, task.trace);
  thread.exchanges[worker]?.begin();
  try {
    let loss = 0;
    let correct = 0;
    for (const batch of task.batches) {
      const result = replica.learn(batchOf(thread, worker, batch, apart), 1 / task.batches.length, tracer);
      thread.exchanges[worker]?.settle();
      loss += result.loss;
      correct += result.correct;
    }
    tracer?.noteParts(parameters);
    const contributions = exchangeTables(thread, worker, apart);
    if (tracer) noteSums(tracer, parameters, contributions, sums, { worker, workers: setup.workers });
    const share = (thread.shares[worker] ??= new Share(backend, replica, worker, setup.workers));
    const gradNorm = share.update(contributions, sums, barrier, {
      clipGrad: task.clipGrad,
      gradNorm: task.gradNorm,
      squares: Atomics.load(thread.words, CONTROL.squares) >>> 0,
    });
    // Nobody frees gradients that another worker still reads.
    barrier.wait();
    return {
      loss: loss / task.batches.length,
      idle: parameters.flatMap(({ frozen: is }, index) => (is || contributions[index].length === 0 ? [index] : [])),
      correct,
      gradNorm,
      observations: worker === 0 ? replica.program.observations(model) : (replica.program.observations(model), []),
      bytes: backend.memoryUse().peakBytes,
      trace: tracer?.trace(parameters) ?? null,
    };
  } finally {
    dropGradients(parameters);
  }
}

function evaluate(thread: Thread, { worker, batch, ema }: EvaluateTask): Evaluation {
  return thread.replica.evaluate(batchOf(thread, worker, batch), { ema });
}

const started = start(setupOf(workerData));
// The first task tells why it failed.
started.catch(() => {});

/** A task of the pool. */
export async function run(task: Task): Promise<TrainAnswer | Evaluation | null> {
  const thread = await started;
  const { backend, replica, words } = thread;
  thread.store ??= new Store(backend, replica, Atomics.load(words, CONTROL.variables) >>> 0);
  thread.store.bind(task.current);
  try {
    if (task.type === "train") return train(thread, task);
    if (task.type === "evaluate") return evaluate(thread, task);
    return null;
  } catch (error) {
    if (!(error instanceof AbortedError)) abort(thread.words);
    throw error;
  }
}
