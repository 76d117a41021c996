// What in a step may turn out not to be finite, in the order in which it is computed, and what may become of the step.

export const NON_FINITE = ["loss", "gradient", "norm", "value"] as const;
export type NonFiniteWhat = (typeof NON_FINITE)[number];

/** The run ends, or the step's batches are passed over. */
export const ON_NON_FINITE = ["stop", "skip"] as const;
export type OnNonFinite = (typeof ON_NON_FINITE)[number];
