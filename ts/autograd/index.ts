// Tensors and their gradients. Operations as methods are added by methods.ts, which ts/index.ts loads.
export type { Backend, Buffer, MemoryUse } from "../backend/backend.ts";
export * from "./backward.ts";
export { checkpoint, remembered } from "./checkpoint.ts";
export * from "./create.ts";
export * from "./gradient-error.ts";
export { emptyLike, launch } from "./launch.ts";
export * from "./op.ts";
export * from "./ops/index.ts";
export { alias, currentBackend, empty, isRecording, keep, noGrad, overBuffer, scope, setBackend, withBackend, withGrad } from "./scope.ts";
export { finish, sumOverSamples } from "./shard-sum.ts";
export * from "./slice.ts";
export { watched, type Watcher } from "./watch.ts";
export { ShardSum, Tensor, shapeText, sizeOf, type Shape } from "./tensor.ts";
