// The kernel families: one file name each in ts/kernels and ts/definitions.

export const families: readonly string[] = [
  "gemm",
  "conv",
  "winograd",
  "elementwise",
  "activation",
  "gate",
  "rowwise",
  "weighted-update",
  "reduce",
  "softmax",
  "attention",
  "norm",
  "layer-norm",
  "group-norm",
  "pool",
  "update",
  "random",
];
