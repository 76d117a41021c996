// Convolution of NHWC images with 3x3 filters [3, 3, c, k], stride 1 and a border of 1, by Winograd's F(4x4, 3x3). The same function as
// conv2d, with a quarter of its products and an error about ten times as large. c and k are multiples of 16.

import { conv2d, conv2dInputGradient, conv2dWeightGradient, type ConvSizes } from "./conv.ts";
import { kernel } from "./kernel.ts";
import type { Numbers } from "./kernel.ts";

const numbers = ["n", "h", "w", "c", "k"] as const;

export type WinogradSizes = Numbers<typeof numbers>;

const direct = (sizes: WinogradSizes): ConvSizes => ({
  ...sizes,
  ...{ r: 3, s: 3, strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 },
});

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
  { n: 1, h: 34, w: 35, c: 16, k: 16 },
];

const inputLength = ({ n, h, w, c }: WinogradSizes): number => n * h * w * c;
const outputLength = ({ n, h, w, k }: WinogradSizes): number => n * h * w * k;
const filterLength = ({ c, k }: WinogradSizes): number => 9 * c * k;

/** Measured against float64 on normal deviates: 2e-6 of the largest value, growing with the root of the sum's length. */
const tolerance = (terms: number): number => 1e-6 * Math.sqrt(terms);

/** y[n,h,w,k] = bias[k] + sum of x[n, h - 1 + i, w - 1 + j, ci] filter[i,j,ci,k] over i, j, ci; x is 0 outside the image. */
export const conv2dWinograd = kernel({
  name: "conv2d_winograd_f32",
  buffers: { x: "in", filter: "in", bias: "in?", y: "out" },
  numbers,
  lengths: (sizes) => ({ x: inputLength(sizes), filter: filterLength(sizes), bias: sizes.k, y: outputLength(sizes) }),
  scratch: forwardScratch,
  samples,
  tolerance: ({ c }) => tolerance(9 * c),
  define: (buffers, sizes) => conv2d.define(buffers, direct(sizes)),
});

/** dx = the adjoint of conv2d_winograd in x, applied to dy. */
export const conv2dWinogradInputGradient = kernel({
  name: "conv2d_winograd_input_gradient_f32",
  buffers: { dy: "in", filter: "in", dx: "out" },
  numbers,
  lengths: (sizes) => ({ dy: outputLength(sizes), filter: filterLength(sizes), dx: inputLength(sizes) }),
  scratch: (sizes) => forwardScratch({ ...sizes, c: sizes.k, k: sizes.c }) + filterLength(sizes),
  samples,
  tolerance: ({ k }) => tolerance(9 * k),
  define: (buffers, sizes) => conv2dInputGradient.define(buffers, direct(sizes)),
});

/** dfilter = the adjoint of conv2d_winograd in the filter, applied to dy: the sum over all images and pixels. */
export const conv2dWinogradWeightGradient = kernel({
  name: "conv2d_winograd_weight_gradient_f32",
  buffers: { x: "in", dy: "in", dfilter: "out" },
  numbers,
  lengths: (sizes) => ({ x: inputLength(sizes), dy: outputLength(sizes), dfilter: filterLength(sizes) }),
  scratch: weightGradientScratch,
  samples,
  tolerance: ({ n, h, w }) => tolerance(Math.max(1, n * h * w)),
  define: (buffers, sizes) => conv2dWeightGradient.define(buffers, direct(sizes)),
});
