// Layer normalization over the last axis. `stats` holds the mean and 1 / sqrt(variance + eps) of each row.
import { kernel } from "./kernel.ts";

const sizes = [
  { rows: 0, c: 5 },
  { rows: 1, c: 1 },
  { rows: 3, c: 3 },
  { rows: 5, c: 10 },
  { rows: 4, c: 16 },
  { rows: 7, c: 17 },
  { rows: 65, c: 32 },
  { rows: 130, c: 63 },
  { rows: 4, c: 29 },
  { rows: 3, c: 384 },
  { rows: 2, c: 1023 },
  { rows: 2, c: 1024 },
  { rows: 2, c: 2061 },
];

/** Fills [rows,2] means and reciprocal standard deviations. */
const stats = (index: number, normal: number): number => (index % 2 === 0 ? normal : Math.abs(normal) + 0.5);

/** y = (x - mean) * rstd * gamma + beta per row; an absent gamma is 1, an absent beta 0. */
export const layerNorm = /* @__PURE__ */ kernel({
  name: "layer_norm_f32",
  buffers: { x: "in", gamma: "in?", beta: "in?", y: "out", stats: "out" },
  numbers: ["rows", "c", "eps"],
  lengths: ({ rows, c }) => ({ x: rows * c, gamma: c, beta: c, y: rows * c, stats: 2 * rows }),
  define: ({ x, gamma, beta, y, stats }, { rows, c, eps }) => {
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0; j < c; j++) sum += x[i * c + j];
      const mean = c > 0 ? sum / c : 0;
      let squares = 0;
      for (let j = 0; j < c; j++) squares += (x[i * c + j] - mean) * (x[i * c + j] - mean);
      const rstd = 1 / Math.sqrt((c > 0 ? squares / c : 0) + eps);
      for (let j = 0; j < c; j++) y[i * c + j] = (x[i * c + j] - mean) * rstd * (gamma ? gamma[j] : 1) + (beta ? beta[j] : 0);
      stats[2 * i] = mean;
      stats[2 * i + 1] = rstd;
    }
  },
  samples: sizes.map((size) => ({ ...size, eps: 1e-5 })),
  terms: ({ c }) => c,
});

/** dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) with g = dy * gamma, xhat = (x - mean) * rstd. */
export const layerNormBackward = /* @__PURE__ */ kernel({
  name: "layer_norm_backward_f32",
  buffers: { x: "in", dy: "in", gamma: "in?", stats: "in", dx: "out" },
  numbers: ["rows", "c"],
  lengths: ({ rows, c }) => ({ x: rows * c, dy: rows * c, gamma: c, stats: 2 * rows, dx: rows * c }),
  define: ({ x, dy, gamma, stats, dx }, { rows, c }) => {
    for (let i = 0; i < rows; i++) {
      const mean = stats[2 * i];
      const rstd = stats[2 * i + 1];
      let sum = 0;
      let product = 0;
      for (let j = 0; j < c; j++) {
        const g = dy[i * c + j] * (gamma ? gamma[j] : 1);
        sum += g;
        product += g * (x[i * c + j] - mean) * rstd;
      }
      for (let j = 0; j < c; j++) {
        const g = dy[i * c + j] * (gamma ? gamma[j] : 1);
        dx[i * c + j] = rstd * (g - sum / c - ((x[i * c + j] - mean) * rstd * product) / c);
      }
    }
  },
  samples: sizes,
  fill: { stats },
  terms: ({ c }) => 8 + c,
});

/** dgamma = sum over rows of dy * (x - mean) * rstd, dbeta = sum over rows of dy. */
export const layerNormAffineGradient = /* @__PURE__ */ kernel({
  name: "layer_norm_affine_gradient_f32",
  buffers: { x: "in", dy: "in", stats: "in", dgamma: "out", dbeta: "out" },
  numbers: ["rows", "c"],
  lengths: ({ rows, c }) => ({ x: rows * c, dy: rows * c, stats: 2 * rows, dgamma: c, dbeta: c }),
  scratch: ({ c }) => 4 * Math.ceil(c / 4) * 4,
  define: ({ x, dy, stats, dgamma, dbeta }, { rows, c }) => {
    for (let j = 0; j < c; j++) {
      dgamma[j] = 0;
      dbeta[j] = 0;
      for (let i = 0; i < rows; i++) {
        dgamma[j] += dy[i * c + j] * (x[i * c + j] - stats[2 * i]) * stats[2 * i + 1];
        dbeta[j] += dy[i * c + j];
      }
    }
  },
  samples: sizes,
  fill: { stats },
  terms: ({ rows }) => rows,
});
