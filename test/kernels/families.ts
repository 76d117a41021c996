// The kernel families: one file name each in assembly/simd and ts/kernels.

export const families: readonly string[] = [
  "gemm",
  "conv",
  "elementwise",
  "activation",
  "rowwise",
  "reduce",
  "softmax",
  "norm",
  "pool",
  "update",
  "random",
];
