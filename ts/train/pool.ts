// What the trainer trains on: the calling thread, or a team of workers. Both give the same bits.
import type { Module } from "../nn/index.ts";
import type { ModelEma, Optimizer } from "../optim/index.ts";
import type { Batch, RawBatch } from "./batch.ts";
import type { JsonObject } from "./events.ts";
import type { Fault } from "./faults.ts";
import type { NonFinite, OnNonFinite } from "./nonfinite-what.ts";
import type { StepTrace, TraceRequest } from "./trace.ts";

/** A batch as a loader gives it, or as plain arrays. */
export type AnyBatch = Batch | RawBatch;

export interface StepSettings {
  /** Learning rate of this step; the optimizer's by default. */
  readonly lr?: number;
  /** Largest norm of the gradient. */
  readonly clipGrad?: number;
  /** Report the norm of the gradient. */
  readonly gradNorm?: boolean;
  /** Tell digests of what the step computes, by layer or shard; slower. */
  readonly trace?: TraceRequest;
  /** What becomes of a step that comes to NaN or infinity: it throws NonFiniteError (`stop`, the default), or says so in its result (`skip`). */
  readonly onNonFinite?: OnNonFinite;
}

export interface StepResult {
  /** Mean over all samples of the step. */
  readonly loss: number;
  /** Samples classified right, where the program gives logits. */
  readonly correct: number;
  readonly size: number;
  /** Norm of the gradient before clipping, where asked for. */
  readonly gradNorm?: number;
  readonly observations: readonly JsonObject[];
  /** Where asked for. */
  readonly trace?: StepTrace;
  /** No update was made, and nothing changed: something was not finite. */
  readonly skipped?: true;
  /** What. */
  readonly nonFinite?: NonFinite;
}

/** What evaluation finds of each sample, in order. */
export interface Evaluation {
  readonly losses: Float32Array;
  /** The class with the largest logit; -1 for a sample with a NaN among its logits, which counts as wrong and has a loss of NaN. */
  readonly predictions: Int32Array;
  /** Probability of the prediction; NaN where there is none. */
  readonly probabilities: Float32Array;
  /** 1 where the class is among the first five guesses. */
  readonly inFirstFive: Uint8Array;
}

export interface EvaluateSettings {
  /** Use the averaged weights. */
  readonly ema?: boolean;
}

/** What trains a program and evaluates it: LocalPool, a team, DevicePool. */
export interface Pool {
  /** Threads beside the calling one. */
  readonly workers: number;
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly ema: ModelEma | null;
  /**
   * One update of the weights; several batches add up their gradients (the mean over batches). Errors: NonFiniteError where the loss, a
   * gradient or a new value is not finite. A step that fails changes nothing.
   */
  step(batches: AnyBatch | readonly AnyBatch[], settings?: StepSettings): Promise<StepResult>;
  evaluate(batch: AnyBatch, settings?: EvaluateSettings): Promise<Evaluation>;
  /** Brings model, optimizer and ema up to date where a device has their values; to be waited for before they are read. */
  settle?(): Promise<void>;
  /** Gives the device what they have now; to be called after they were written. */
  adopt?(): void;
  /** What befell workers since the last call and was made good; without workers nothing can. */
  takeFaults?(): readonly Fault[];
  close(): Promise<void>;
}
