// What the kernels of ts/kernels/rowwise.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/rowwise.ts";
import { defined } from "./definition.ts";

const sizes = [
  { rows: 0, cols: 4 },
  { rows: 3, cols: 0 },
  { rows: 1, cols: 1 },
  { rows: 5, cols: 3 },
  { rows: 7, cols: 10 },
  { rows: 33, cols: 16 },
  { rows: 6, cols: 17 },
  { rows: 18, cols: 32 },
  { rows: 9, cols: 64 },
  { rows: 3, cols: 100 },
  { rows: 2, cols: 1023 },
  { rows: 2, cols: 1024 },
  { rows: 2, cols: 1025 },
  { rows: 1, cols: 5000 },
];

// With one column u_perp is nothing but eps / (x^2 + eps) * u.
const sizesWithEps = /* @__PURE__ */ sizes.map((size) => ({ ...size, eps: size.cols === 1 ? 0.5 : 1e-6 }));

export const rowDot = /* @__PURE__ */ defined(kernels.rowDot, {
  define: ({ a, b, y }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      y[i] = 0;
      for (let j = 0; j < cols; j++) y[i] += a[i * cols + j] * b[i * cols + j];
    }
  },
  samples: sizes,
  terms: ({ cols }) => cols,
});

export const rowAxpy = /* @__PURE__ */ defined(kernels.rowAxpy, {
  define: ({ alpha, x, z, y }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) y[i * cols + j] = alpha[i] * x[i * cols + j] + z[i * cols + j];
    }
  },
  samples: sizes,
});

export const rowScale = /* @__PURE__ */ defined(kernels.rowScale, {
  define: ({ alpha, x, y }, { rows, cols }) => {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) y[i * cols + j] = alpha[i] * x[i * cols + j];
    }
  },
  samples: sizes,
});

export const orthogonalUpdate = /* @__PURE__ */ defined(kernels.orthogonalUpdate, {
  define: ({ x, u, y, s }, { rows, cols, eps }) => {
    for (let i = 0; i < rows; i++) {
      let dot = 0;
      let norm = 0;
      for (let j = 0; j < cols; j++) {
        dot += x[i * cols + j] * u[i * cols + j];
        norm += x[i * cols + j] * x[i * cols + j];
      }
      s[i] = dot / (norm + eps);
      for (let j = 0; j < cols; j++) y[i * cols + j] = x[i * cols + j] + (u[i * cols + j] - s[i] * x[i * cols + j]);
    }
  },
  samples: sizesWithEps,
  terms: ({ cols }) => 16 * (cols + 1),
});

export const orthogonalUpdateBackward = /* @__PURE__ */ defined(kernels.orthogonalUpdateBackward, {
  define: ({ x, u, s, dy, dx, du }, { rows, cols, eps }) => {
    for (let i = 0; i < rows; i++) {
      let dot = 0;
      let norm = 0;
      for (let j = 0; j < cols; j++) {
        dot += dy[i * cols + j] * x[i * cols + j];
        norm += x[i * cols + j] * x[i * cols + j];
      }
      const t = dot / (norm + eps);
      for (let j = 0; j < cols; j++) {
        const at = i * cols + j;
        du[at] = dy[at] - t * x[at];
        dx[at] = dy[at] - s[i] * dy[at] - t * u[at] + 2 * s[i] * t * x[at];
      }
    }
  },
  samples: sizesWithEps,
  terms: ({ cols }) => 16 * (cols + 1),
});

export const streamStatistics = /* @__PURE__ */ defined(kernels.streamStatistics, {
  define: ({ x, u, y }, { rows, cols, eps }) => {
    y.fill(0);
    for (let i = 0; i < rows; i++) {
      let xu = 0;
      let xx = 0;
      let uu = 0;
      for (let j = 0; j < cols; j++) {
        xu += x[i * cols + j] * u[i * cols + j];
        xx += x[i * cols + j] * x[i * cols + j];
        uu += u[i * cols + j] * u[i * cols + j];
      }
      const s = xu / (xx + eps);
      const parallel = s * s * xx;
      const perpendicular = Math.max(0, uu - 2 * s * xu + parallel);
      y[0] += xx;
      y[1] += parallel;
      y[2] += perpendicular;
      y[3] += parallel / Math.max(xx, eps);
      y[4] += perpendicular / Math.max(xx, eps);
      y[5] += xx * uu > 0 ? xu / Math.sqrt(xx * uu) : 0;
    }
  },
  samples: sizesWithEps,
  terms: ({ rows, cols }) => rows + cols,
});
