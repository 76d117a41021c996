// What in a step may turn out not to be finite, in the order in which it is computed, and what may become of the step.

export const NON_FINITE = ["loss", "gradient", "norm", "value"] as const;
export type NonFiniteWhat = (typeof NON_FINITE)[number];

/** The run ends, or the step's batches are passed over. */
export const ON_NON_FINITE = ["stop", "skip"] as const;
export type OnNonFinite = (typeof ON_NON_FINITE)[number];

/** What was not finite in a step. */
export interface NonFinite {
  /** The step that it would have been; the first is 1. */
  readonly step: number;
  /** Batches that it has. */
  readonly batches: number;
  /** The loss, the gradient of a parameter, the norm that gradients are clipped by, or a new value. */
  readonly what: NonFiniteWhat;
  /** The parameter, or the variable of the new value, as checkpoints name it. */
  readonly name?: string;
  /** NaN, Infinity or -Infinity. */
  readonly value: number;
  /** The first operation of the forward pass whose result is not finite, and what it gives. */
  readonly op?: string;
  readonly first?: number;
  /** Its layer, or that of the parameter. */
  readonly layer?: string;
  /** The shards where that is so, none where it comes of adding them up; absent for what is of the whole batch. */
  readonly shards?: readonly number[];
  /** Samples of the step, from 0, that are not finite themselves. */
  readonly samples?: readonly number[];
  /** A variable that was not finite before the step. */
  readonly before?: string;
  /** Computed on a device, where nobody looks for the place. */
  readonly device?: true;
  /** The learning rate of the step. */
  readonly learningRate: number;
}
