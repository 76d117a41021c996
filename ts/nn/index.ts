// Layers, initializers and the module they are made of.
export * from "./activation.ts";
export * from "./attention.ts";
export * from "./batch-norm.ts";
export * from "./conv-norm.ts";
export * from "./conv.ts";
export * from "./conv-transpose.ts";
export * from "./dropout.ts";
export * from "./embedding.ts";
export * from "./filters.ts";
export * from "./group-norm.ts";
export * as init from "./init.ts";
export * from "./layer-norm.ts";
export * from "./linear.ts";
export * from "./module.ts";
export * from "./sequential.ts";
export * from "./weight-init.ts";
