// What the kernels of ts/kernels/winograd.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/winograd.ts";
import { outputLength, inputLength, filterLength, type WinogradSizes } from "../kernels/winograd.ts";
import { defined } from "./definition.ts";

/** Calls visit(x index, filter index, y index) for every product of the convolution. */
function walk({ n, h, w, c, k }: WinogradSizes, visit: (x: number, filter: number, y: number) => void): void {
  for (let pixel = 0; pixel < n * h * w; pixel++) {
    const row = Math.floor(pixel / w) % h;
    const column = pixel % w;
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) {
        if (row + i < 1 || row + i > h || column + j < 1 || column + j > w) continue;
        const from = (pixel + (i - 1) * w + j - 1) * c;
        const tap = (i * 3 + j) * c;
        for (let ci = 0; ci < c; ci++) for (let ki = 0; ki < k; ki++) visit(from + ci, (tap + ci) * k + ki, pixel * k + ki);
      }
  }
}

const samples: readonly WinogradSizes[] = [
  { n: 2, h: 8, w: 8, c: 16, k: 16 },
  { n: 0, h: 8, w: 8, c: 16, k: 16 },
  { n: 1, h: 0, w: 8, c: 16, k: 16 },
  { n: 1, h: 4, w: 4, c: 16, k: 32 },
  { n: 3, h: 1, w: 1, c: 32, k: 16 },
  { n: 1, h: 2, w: 3, c: 16, k: 16 },
  { n: 2, h: 5, w: 6, c: 16, k: 48 },
  { n: 1, h: 7, w: 9, c: 48, k: 32 },
  { n: 2, h: 9, w: 12, c: 16, k: 16 },
  { n: 1, h: 12, w: 10, c: 80, k: 16 },
  { n: 1, h: 13, w: 20, c: 16, k: 64 },
  { n: 5, h: 16, w: 16, c: 16, k: 16 },
  { n: 5, h: 16, w: 16, c: 16, k: 48 },
  { n: 1, h: 34, w: 35, c: 16, k: 16 },
];

/** Measured against float64 on normal deviates: 2e-6 of the largest value, growing with the root of the sum's length. */
const tolerance = (terms: number): number => 1e-6 * Math.sqrt(terms);

export const conv2dWinograd = /* @__PURE__ */ defined(kernels.conv2dWinograd, {
  samples,
  tolerance: ({ c }) => tolerance(9 * c),
  define: ({ x, filter, bias, y }, sizes) => {
    const length = outputLength(sizes);
    for (let i = 0; i < length; i++) y[i] = bias === null ? 0 : bias[i % sizes.k];
    walk(sizes, (i, j, l) => (y[l] += x[i] * filter[j]));
  },
});

export const conv2dWinogradInputGradient = /* @__PURE__ */ defined(kernels.conv2dWinogradInputGradient, {
  samples,
  tolerance: ({ k }) => tolerance(9 * k),
  define: ({ dy, filter, dx }, sizes) => {
    dx.fill(0, 0, inputLength(sizes));
    walk(sizes, (i, j, l) => (dx[i] += dy[l] * filter[j]));
  },
});

export const conv2dWinogradWeightGradient = /* @__PURE__ */ defined(kernels.conv2dWinogradWeightGradient, {
  samples,
  tolerance: ({ n, h, w }) => tolerance(Math.max(1, n * h * w)),
  define: ({ x, dy, dfilter }, sizes) => {
    dfilter.fill(0, 0, filterLength(sizes));
    walk(sizes, (i, j, l) => (dfilter[j] += x[i] * dy[l]));
  },
});
