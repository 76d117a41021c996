// The file a worker thread runs. It makes a replica of the model whose values lie in shared memory, and does one task a step.
// No top-level await: a thread that is ended while it waits for a module can take the process with it.
import { workerData } from "node:worker_threads";
import { overBuffer, setBackend, shardStart, type BatchSlice } from "../ts/autograd/index.ts";
import { createWasmBackend, type WasmBackend } from "../ts/backend/index.ts";
import { batchOver, Replica, type Batch, type Evaluation } from "../ts/train/index.ts";
import { abort, AbortedError, Barrier } from "./barrier.ts";
import { MemoryExchange } from "./exchange.ts";
import { dropGradients, GradientSums, readTables, writeTable } from "./gradients.ts";
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
import { bindVariables, variablesOf } from "./store.ts";
import { update } from "./step.ts";

interface Thread {
  readonly setup: WorkerSetup;
  readonly backend: WasmBackend;
  readonly replica: Replica;
  readonly words: Int32Array<ArrayBufferLike>;
  readonly barrier: Barrier;
  readonly sums: GradientSums;
  /** One an index: a thread may take any worker's task. */
  readonly exchanges: (MemoryExchange | null)[];
  current: 0 | 1;
}

let started: Promise<Thread> | null = null;

/** piscina wraps workerData. */
function setupOf(data: unknown): WorkerSetup {
  const own = Array.isArray(data) ? (data as unknown[])[1] : data;
  return own as WorkerSetup;
}

async function start(): Promise<Thread> {
  const setup = setupOf(workerData);
  const backend = createWasmBackend(setup.module, setup.memory);
  setBackend(backend);
  const program = await loadProgram(setup.program);
  const replica = new Replica(program, {
    options: setup.options,
    ...(setup.emaDecay !== null && { emaDecay: setup.emaDecay }),
    bare: true,
  });
  const variables = variablesOf(replica);
  if (variables.length !== setup.addresses.length)
    throw new Error(
      `worker: ${variables.length} variables, wanted ${setup.addresses.length} as in the calling thread; the program must not depend on its thread`,
    );
  for (const variable of variables) backend.free(variable.buffer);
  bindVariables(backend, variables, setup.addresses, 0);
  const words = new Int32Array(setup.memory.buffer, setup.control);
  const barrier = new Barrier(words, setup.workers);
  return { setup, backend, replica, words, barrier, sums: new GradientSums(backend), exchanges: [], current: 0 };
}

function batchOf({ setup, backend, exchanges, words, barrier }: Thread, worker: number, shared: SharedBatch): Batch {
  const { size, shards, normGroup, step, shape } = shared;
  const ranges = shardRanges(shards, setup.workers);
  if (setup.workers > 1) exchanges[worker] ??= new MemoryExchange(backend, words, barrier, worker, setup.workers);
  const slice: BatchSlice = {
    size,
    shards,
    first: ranges[worker],
    last: ranges[worker + 1],
    ranges,
    exchange: exchanges[worker] ?? null,
    normGroup,
    step,
  };
  const from = shardStart(slice, slice.first);
  const count = shardStart(slice, slice.last) - from;
  const values = shape.reduce((product, length) => product * length, 1);
  const images = overBuffer(backend, [count, ...shape], backend.at(shared.images + 4 * from * values, count * values));
  const labels = overBuffer(backend, [count], backend.at(shared.labels + 4 * from, count));
  return batchOver(slice, shared.epoch, images, labels);
}

/** Shows the other workers where this one's gradients lie, and learns where theirs do. */
function exchangeTables({ setup, backend, words, barrier, replica }: Thread, worker: number): ReturnType<typeof readTables> {
  const parameters = replica.optimizer.slots.map(({ variable }) => variable);
  const table = writeTable(parameters);
  const own = backend.allocate(table.length + 1);
  const at = backend.at((own as unknown as { offset: number }).offset, 1).offset;
  new Uint32Array(setup.memory.buffer, at, table.length + 1).set([table.length, ...table]);
  const slot = (of: number): number => CONTROL.exchange + 2 * setup.workers + of;
  Atomics.store(words, slot(worker), at | 0);
  barrier.wait();
  const tables = Array.from({ length: setup.workers }, (_, of) => {
    const address = Atomics.load(words, slot(of)) >>> 0;
    const [length] = new Uint32Array(setup.memory.buffer, address, 1);
    return new Uint32Array(setup.memory.buffer, address + 4, length).slice();
  });
  barrier.wait();
  backend.free(own);
  return readTables(tables, (shards) => shardRanges(shards, setup.workers), parameters.length, worker);
}

function train(thread: Thread, task: TrainTask): TrainAnswer {
  const { replica, backend, barrier, sums, setup } = thread;
  const { worker } = task;
  const { optimizer, model } = replica;
  optimizer.lr = task.lr;
  optimizer.steps = task.steps;
  const frozen = new Set(task.frozen);
  for (const [key, variable] of model.namedParameters()) {
    variable.frozen = frozen.has(key);
    variable.requiresGrad = !variable.frozen;
  }
  const parameters = optimizer.slots.map(({ variable }) => variable);
  thread.exchanges[worker]?.begin();
  try {
    let loss = 0;
    let correct = 0;
    for (const batch of task.batches) {
      const result = replica.learn(batchOf(thread, worker, batch), 1 / task.batches.length);
      thread.exchanges[worker]?.settle();
      loss += result.loss;
      correct += result.correct;
    }
    const contributions = exchangeTables(thread, worker);
    const gradNorm = update(backend, replica, contributions, sums, barrier, {
      worker,
      workers: setup.workers,
      clipGrad: task.clipGrad,
      gradNorm: task.gradNorm,
      squares: setup.squares,
    });
    // Nobody frees gradients that another worker still reads.
    barrier.wait();
    return {
      loss: loss / task.batches.length,
      correct,
      gradNorm,
      observations: worker === 0 ? replica.program.observations(model) : (replica.program.observations(model), []),
      bytes: backend.memoryUse().peakBytes,
    };
  } finally {
    dropGradients(parameters);
  }
}

function evaluate(thread: Thread, { worker, batch, ema }: EvaluateTask): Evaluation {
  return thread.replica.evaluate(batchOf(thread, worker, batch), { ema });
}

/** A task of the pool. */
export async function run(task: Task): Promise<TrainAnswer | Evaluation | null> {
  started ??= start();
  const thread = await started;
  if (thread.current !== task.current) {
    thread.current = task.current;
    bindVariables(thread.backend, variablesOf(thread.replica), thread.setup.addresses, task.current);
  } else for (const variable of variablesOf(thread.replica)) variable.written = false;
  try {
    if (task.type === "train") return train(thread, task);
    if (task.type === "evaluate") return evaluate(thread, task);
    return null;
  } catch (error) {
    if (!(error instanceof AbortedError)) abort(thread.words);
    throw error;
  }
}
