// Data-parallel training on worker threads: every worker holds some shards of each batch and a replica of the model over the same
// shared memory. One task a worker and step. The number of workers changes no bit of the result, hence a step that a worker was lost in
// is done again by those that are there.
import { withBackend } from "../ts/autograd/index.ts";
import { createSharedMemory, createWasmBackend, wasmBuffer, type WasmBackend } from "../ts/backend/index.ts";
import type { Module } from "../ts/nn/index.ts";
import type { ModelEma, Optimizer } from "../ts/optim/index.ts";
import { defaultShards } from "../ts/shards.ts";
import {
  joinTraces,
  NonFiniteError,
  rawOf,
  Replica,
  WorkerFault,
  type AnyBatch,
  type EvaluateSettings,
  type Evaluation,
  type Fault,
  type JsonObject,
  type Pool,
  type Program,
  type RawBatch,
  type StepResult,
  type StepSettings,
} from "../ts/train/index.ts";
import { firstOrigin, type Origin, type Origins } from "../ts/train/locate.ts";
import { firstSighting, isLocated, type Sighting } from "../ts/train/lookout.ts";
import { nonFiniteOf } from "../ts/train/nonfinite.ts";
import { Crew, errorOf, type Setback, type TaskMaker } from "./crew.ts";
import { Patience, type PatienceOptions } from "./patience.ts";
import type { ThreadStart } from "./thread.ts";
import { CONTROL, controlWords, type SharedBatch, type TrainAnswer, type TrainTask, type WorkerSetup } from "./protocol.ts";
import { blockCount } from "./step.ts";
import { shareVariables, Store } from "./store.ts";

export interface TeamOptions {
  /** Number of worker threads, at least 1. */
  readonly workers: number;
  /** Logical shards of a batch; by default min(24, floor(batch / 4)). At most as many workers can be used. */
  readonly shards?: number;
  /** Passed to the program. */
  readonly options?: JsonObject;
  readonly emaDecay?: number;
  /** The compiled kernels. */
  readonly kernels: WebAssembly.Module;
  /** How long a worker may be silent: twenty times the usual step, at least a second. `{ least: Infinity }` waits for ever. */
  readonly patience?: PatienceOptions;
}

/** Attempts at a step before it is given up, and those in which a worker may throw: a program that throws would throw again. */
const ATTEMPTS = 4;
const THROWS = 2;
/** Seconds to wait for a replacement where it is not known how long a step takes. */
const REPLACEMENT = 0.25;

function faultOf({ kind, worker, message }: Setback): Pick<Fault, "kind" | "worker" | "message"> {
  return { kind, worker, message };
}

interface Room {
  readonly address: number;
  readonly length: number;
}

/** What the workers do in the forward and backward pass of a step, whatever comes of it. */
type Learning = Pick<TrainTask, "current" | "batches" | "lr" | "steps" | "slotSteps" | "frozen">;

/** The workers of a team and what they share. */
interface Threads {
  readonly backend: WasmBackend;
  readonly words: Int32Array<ArrayBufferLike>;
  readonly crew: Crew;
}

/** Where a team gets its threads and its program from. */
export interface TeamSource {
  readonly start: ThreadStart;
  /** Address of the program's module for the threads; null where they have their program with them. */
  readonly address: string | null;
  /** The program for the calling thread. */
  readonly load: () => Promise<Program>;
}

function startThreads({ workers, options = {}, emaDecay, kernels }: TeamOptions, { start, address }: TeamSource): Threads {
  const backend = createWasmBackend(kernels, createSharedMemory());
  const control = wasmBuffer(backend.allocate(controlWords(workers))).offset;
  const words = new Int32Array(backend.memory.buffer, control, controlWords(workers)).fill(0);
  const setup: WorkerSetup = {
    module: kernels,
    memory: backend.memory,
    program: address,
    options,
    emaDecay: emaDecay ?? null,
    workers,
    control,
  };
  return { backend, words, crew: new Crew(start, setup, words) };
}

/** Worker threads that train a program together; createTeam() makes one. The number of workers changes no bit. */
export class Team implements Pool {
  readonly workers: number;
  private readonly shards: number | undefined;
  private readonly backend: WasmBackend;
  private readonly replica: Replica;
  private readonly crew: Crew;
  private readonly patience: Patience;
  private readonly store: Store;
  private readonly rooms = new Map<string, Room>();
  private current: 0 | 1 = 0;
  private readonly faults: Fault[] = [];
  /** All workers were there once. */
  private complete = false;
  private busy = false;
  private closed = false;

