// The typed events of a run, in the order a run yields them: run-start, then fault / step / nonfinite / diagnostics / evaluate / samples / checkpoint, then run-end.
// A log is one event a JSON line. Wall time appears here only, never in a result.
import type { Fault } from "./faults.ts";
import type { NonFinite } from "./nonfinite-what.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** The computer a run ran on. */
export interface Machine {
  /** CPU model, as the operating system names it. */
  readonly cpu: string;
  /** Logical cores the process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Operating system and its version. */
  readonly platform: string;
  readonly architecture: string;
  /** The JavaScript engine's host and version, e.g. `node 20.20.2`. */
  readonly runtime: string;
  /** The engine, e.g. `v8 11.3`. */
  readonly engine: string;
}

/** A run begins, or goes on after `resumedFrom` steps. */
export interface RunStartEvent {
  readonly type: "run-start";
  /** What tells this run from the others, e.g. `orthogonal`. */
  readonly name: string;
  /** Every resolved setting. */
  readonly recipe: JsonObject;
  readonly model: string;
  /** Number of trained parameters. */
  readonly parameters: number;
  readonly machine: Machine;
  /** Versions of what computed: perpend, the kernel build, the contract. */
  readonly versions: { readonly [what: string]: string };
  readonly shards: number;
  readonly workers: number;
  readonly seed: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly resumedFrom?: number;
  readonly dataset?: string;
  /** Class names, by label. */
  readonly classes?: readonly string[];
  /** The command that repeats the run. */
  readonly command?: string;
  /** ISO 8601. */
  readonly startedAt?: string;
}

/** One optimizer step was committed. */
export interface StepEvent {
  readonly type: "step";
  /** The epoch it belongs to, from 1. */
  readonly epoch: number;
  /** Steps done since the start of training, this one included. */
  readonly step: number;
  /** Mean loss of the batch. */
  readonly loss: number;
  /** Share of the batch that was classified right, 0 to 1. */
  readonly accuracy: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Norm of the whole gradient, before clipping. */
  readonly gradNorm?: number;
  /** Training time so far. */
  readonly seconds?: number;
}

/** A step came to NaN or infinity and was not made: nothing of it is left. The batches are passed over, or the run ends. */
export interface NonFiniteEvent extends NonFinite {
  readonly type: "nonfinite";
  /** The epoch it belongs to, from 1. */
  readonly epoch: number;
  /** Batches before it since the start of training. */
  readonly batch: number;
  /** The batches were passed over; else the run ends. */
  readonly skipped: boolean;
}

/** A worker was lost, or its work, and made good: the step was done again, no bit is another one. */
export interface FaultEvent extends Fault {
  readonly type: "fault";
}

/** The model was evaluated on a whole split. */
export interface EvaluateEvent {
  readonly type: "evaluate";
  readonly epoch: number;
  /** Steps done when it was evaluated; absent means the end of the epoch. */
  readonly step?: number;
  readonly split: string;
  readonly loss: number;
  /** Share of images whose class was the first guess, 0 to 1. */
  readonly top1: number;
  /** Share of images whose class was among the first five guesses, 0 to 1. */
  readonly top5: number;
  /** Images of class [row] that were taken for class [column]. */
  readonly confusion?: readonly (readonly number[])[];
  /** Images whose logits or loss are not finite; absent where there are none. */
  readonly nonFinite?: number;
  readonly seconds?: number;
}

/** One block's means over a batch: x the stream that enters the addition, u the branch, split along and across x. */
export interface BlockDiagnostics {
  /** From 0, in the order of the forward pass. */
  readonly index: number;
  /** ||x||^2 */
  readonly streamNorm2: number;
  /** ||u_par||^2 */
  readonly parallelNorm2: number;
  /** ||u_perp||^2 */
  readonly orthogonalNorm2: number;
  /** ||u_par||^2 / ||x||^2 */
  readonly rhoParallel: number;
  /** ||u_perp||^2 / ||x||^2 */
  readonly rhoOrthogonal: number;
  /** <x,u> / (||x|| ||u||) */
  readonly cosine: number;
}

export interface DiagnosticsEvent {
  readonly type: "diagnostics";
  readonly step: number;
  readonly blocks: readonly BlockDiagnostics[];
}

/** A few images with what the model says of them. The lists are of one length. */
export interface SamplesEvent {
  readonly type: "samples";
  readonly step?: number;
  /** `data:image/png;base64,...` each. */
  readonly images: readonly string[];
  readonly labels: readonly number[];
  /** -1 where the model says nothing, because of a NaN. */
  readonly predictions: readonly number[];
  /** Probability of the prediction, 0 to 1. */
  readonly probabilities: readonly number[];
}

export interface CheckpointEvent {
  readonly type: "checkpoint";
  readonly path: string;
  readonly step: number;
}

/** The run is over: `reason` says why. */
export interface RunEndEvent {
  readonly type: "run-end";
  /** SHA-256 of the weights and running statistics. */
  readonly digest: string;
  /** Training time, evaluation included. */
  readonly seconds: number;
  readonly steps: number;
  readonly reason: "finished" | "stopped" | "max-steps" | "diverged";
}

export type RunEvent =
  RunStartEvent | FaultEvent | StepEvent | NonFiniteEvent | EvaluateEvent | DiagnosticsEvent | SamplesEvent | CheckpointEvent | RunEndEvent;
