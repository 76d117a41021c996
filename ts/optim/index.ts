// Optimizers, schedules, clipping and averaging.
export * from "./adam.ts";
export * from "./ema.ts";
export * from "./gradient-norm.ts";
export * from "./layer-decay.ts";
export * from "./optimizer.ts";
export * from "./plateau.ts";
export * from "./regularizer.ts";
export * as schedule from "./schedule.ts";
export type { Schedule } from "./schedule.ts";
export * from "./sgd.ts";
