// Training: batches, programs, pools, the loop.
export * from "./batch.ts";
export * from "./digest.ts";
export { DIGEST_LEVELS, type DigestBegin, type DigestLevel, type SkipDigest, type StepDigest } from "./digest-chain.ts";
export * from "./events.ts";
export * from "./faults.ts";
export * from "./local.ts";
export { NonFiniteError, nonFiniteText, type NonFinite } from "./nonfinite.ts";
export type { NonFiniteWhat, OnNonFinite } from "./nonfinite-what.ts";
export * from "./pool.ts";
export * from "./program.ts";
export * from "./reestimate.ts";
export * from "./replica.ts";
export * from "./checkpoint-format.ts";
export * from "./evaluate.ts";
export * from "./state.ts";
export * from "./trace.ts";
export * from "./trainer.ts";
export * from "./loader.ts";
