// Tensors and their gradients.
import "./methods.ts";

export * from "./backward.ts";
export * from "./create.ts";
export { emptyLike, launch } from "./launch.ts";
export * from "./op.ts";
export * from "./ops/index.ts";
export * from "./scope.ts";
export { ShardSum, finish, sumOverSamples } from "./shard-sum.ts";
export * from "./slice.ts";
export { Tensor, type Shape } from "./tensor.ts";
