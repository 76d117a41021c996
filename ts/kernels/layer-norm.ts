// Layer normalization over the last axis. `stats` holds the mean and 1 / sqrt(variance + eps) of each row.
import { kernel } from "./kernel.ts";

/** y = (x - mean) * rstd * gamma + beta per row; an absent gamma is 1, an absent beta 0. */
export const layerNorm = /* @__PURE__ */ kernel({
  name: "layer_norm_f32",
  buffers: { x: "in", gamma: "in?", beta: "in?", y: "out", stats: "out" },
  numbers: ["rows", "c", "eps"],
  lengths: ({ rows, c }) => ({ x: rows * c, gamma: c, beta: c, y: rows * c, stats: 2 * rows }),
});

/** dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) with g = dy * gamma, xhat = (x - mean) * rstd. */
export const layerNormBackward = /* @__PURE__ */ kernel({
  name: "layer_norm_backward_f32",
  buffers: { x: "in", dy: "in", gamma: "in?", stats: "in", dx: "out" },
  numbers: ["rows", "c"],
  lengths: ({ rows, c }) => ({ x: rows * c, dy: rows * c, gamma: c, stats: 2 * rows, dx: rows * c }),
});

/** dgamma = sum over rows of dy * (x - mean) * rstd, dbeta = sum over rows of dy. */
export const layerNormAffineGradient = /* @__PURE__ */ kernel({
  name: "layer_norm_affine_gradient_f32",
  buffers: { x: "in", dy: "in", stats: "in", dgamma: "out", dbeta: "out" },
  numbers: ["rows", "c"],
  lengths: ({ rows, c }) => ({ x: rows * c, dy: rows * c, stats: 2 * rows, dgamma: c, dbeta: c }),
  scratch: ({ c }) => 4 * Math.ceil(c / 4) * 4,
});
