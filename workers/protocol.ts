// What the calling thread and its workers say to each other. Bulk data never travels: it lies in the shared memory.
import type { JsonObject } from "../ts/train/events.ts";
import type { Sighting } from "../ts/train/lookout.ts";
import type { StepTrace, TraceRequest } from "../ts/train/trace.ts";

/** Words of the control block, as indices of an Int32Array over it. */
export const CONTROL = {
  /** Threads that reached the barrier. */
  arrived: 0,
  /** Counts barriers. */
  generation: 1,
  /** Not 0 once a worker failed: nobody waits any longer. */
  abort: 2,
  /** Number of the attempt under way: whoever is late for another one stops. */
  ticket: 5,
  /** Byte address of the table of variables: two words each, the addresses of its copies, in the order of the store. */
  variables: 3,
  /** Byte address of the squares of gradient blocks, one float a block. */
  squares: 4,
  /** What threads show each other: for each worker and parity the byte address of its rows, their place and how many floats they are. */
  exchange: 8,
} as const;

/** What a worker is doing. */
export const DOING = { nothing: 0, computing: 1, waiting: 2, done: 3 } as const;

/** Control words for a number of workers: exchange slots, then a word a worker for its table of gradients, and one for what it is doing. */
export function controlWords(workers: number): number {
  return CONTROL.exchange + 8 * workers;
}

/** First of the three words by which a worker shows rows. */
export function rowsWord(worker: number, parity: 0 | 1): number {
  return CONTROL.exchange + 6 * worker + 3 * parity;
}

/** Word of the byte address of a worker's table of gradients. */
export function tableWord(workers: number, worker: number): number {
  return CONTROL.exchange + 6 * workers + worker;
}

/** Word of what a worker is doing. */
export function doingWord(workers: number, worker: number): number {
  return CONTROL.exchange + 7 * workers + worker;
}

/** Given to every worker when it starts. */
export interface WorkerSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the program's module; null where the worker has its program with it. */
  readonly program: string | null;
  readonly options: JsonObject;
  readonly emaDecay: number | null;
  /** Workers at most. */
  readonly workers: number;
  /** Byte address of the control block. The rest stands there: threads start while the calling one still makes its model. */
  readonly control: number;
}

/** Samples of one batch, in shared memory. */
export interface SharedBatch {
  readonly images: number;
  readonly labels: number;
  /** Shares of classes, of so many classes, where images are mixed; else null. */
  readonly targets: { readonly at: number; readonly classes: number } | null;
  readonly size: number;
  readonly shape: readonly number[];
  readonly epoch: number;
  readonly step: number;
  readonly shards: number;
  readonly normGroup: number;
}

interface Common {
  /** Which part it is, of how many. */
  readonly worker: number;
  readonly workers: number;
  /** Number of the attempt. */
  readonly ticket: number;
  /** Which copy of the variables is current. */
  readonly current: 0 | 1;
}

/** Forward and backward pass of some batches. */
interface LearnTask extends Common {
  readonly batches: readonly SharedBatch[];
  readonly lr: number;
  /** Updates made before this one, of all and of each parameter of the optimizer. */
  readonly steps: number;
  readonly slotSteps: readonly number[];
  /** Keys of parameters that are not trained for now. */
  readonly frozen: readonly string[];
}

export interface TrainTask extends LearnTask {
  readonly type: "train";
  readonly clipGrad: number | null;
  readonly gradNorm: boolean;
  readonly trace: TraceRequest | null;
}

/** Computes a step once more to see where it comes to NaN or infinity. */
export interface LocateTask extends LearnTask {
  readonly type: "locate";
  /** The parameter whose gradient is not finite. */
  readonly name: string | null;
}

export interface EvaluateTask extends Common {
  readonly type: "evaluate";
  readonly batch: SharedBatch;
  readonly ema: boolean;
}

/** Waits until the worker has imported the program and made its model. */
export interface ReadyTask {
  readonly type: "ready";
}

export type Task = TrainTask | LocateTask | EvaluateTask | ReadyTask;

export interface TrainAnswer {
  readonly loss: number;
  /** Parameters of the optimizer, by number, that had no gradient. */
  readonly idle: readonly number[];
  readonly correct: number;
  readonly gradNorm: number | null;
  readonly observations: readonly JsonObject[];
  /** The first that this worker saw of what is not finite. */
  readonly sighting: Sighting | null;
  readonly bytes: number;
  /** Of what this worker holds. */
  readonly trace: StepTrace | null;
}

/** Why a worker could not do its part: it failed, or was told that another one did. */
export interface Failure {
  readonly kind: "aborted" | "throw" | "trap" | "memory";
  readonly message: string;
  readonly stack?: string;
  /** Something of the attempt is left in the thread. */
  readonly unclean?: boolean;
}

/** What a worker says of a task; `ticket` is the task's. */
export type Answer<A> = { readonly ticket: number; readonly value: A } | { readonly ticket: number; readonly failure: Failure };

/** First shard of every worker in turn, and the number of shards at the end. */
export function shardRanges(shards: number, workers: number): number[] {
  return Array.from({ length: workers + 1 }, (_, worker) => Math.floor((worker * shards) / workers));
}
