// What the calling thread and its workers say to each other. Bulk data never travels: it lies in the shared memory.
import type { JsonObject } from "../ts/train/events.ts";

/** Words of the control block, as indices of an Int32Array over it. */
export const CONTROL = {
  /** Threads that reached the barrier. */
  arrived: 0,
  /** Counts barriers. */
  generation: 1,
  /** Not 0 once a worker failed: nobody waits any longer. */
  abort: 2,
  /** Where threads put addresses for each other: two words a worker (one a parity). */
  exchange: 8,
} as const;

/** Control words for a number of workers: exchange slots, then one word a worker for its table of gradients. */
export function controlWords(workers: number): number {
  return CONTROL.exchange + 3 * workers;
}

/** Given to every worker when it starts. */
export interface WorkerSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the program's module. */
  readonly program: string;
  readonly options: JsonObject;
  readonly emaDecay: number | null;
  readonly workers: number;
  /** Byte address of the control block. */
  readonly control: number;
  /** Byte addresses of each variable's two copies, in the order of the store. */
  readonly addresses: readonly (readonly [number, number])[];
  /** Byte address of the squares of gradient blocks, one float a block. */
  readonly squares: number;
}

/** Samples of one batch, in shared memory. */
export interface SharedBatch {
  readonly images: number;
  readonly labels: number;
  readonly size: number;
  readonly shape: readonly number[];
  readonly epoch: number;
  readonly step: number;
  readonly shards: number;
  readonly normGroup: number;
}

interface Common {
  readonly worker: number;
  /** Which copy of the variables is current. */
  readonly current: 0 | 1;
}

export interface TrainTask extends Common {
  readonly type: "train";
  readonly batches: readonly SharedBatch[];
  readonly lr: number;
  /** Updates made before this one. */
  readonly steps: number;
  readonly clipGrad: number | null;
  readonly gradNorm: boolean;
  /** Keys of parameters that are not trained for now. */
  readonly frozen: readonly string[];
}

export interface EvaluateTask extends Common {
  readonly type: "evaluate";
  readonly batch: SharedBatch;
  readonly ema: boolean;
}

/** Waits until the worker has imported the program and made its model. */
export interface ReadyTask extends Common {
  readonly type: "ready";
}

export type Task = TrainTask | EvaluateTask | ReadyTask;

export interface TrainAnswer {
  readonly loss: number;
  readonly correct: number;
  readonly gradNorm: number | null;
  readonly observations: readonly JsonObject[];
  readonly bytes: number;
}

/** First shard of every worker in turn, and the number of shards at the end. */
export function shardRanges(shards: number, workers: number): number[] {
  return Array.from({ length: workers + 1 }, (_, worker) => Math.floor((worker * shards) / workers));
}
