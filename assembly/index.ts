// The wasm export list, one line a family.

export * from "./simd/calibrate";
export * from "./simd/gemm";
export * from "./simd/conv";
export * from "./simd/winograd";
export * from "./simd/norm";
export * from "./simd/rowwise";
export * from "./simd/weighted-update";
export * from "./simd/layer-norm";
export * from "./simd/group-norm";
export * from "./simd/activation";
export * from "./simd/gate";
export * from "./simd/pool";
export * from "./simd/update";
export * from "./simd/elementwise";
export * from "./simd/softmax";
export * from "./simd/random";
export * from "./simd/reduce";
export * from "./simd/attention";
