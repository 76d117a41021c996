// Convolution of NHWC images with 3x3 filters [3, 3, c, k], stride 1 and a border of 1, by Winograd's F(4x4, 3x3). The same function as
// conv2d, with a quarter of its products and an error about ten times as large. c and k are multiples of 16.

import { kernel } from "./kernel.ts";
import type { Numbers } from "./kernel.ts";

const numbers = ["n", "h", "w", "c", "k"] as const;

export type WinogradSizes = Numbers<typeof numbers>;

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

const tilesOf = ({ n, h, w }: WinogradSizes): number => n * Math.ceil(h / 4) * Math.ceil(w / 4);

/** Floats of 36 planes. */
const planes = (floats: number): number => 36 * (floats + 48);

/** Floats of working memory for a number of channels. */
const room = (channels: number): number => 72 * channels;

/** Tiles that the forward kernel works on together. */
const blockOf = ({ c, k }: WinogradSizes): number => (Math.max(c, k) <= 16 ? 64 : 32);

const FORWARD = 16;

function forwardScratch(sizes: WinogradSizes): number {
  const { c, k } = sizes;
  const block = blockOf(sizes);
  return FORWARD + room(k) + planes(c * k) + room(Math.max(c, k)) + planes(block * c) + planes(block * k);
}

function weightGradientScratch(sizes: WinogradSizes): number {
  const { c, k } = sizes;
  const block = Math.min(64, tilesOf(sizes));
  return FORWARD + room(Math.max(c, k)) + planes(block * c) + planes(block * k) + planes(c * k);
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

const inputLength = ({ n, h, w, c }: WinogradSizes): number => n * h * w * c;
const outputLength = ({ n, h, w, k }: WinogradSizes): number => n * h * w * k;
const filterLength = ({ c, k }: WinogradSizes): number => 9 * c * k;

/** Measured against float64 on normal deviates: 2e-6 of the largest value, growing with the root of the sum's length. */
const tolerance = (terms: number): number => 1e-6 * Math.sqrt(terms);

/** y[n,h,w,k] = bias[k] + sum of x[n, h - 1 + i, w - 1 + j, ci] filter[i,j,ci,k] over i, j, ci; x is 0 outside the image. */
export const conv2dWinograd = /* @__PURE__ */ kernel({
  name: "conv2d_winograd_f32",
  buffers: { x: "in", filter: "in", bias: "in?", y: "out" },
  numbers,
  lengths: (sizes) => ({ x: inputLength(sizes), filter: filterLength(sizes), bias: sizes.k, y: outputLength(sizes) }),
  scratch: forwardScratch,
  samples,
  tolerance: ({ c }) => tolerance(9 * c),
  define: ({ x, filter, bias, y }, sizes) => {
    const length = outputLength(sizes);
    for (let i = 0; i < length; i++) y[i] = bias === null ? 0 : bias[i % sizes.k];
    walk(sizes, (i, j, l) => (y[l] += x[i] * filter[j]));
  },
});

/** dx = the adjoint of conv2d_winograd in x, applied to dy. */
export const conv2dWinogradInputGradient = /* @__PURE__ */ kernel({
  name: "conv2d_winograd_input_gradient_f32",
  buffers: { dy: "in", filter: "in", dx: "out" },
  numbers,
  lengths: (sizes) => ({ dy: outputLength(sizes), filter: filterLength(sizes), dx: inputLength(sizes) }),
  scratch: (sizes) => forwardScratch({ ...sizes, c: sizes.k, k: sizes.c }) + filterLength(sizes),
  samples,
  tolerance: ({ k }) => tolerance(9 * k),
  define: ({ dy, filter, dx }, sizes) => {
    dx.fill(0, 0, inputLength(sizes));
    walk(sizes, (i, j, l) => (dx[i] += dy[l] * filter[j]));
  },
});

/** dfilter = the adjoint of conv2d_winograd in the filter, applied to dy: the sum over all images and pixels. */
export const conv2dWinogradWeightGradient = /* @__PURE__ */ kernel({
  name: "conv2d_winograd_weight_gradient_f32",
  buffers: { x: "in", dy: "in", dfilter: "out" },
  numbers,
  lengths: (sizes) => ({ x: inputLength(sizes), dy: outputLength(sizes), dfilter: filterLength(sizes) }),
  scratch: weightGradientScratch,
  samples,
  tolerance: ({ n, h, w }) => tolerance(Math.max(1, n * h * w)),
  define: ({ x, dy, dfilter }, sizes) => {
    dfilter.fill(0, 0, filterLength(sizes));
    walk(sizes, (i, j, l) => (dfilter[j] += x[i] * dy[l]));
  },
});
