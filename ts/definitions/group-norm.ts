// What the kernels of ts/kernels/group-norm.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/group-norm.ts";
import { defined } from "./definition.ts";
import { meansAndScales } from "./fills.ts";

const sizes = [
  { n: 0, pixels: 4, c: 4, groups: 2 },
  { n: 1, pixels: 1, c: 2, groups: 1 },
  { n: 2, pixels: 5, c: 3, groups: 3 },
  { n: 3, pixels: 64, c: 10, groups: 5 },
  { n: 2, pixels: 65, c: 16, groups: 1 },
  { n: 2, pixels: 49, c: 32, groups: 8 },
  { n: 3, pixels: 64, c: 48, groups: 4 },
  { n: 2, pixels: 130, c: 17, groups: 1 },
  { n: 1, pixels: 63, c: 36, groups: 6 },
];

export const groupNorm = /* @__PURE__ */ defined(kernels.groupNorm, {
  define: ({ x, gamma, beta, y, stats }, { n, pixels, c, groups, eps }) => {
    const width = c / groups;
    for (let i = 0; i < n; i++) {
      for (let g = 0; g < groups; g++) {
        const count = pixels * width;
        let sum = 0;
        for (let p = 0; p < pixels; p++) {
          for (let j = g * width; j < (g + 1) * width; j++) sum += x[(i * pixels + p) * c + j];
        }
        const mean = count > 0 ? sum / count : 0;
        let squares = 0;
        for (let p = 0; p < pixels; p++) {
          for (let j = g * width; j < (g + 1) * width; j++) {
            const deviation = x[(i * pixels + p) * c + j] - mean;
            squares += deviation * deviation;
          }
        }
        const rstd = 1 / Math.sqrt((count > 0 ? squares / count : 0) + eps);
        for (let p = 0; p < pixels; p++) {
          for (let j = g * width; j < (g + 1) * width; j++) {
            const at = (i * pixels + p) * c + j;
            y[at] = (x[at] - mean) * rstd * (gamma ? gamma[j] : 1) + (beta ? beta[j] : 0);
          }
        }
        stats[(i * groups + g) * 2] = mean;
        stats[(i * groups + g) * 2 + 1] = rstd;
      }
    }
  },
  samples: sizes.map((size) => ({ ...size, eps: 1e-5 })),
  terms: ({ pixels, c, groups }) => (pixels * c) / groups,
});

export const groupNormBackward = /* @__PURE__ */ defined(kernels.groupNormBackward, {
  define: ({ x, dy, gamma, stats, dx, dgamma, dbeta }, { n, pixels, c, groups }) => {
    const width = c / groups;
    const count = pixels * width;
    dgamma?.fill(0);
    dbeta?.fill(0);
    for (let i = 0; i < n; i++) {
      for (let g = 0; g < groups; g++) {
        const mean = stats[(i * groups + g) * 2];
        const rstd = stats[(i * groups + g) * 2 + 1];
        let sum = 0;
        let product = 0;
        for (let p = 0; p < pixels; p++) {
          for (let j = g * width; j < (g + 1) * width; j++) {
            const at = (i * pixels + p) * c + j;
            sum += dy[at] * (gamma ? gamma[j] : 1);
            product += dy[at] * (gamma ? gamma[j] : 1) * (x[at] - mean) * rstd;
            if (dgamma) dgamma[j] += dy[at] * (x[at] - mean) * rstd;
            if (dbeta) dbeta[j] += dy[at];
          }
        }
        for (let p = 0; p < pixels; p++) {
          for (let j = g * width; j < (g + 1) * width; j++) {
            const at = (i * pixels + p) * c + j;
            const xhat = (x[at] - mean) * rstd;
            dx[at] = rstd * (dy[at] * (gamma ? gamma[j] : 1) - sum / count - (xhat * product) / count);
          }
        }
      }
    }
  },
  samples: sizes,
  fill: { stats: meansAndScales },
  terms: ({ n, pixels, c, groups }) => 8 + Math.max(n * pixels, (pixels * c) / groups),
});
