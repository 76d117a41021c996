// Batch normalization on channels-last rows (a row is a pixel). Statistics are taken per shard of the batch as moments
// (mean, M2 = sum of squared deviations) and combined by Chan's formula in a fixed tree, so that a batch cut into shards
// gives the same bits whoever computes them. `scaleShift` rows: scale = gamma * invstd, shift = beta - mean * scale, invstd.
import { kernel } from "./kernel.ts";

/** Channels rounded up to whole vectors. */
const padded = (c: number): number => Math.ceil(c / 4) * 4;

/** moments[0] = mean over the rows, moments[1] = sum of (x - mean)^2; zeros for no rows. */
export const batchNormMoments = /* @__PURE__ */ kernel({
  name: "batch_norm_moments_f32",
  buffers: { x: "in", moments: "out" },
  numbers: ["rows", "c"],
  lengths: ({ rows, c }) => ({ x: rows * c, moments: 2 * c }),
  scratch: ({ c }) => 9 * padded(c),
});

/**
 * Moments of the whole batch from the moments of its shards: y[0] = mean, y[1] = biased variance. Shard s holds
 * (floor((s+1)*samples/shards) - floor(s*samples/shards)) * rowsPerSample rows; pairs (i, i+k), k = 1, 2, 4, ... are merged.
 */
export const batchNormCombine = /* @__PURE__ */ kernel({
  name: "batch_norm_combine_f32",
  buffers: { moments: "in", y: "out" },
  numbers: ["samples", "shards", "rowsPerSample", "c"],
  lengths: ({ shards, c }) => ({ moments: shards * 2 * c, y: 2 * c }),
  scratch: ({ shards, c }) => 4 * shards * c,
});

/** y rows: scale = gamma / sqrt(variance + eps), shift = beta - mean * scale, invstd. An absent gamma is 1, an absent beta 0. */
export const batchNormScale = /* @__PURE__ */ kernel({
  name: "batch_norm_scale_f32",
  buffers: { meanVariance: "in", gamma: "in?", beta: "in?", y: "out" },
  numbers: ["c", "eps"],
  lengths: ({ c }) => ({ meanVariance: 2 * c, gamma: c, beta: c, y: 3 * c }),
});

/** y = (1 - momentum) * running + momentum * (mean, variance * count / (count - 1)); y may be running. */
export const batchNormRunning = /* @__PURE__ */ kernel({
  name: "batch_norm_running_f32",
  buffers: { meanVariance: "in", running: "in", y: "out" },
  numbers: ["c", "momentum", "count"],
  lengths: ({ c }) => ({ meanVariance: 2 * c, running: 2 * c, y: 2 * c }),
});

/** y = x * scale + shift, then relu if asked for. */
export const batchNorm = /* @__PURE__ */ kernel({
  name: "batch_norm_f32",
  buffers: { x: "in", scaleShift: "in", y: "out" },
  numbers: ["rows", "c", "relu"],
  lengths: ({ rows, c }) => ({ x: rows * c, scaleShift: 3 * c, y: rows * c }),
});

/**
 * sums[0] = sum of dz (the gradient of beta), sums[1] = sum of dz * xhat (the gradient of gamma), xhat = (x - mean) * invstd,
 * dz = dy, with relu only where x * scale + shift > 0.
 */
export const batchNormBackwardSums = /* @__PURE__ */ kernel({
  name: "batch_norm_backward_sums_f32",
  buffers: { x: "in", dy: "in", meanVariance: "in", scaleShift: "in", sums: "out" },
  numbers: ["rows", "c", "relu"],
  lengths: ({ rows, c }) => ({ x: rows * c, dy: rows * c, meanVariance: 2 * c, scaleShift: 3 * c, sums: 2 * c }),
  scratch: ({ c }) => 7 * padded(c),
});

/**
 * dx = scale * (dz - sums[0] / count - xhat * sums[1] / count); count = rows of the whole batch, zero sums for running statistics. dx may
 * be dy.
 */
export const batchNormBackward = /* @__PURE__ */ kernel({
  name: "batch_norm_backward_f32",
  buffers: { x: "in", dy: "in", meanVariance: "in", scaleShift: "in", sums: "in", dx: "out" },
  numbers: ["rows", "c", "relu", "count"],
  lengths: ({ rows, c }) => ({ x: rows * c, dy: rows * c, meanVariance: 2 * c, scaleShift: 3 * c, sums: 2 * c, dx: rows * c }),
  scratch: ({ c }) => 3 * c,
});

/** The same added to dx. */
export const batchNormBackwardAdd = /* @__PURE__ */ kernel({
  name: "batch_norm_backward_add_f32",
  buffers: { x: "in", dy: "in", meanVariance: "in", scaleShift: "in", sums: "in", dx: "inout" },
  numbers: ["rows", "c", "relu", "count"],
  lengths: ({ rows, c }) => ({ x: rows * c, dy: rows * c, meanVariance: 2 * c, scaleShift: 3 * c, sums: 2 * c, dx: rows * c }),
  scratch: ({ c }) => 3 * c,
});
