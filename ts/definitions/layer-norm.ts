// What the kernels of ts/kernels/layer-norm.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/layer-norm.ts";
import { defined } from "./definition.ts";
import { meansAndScales } from "./fills.ts";

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

export const layerNorm = /* @__PURE__ */ defined(kernels.layerNorm, {
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

export const layerNormBackward = /* @__PURE__ */ defined(kernels.layerNormBackward, {
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
  fill: { stats: meansAndScales },
  terms: ({ c }) => 8 + c,
});

export const layerNormAffineGradient = /* @__PURE__ */ defined(kernels.layerNormAffineGradient, {
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
  fill: { stats: meansAndScales },
  terms: ({ rows }) => rows,
});
