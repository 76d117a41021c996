// Data-parallel training on a piscina pool: every worker holds some shards of each batch and a replica of the model over the same
// shared memory. One task a worker and step. The number of workers changes no bit of the result.
import { Piscina } from "piscina";
import { withBackend } from "../ts/autograd/index.ts";
import { createSharedMemory, createWasmBackend, wasmBuffer, type WasmBackend } from "../ts/backend/index.ts";
import type { Module, Variable } from "../ts/nn/index.ts";
import type { ModelEma, Optimizer } from "../ts/optim/index.ts";
import { defaultShards } from "../ts/shards.ts";
import {
  joinTraces,
  rawOf,
  Replica,
  type AnyBatch,
  type EvaluateSettings,
  type Evaluation,
  type JsonObject,
  type Pool,
  type Program,
  type RawBatch,
  type StepResult,
  type StepSettings,
} from "../ts/train/index.ts";
import { abort } from "./barrier.ts";
import { CONTROL, controlWords, type SharedBatch, type Task, type TrainAnswer, type WorkerSetup } from "./protocol.ts";
import { blockCount } from "./step.ts";
import { shareVariables, Store } from "./store.ts";

export interface TeamOptions {
  /** Address of the program's module: `new URL("./program.js", import.meta.url)`. */
  readonly module: URL;
  /** Number of worker threads, at least 1. */
  readonly workers: number;
  /** Logical shards of a batch; by default min(24, floor(batch / 4)). At most as many workers can be used. */
  readonly shards?: number;
  /** Passed to the program. */
  readonly options?: JsonObject;
  readonly emaDecay?: number;
  /** The compiled kernels. */
  readonly kernels: WebAssembly.Module;
}

interface Room {
  readonly address: number;
  readonly length: number;
}

/** The workers of a team and what they share. */
interface Threads {
  readonly backend: WasmBackend;
  readonly words: Int32Array<ArrayBufferLike>;
  readonly pool: Piscina;
}

function startThreads({ module, workers, options = {}, emaDecay, kernels }: TeamOptions): Threads {
  const backend = createWasmBackend(kernels, createSharedMemory());
  const control = wasmBuffer(backend.allocate(controlWords(workers))).offset;
  const words = new Int32Array(backend.memory.buffer, control, controlWords(workers)).fill(0);
  const setup: WorkerSetup = {
    module: kernels,
    memory: backend.memory,
    program: module.href,
    options,
    emaDecay: emaDecay ?? null,
    workers,
    control,
  };
  const own = import.meta.url;
  const pool = new Piscina({
    filename: new URL(own.endsWith(".ts") ? "./worker.ts" : "./worker.js", own).href,
    name: "run",
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 1,
    idleTimeout: Infinity,
    workerData: setup,
  });
  return { backend, words, pool };
}

export class Team implements Pool {
  readonly workers: number;
  private readonly shards: number | undefined;
  private readonly backend: WasmBackend;
  private readonly replica: Replica;
  private readonly pool: Piscina;
  private readonly store: Store;
  private readonly parameters: readonly (readonly [key: string, parameter: Variable])[];
  private readonly words: Int32Array<ArrayBufferLike>;
  private readonly rooms = new Map<string, Room>();
  private current: 0 | 1 = 0;
  private busy = false;
  private closed = false;

  constructor(program: Program, threads: Threads, { workers, shards, options = {}, emaDecay }: TeamOptions) {
    const { backend, words, pool } = threads;
    this.workers = workers;
    this.shards = shards;
    this.backend = backend;
    this.words = words;
    this.pool = pool;
    this.replica = withBackend(backend, () => new Replica(program, { options, ...(emaDecay !== undefined && { emaDecay }) }));
    const table = shareVariables(backend, this.replica);
    this.store = new Store(backend, this.replica, table);
    this.parameters = this.replica.model.namedParameters();
    Atomics.store(words, CONTROL.variables, table | 0);
    Atomics.store(words, CONTROL.squares, this.allocate(blockCount(this.replica.optimizer)) | 0);
  }

  private allocate(length: number): number {
    return wasmBuffer(this.backend.allocate(length)).offset;
  }

  get model(): Module {
    return this.replica.model;
  }

  get optimizer(): Optimizer {
    return this.replica.optimizer;
  }

  get ema(): ModelEma | null {
    return this.replica.ema;
  }

  /** A block of shared memory for inputs, the same each step. */
  private room(name: string, length: number): number {
    const known = this.rooms.get(name);
    if (known && known.length >= length) return known.address;
    const address = this.allocate(length);
    this.rooms.set(name, { address, length });
    return address;
  }