  /** Starts a team and makes its model. The workers may still be loading their modules: the first step waits for them. */
  static async open(options: TeamOptions, source: TeamSource): Promise<Team> {
    const { workers, shards } = options;
    if (!Number.isInteger(workers) || workers < 1) throw new Error(`createTeam: ${workers} workers, wanted a whole number of at least 1`);
    if (shards !== undefined && workers > shards)
      throw new Error(`createTeam: ${workers} workers for ${shards} shards, wanted at most as many workers as shards`);
    const threads = startThreads(options, source);
    try {
      return new Team(await source.load(), threads, options);
    } catch (error) {
      await threads.crew.close();
      throw error;
    }
  }

  private constructor(program: Program, threads: Threads, { workers, shards, options = {}, emaDecay, patience }: TeamOptions) {
    const { backend, words, crew } = threads;
    this.workers = workers;
    this.shards = shards;
    this.backend = backend;
    this.crew = crew;
    this.patience = new Patience(patience);
    this.replica = withBackend(backend, () => new Replica(program, { options, ...(emaDecay !== undefined && { emaDecay }) }));
    const table = shareVariables(backend, this.replica);
    this.store = new Store(backend, this.replica, table);
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
    const { images, labels, targets: shares, size, shape, epoch, step, normGroup = 0 } = raw;
    const shards = raw.shards ?? this.shards ?? defaultShards(size);
    if (this.workers > shards)
      throw new Error(
        `team: ${this.workers} workers for ${shards} shards of a batch of ${size}, wanted at most as many workers as shards; use --workers ${shards} or more shards`,
      );
    const at = { images: this.room(`images ${index}`, images.length), labels: this.room(`labels ${index}`, size) };
    this.backend.write(this.backend.at(at.images, images.length), images);
    this.backend.write(this.backend.at(at.labels, size), labels);
    const targets = shares ? { at: this.room(`targets ${index}`, shares.length), classes: shares.length / size } : null;
    if (shares && targets) this.backend.write(this.backend.at(targets.at, shares.length), shares);
    return { ...at, targets, size, shape: shape.slice(1), epoch, step, shards, normGroup };
  }

  private async run<A>(kind: "train" | "locate" | "evaluate", samples: number, task: TaskMaker): Promise<readonly A[]> {
    if (this.closed) throw new Error("team: closed, wanted an open team");
    if (this.busy) throw new Error("team: a step while another is under way, wanted await team.step(...) one after the other");
    this.busy = true;
    try {
      await this.ready();
      return await this.attempts<A>(kind, samples, task);
    } finally {
      this.busy = false;
    }
  }

  /** Does a task, and again when a worker was lost in it. Error: WorkerFault when that does not help. */
  private async attempts<A>(kind: "train" | "locate" | "evaluate", samples: number, task: TaskMaker): Promise<readonly A[]> {
    const { crew, patience } = this;
    const step = this.optimizer.steps + 1;
    let thrown = 0;
    for (let attempt = 1; ; attempt++) {
      if (this.closed) throw new Error("team: closed in mid-step, wanted close() after it");
      const begin = performance.now();
      const seconds = (): number => (performance.now() - begin) / 1000;
      const { size } = crew;
      const share = samples / size;
      const { answers, setbacks } = await crew.attempt<A>(task, patience.limit(kind, share) * (1 << (attempt - 1)));
      if (setbacks.length === 0 && answers.length === size) {
        patience.note(kind, share, seconds());
        return answers;
      }
      if (setbacks.some((setback) => setback.kind === "throw")) thrown++;
      if (thrown >= THROWS || attempt >= ATTEMPTS) throw this.givenUp(setbacks, step, attempt);
      await crew.gather(1000 * this.worthWaiting(kind, samples, setbacks));
      this.faults.push(...setbacks.map((setback) => ({ ...faultOf(setback), step, attempt, seconds: seconds() })));
    }
  }

  /** Seconds to wait for replacements: as long as the rest would need longer for the step, without end where memory did not suffice. */
  private worthWaiting(kind: string, samples: number, setbacks: readonly Setback[]): number {
    const { crew, workers, patience } = this;
    if (crew.size === 0) return 0;
    if (setbacks.some((setback) => setback.kind === "memory")) return Infinity;
    const usual = patience.usual(kind, samples / workers);
    return usual === null ? REPLACEMENT : usual * (workers / crew.size - 1);
  }

