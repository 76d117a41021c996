// What in a step may turn out not to be finite, in the order in which it is computed.

export const NON_FINITE = ["loss", "gradient", "norm", "value"] as const;
export type NonFiniteWhat = (typeof NON_FINITE)[number];
