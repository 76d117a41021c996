// All operations; the gradient test walks what is exported here.
export * from "./activation.ts";
export * from "./conv-norm.ts";
export * from "./conv.ts";
export type { Convolution } from "./convolution-table.ts";
export * from "./elementwise.ts";
export * from "./error-scale.ts";
export * from "./gemm.ts";
export * from "./group-norm.ts";
export * from "./layer-norm.ts";
export * from "./norm.ts";
export * from "./orthonormal.ts";
export * from "./pool.ts";
export * from "./random.ts";
export * from "./reduce.ts";
export * from "./rowwise.ts";
export * from "./scale-add.ts";
export * from "./shape.ts";
export * from "./softmax.ts";