  private givenUp(setbacks: readonly Setback[], step: number, attempt: number): Error {
    const setback = setbacks.find(({ kind }) => kind === "throw") ?? setbacks.find(({ kind }) => kind === "crash") ?? setbacks.at(0);
    if (setback === undefined) return new Error("team: answers to another attempt, wanted those to this one");
    const { kind, worker, message } = setback;
    const times = `${attempt} ${attempt === 1 ? "attempt" : "attempts"}`;
    return new WorkerFault(
      `team: ${message} (worker ${worker} of ${this.workers}, step ${step}, ${kind}, ${times})`,
      { kind, worker, step, attempt },
      errorOf(setback),
    );
  }

  /** Resolves when every worker has made its model. Error: one that cannot. */
  async ready(): Promise<void> {
    await this.crew.gather(this.complete ? 0 : Infinity);
    if (!this.complete && this.crew.trouble) throw this.crew.trouble;
    this.complete = true;
  }

  /** This team, once all workers are ready. Error: one that cannot be, after closing all. */
  async whenReady(): Promise<this> {
    try {
      await this.ready();
    } catch (error) {
      await this.close();
      throw error;
    }
    return this;
  }

  /** What befell workers since the last call, and was made good. */
  takeFaults(): readonly Fault[] {
    const idle = this.crew.idleSetbacks.splice(0);
    return [
      ...idle.map((setback) => ({ ...faultOf(setback), step: this.optimizer.steps + 1, attempt: 0, seconds: 0 })),
      ...this.faults.splice(0),
    ];
  }

  async step(given: AnyBatch | readonly AnyBatch[], settings: StepSettings = {}): Promise<StepResult> {
    const batches = (Array.isArray(given) ? (given as readonly AnyBatch[]) : [given as AnyBatch]).map(rawOf);
    const { optimizer, replica } = this;
    const { lr = optimizer.lr, clipGrad, gradNorm = false, trace, onNonFinite = "stop" } = settings;
    const task: Learning = {
      current: this.current,
      batches: batches.map((batch, index) => this.send(batch, index)),
      lr,
      steps: optimizer.steps,
      slotSteps: optimizer.slots.map(({ steps }) => steps),
      frozen: replica.frozenNext(),
    };
    const size = batches.reduce((sum, batch) => sum + batch.size, 0);
    const answers = await this.run<TrainAnswer>("train", size, (part) => ({
      ...part,
      ...task,
      type: "train",
      clipGrad: clipGrad ?? null,
      gradNorm,
      trace: trace ?? null,
    }));
    const [first] = answers;
    const { loss } = first;
    const correct = answers.reduce((sum, answer) => sum + answer.correct, 0);
    const sighting = firstSighting(answers.map((answer) => answer.sighting));
    if (sighting !== null) {
      const origin = isLocated(sighting) ? await this.locate(task, size, sighting) : null;
      const nonFinite = nonFiniteOf(replica, sighting, { batches, learningRate: lr, origin });
      if (onNonFinite === "stop") throw new NonFiniteError(nonFinite);
      return { loss, correct, size, observations: [], skipped: true, nonFinite };
    }
    // The step's one commit.
    this.current = this.current === 0 ? 1 : 0;
    this.store.bind(this.current);
    optimizer.lr = lr;
    optimizer.count(first.idle);
    return {
      loss,
      correct,
      size,
      ...(first.gradNorm !== null && { gradNorm: first.gradNorm }),
      observations: first.observations,
      ...(trace && { trace: joinTraces(answers.flatMap((answer) => answer.trace ?? [])) }),
    };
  }

  /** Where a step that was not committed comes to NaN or infinity. */
  private async locate(task: Learning, size: number, { name }: Sighting): Promise<Origin | null> {
    return firstOrigin(await this.run<Origins>("locate", size, (part) => ({ ...part, ...task, type: "locate", name })));
  }

  async evaluate(batch: AnyBatch, { ema = false }: EvaluateSettings = {}): Promise<Evaluation> {
    const shared = this.send(rawOf(batch), 0);
    const parts = await this.run<Evaluation>("evaluate", shared.size, (part) => ({
      ...part,
      type: "evaluate",
      current: this.current,
      batch: shared,
      ema,
    }));
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
    await this.crew.close();
  }
}
