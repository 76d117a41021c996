// What the kernels of ts/kernels/weighted-update.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/weighted-update.ts";
import type { Sizes } from "../kernels/weighted-update.ts";
import { defined } from "./definition.ts";

const [STREAM, BRANCH, PARALLEL] = [1, 2, 4];

const factorsOf = (factors: Float64Array, parts: number): readonly [a: number, b: number, c: number] => [
  parts & STREAM ? factors[0] : 1,
  parts & BRANCH ? factors[1] : 1,
  parts & PARALLEL ? factors[2] : 0,
];

const shapes = [
  { rows: 0, cols: 4 },
  { rows: 3, cols: 0 },
  { rows: 2, cols: 1 },
  { rows: 5, cols: 3 },
  { rows: 33, cols: 16 },
  { rows: 300, cols: 16 },
  { rows: 18, cols: 32 },
  { rows: 40, cols: 100 },
  { rows: 2, cols: 1025 },
  { rows: 1, cols: 5000 },
];

const samples: readonly Sizes[] = /* @__PURE__ */ [
  ...shapes.map((shape, index) => ({ ...shape, parts: (index * 3 + 1) % 8, shift: 0, eps: shape.cols === 1 ? 0.5 : 1e-6 })),
  ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((parts) => [
    { rows: 130, cols: 17, parts, shift: 0, eps: 1e-6 },
    { rows: 150, cols: 16, parts, shift: parts % 3 === 0 ? -0 : 0, eps: 1e-6 },
  ]),
  ...[1, 2, 6].flatMap((parts) =>
    [32, 64, 128, 256, 512, 1024].map((cols) => ({ rows: Math.floor(3328 / cols) + 2, cols, parts, shift: 0, eps: 1e-6 })),
  ),
  { rows: 70, cols: 64, parts: 2, shift: -0, eps: 0.25 },
];

export const weightedUpdate = /* @__PURE__ */ defined(kernels.weightedUpdate, {
  define: ({ x, u, factors, y, s }, { rows, cols, parts, shift, eps }) => {
    const [a, b, c] = factorsOf(factors, parts);
    for (let i = 0; i < rows; i++) {
      let dot = 0;
      let norm = 0;
      for (let at = i * cols; at < (i + 1) * cols; at++) {
        dot += a * x[at] * (b * u[at] + shift);
        norm += a * x[at] * (a * x[at]);
      }
      s[i] = dot / (norm + eps);
      for (let at = i * cols; at < (i + 1) * cols; at++) y[at] = a * x[at] + (b * u[at] + shift - s[i] * a * x[at]) + c * u[at];
    }
  },
  samples,
  terms: ({ cols }) => 16 * (cols + 1),
});

export const weightedUpdateBackward = /* @__PURE__ */ defined(kernels.weightedUpdateBackward, {
  define: ({ x, u, factors, s, dy, dx, du, sums }, { rows, cols, parts, shift, eps }) => {
    const [a, b, c] = factorsOf(factors, parts);
    sums?.fill(0);
    for (let i = 0; i < rows; i++) {
      let dot = 0;
      let norm = 0;
      for (let at = i * cols; at < (i + 1) * cols; at++) {
        dot += a * x[at] * dy[at];
        norm += a * x[at] * (a * x[at]);
      }
      const t = dot / (norm + eps);
      for (let at = i * cols; at < (i + 1) * cols; at++) {
        const [left, right] = [a * x[at], b * u[at] + shift];
        const own = dy[at] - t * left;
        const through = dy[at] - s[i] * dy[at] - t * right + 2 * s[i] * t * left;
        if (sums && parts & STREAM) sums[0] += through * x[at];
        if (sums && parts & BRANCH) sums[1] += own * u[at];
        if (sums && parts & PARALLEL) sums[2] += dy[at] * u[at];
        du[at] = b * own + (parts & BRANCH && !(parts & PARALLEL) ? shift : 0) + c * dy[at];
        dx[at] = a * through;
      }
    }
  },
  samples,
  terms: ({ rows, cols }) => 16 * (rows + 1) * (cols + 1),
});