  private send(raw: RawBatch, index: number): SharedBatch {
    const { images, labels, size, shape, epoch, step, normGroup = 0 } = raw;
    const shards = raw.shards ?? this.shards ?? defaultShards(size);
    if (this.workers > shards)
      throw new Error(
        `team: ${this.workers} workers for ${shards} shards of a batch of ${size}, wanted at most as many workers as shards; use --workers ${shards} or more shards`,
      );
    const at = { images: this.room(`images ${index}`, images.length), labels: this.room(`labels ${index}`, size) };
    this.backend.write(this.backend.at(at.images, images.length), images);
    this.backend.write(this.backend.at(at.labels, size), labels);
    return { ...at, size, shape: shape.slice(1), epoch, step, shards, normGroup };
  }

  private async run<A>(task: (worker: number) => Task): Promise<A[]> {
    if (this.closed) throw new Error("team: closed, wanted an open team");
    if (this.busy) throw new Error("team: a step while another is under way, wanted await team.step(...) one after the other");
    this.busy = true;
    for (const word of [CONTROL.arrived, CONTROL.generation, CONTROL.abort]) Atomics.store(this.words, word, 0);
    const answers = Array.from({ length: this.workers }, (_, worker) =>
      (this.pool.run(task(worker)) as Promise<A>).catch((error: unknown) => {
        abort(this.words);
        throw error;
      }),
    );
    const settled = await Promise.allSettled(answers);
    this.busy = false;
    const failures = settled.filter((answer) => answer.status === "rejected").map(({ reason }) => reason as Error);
    if (failures.length > 0) throw failures.find(({ message }) => !message.startsWith("worker: another worker failed")) ?? failures[0];
    return settled.map((answer) => (answer as PromiseFulfilledResult<A>).value);
  }

  /** Resolves when every worker has made its model. */
  async ready(): Promise<void> {
    await this.run((worker) => ({ type: "ready", worker, current: this.current }));
  }

  async step(given: AnyBatch | readonly AnyBatch[], { lr, clipGrad, gradNorm = false, trace }: StepSettings = {}): Promise<StepResult> {
    const batches = (Array.isArray(given) ? (given as readonly AnyBatch[]) : [given as AnyBatch]).map(rawOf);
    const { optimizer } = this;
    if (lr !== undefined) optimizer.lr = lr;
    const shared = batches.map((batch, index) => this.send(batch, index));
    const frozen = this.parameters.flatMap(([key, { frozen: is }]) => (is ? [key] : []));
    const answers = await this.run<TrainAnswer>((worker) => ({
      type: "train",
      worker,
      current: this.current,
      batches: shared,
      lr: optimizer.lr,
      steps: optimizer.steps,
      slotSteps: optimizer.slots.map(({ steps }) => steps),
      clipGrad: clipGrad ?? null,
      gradNorm,
      frozen,
      trace: trace ?? null,
    }));
    // The step's one commit.
    this.current = this.current === 0 ? 1 : 0;
    this.store.bind(this.current);
    const [first] = answers;
    optimizer.count(first.idle);
    return {
      loss: first.loss,
      correct: answers.reduce((sum, { correct }) => sum + correct, 0),
      size: batches.reduce((sum, { size }) => sum + size, 0),
      ...(first.gradNorm !== null && { gradNorm: first.gradNorm }),
      observations: first.observations,
      ...(trace && { trace: joinTraces(answers.flatMap((answer) => answer.trace ?? [])) }),
    };
  }

  async evaluate(batch: AnyBatch, { ema = false }: EvaluateSettings = {}): Promise<Evaluation> {
    const shared = this.send(rawOf(batch), 0);
    const parts = await this.run<Evaluation>((worker) => ({ type: "evaluate", worker, current: this.current, batch: shared, ema }));
    return {
      losses: Float32Array.from(parts.flatMap(({ losses }) => [...losses])),
      predictions: Int32Array.from(parts.flatMap(({ predictions }) => [...predictions])),
      probabilities: Float32Array.from(parts.flatMap(({ probabilities }) => [...probabilities])),
      inFirstFive: Uint8Array.from(parts.flatMap(({ inFirstFive }) => [...inFirstFive])),
    };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.pool.destroy();
  }
}

/** Starts a team and makes its model. The workers may still be loading their modules: the first step waits for them. */
export async function openTeam(options: TeamOptions): Promise<Team> {
  const { workers, module } = options;
  if (!Number.isInteger(workers) || workers < 1) throw new Error(`createTeam: ${workers} workers, wanted a whole number of at least 1`);
  if (options.shards !== undefined && workers > options.shards)
    throw new Error(`createTeam: ${workers} workers for ${options.shards} shards, wanted at most as many workers as shards`);
  const threads = startThreads(options);
  try {
    return new Team((await import(module.href)) as Program, threads, options);
  } catch (error) {
    await threads.pool.destroy();
    throw error;
  }
}

/** Starts a team; resolves when all workers are ready. */
export async function createTeam(options: TeamOptions): Promise<Team> {
  const team = await openTeam(options);
  try {
    await team.ready();
  } catch (error) {
    await team.close();
    throw error;
  }
  return team;
}
