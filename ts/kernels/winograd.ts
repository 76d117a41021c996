// Convolution of NHWC images with 3x3 filters [3, 3, c, k], stride 1 and a border of 1, by Winograd's F(4x4, 3x3). The same function as
// conv2d, with a quarter of its products and an error about ten times as large. c and k are multiples of 16.
import { kernel, type Numbers } from "./kernel.ts";

const numbers = ["n", "h", "w", "c", "k"] as const;

export type WinogradSizes = Numbers<typeof numbers>;

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

export const inputLength = ({ n, h, w, c }: WinogradSizes): number => n * h * w * c;

export const outputLength = ({ n, h, w, k }: WinogradSizes): number => n * h * w * k;

export const filterLength = ({ c, k }: WinogradSizes): number => 9 * c * k;

/** y[n,h,w,k] = bias[k] + sum of x[n, h - 1 + i, w - 1 + j, ci] filter[i,j,ci,k] over i, j, ci; x is 0 outside the image. */
export const conv2dWinograd = /* @__PURE__ */ kernel({
  name: "conv2d_winograd_f32",
  buffers: { x: "in", filter: "in", bias: "in?", y: "out" },
  numbers,
  lengths: (sizes) => ({ x: inputLength(sizes), filter: filterLength(sizes), bias: sizes.k, y: outputLength(sizes) }),
  scratch: forwardScratch,
});

/** dx = the adjoint of conv2d_winograd in x, applied to dy. */
export const conv2dWinogradInputGradient = /* @__PURE__ */ kernel({
  name: "conv2d_winograd_input_gradient_f32",
  buffers: { dy: "in", filter: "in", dx: "out" },
  numbers,
  lengths: (sizes) => ({ dy: outputLength(sizes), filter: filterLength(sizes), dx: inputLength(sizes) }),
  scratch: (sizes) => forwardScratch({ ...sizes, c: sizes.k, k: sizes.c }) + filterLength(sizes),
});

/** dfilter = the adjoint of conv2d_winograd in the filter, applied to dy: the sum over all images and pixels. */
export const conv2dWinogradWeightGradient = /* @__PURE__ */ kernel({
  name: "conv2d_winograd_weight_gradient_f32",
  buffers: { x: "in", dy: "in", dfilter: "out" },
  numbers,
  lengths: (sizes) => ({ x: inputLength(sizes), dy: outputLength(sizes), dfilter: filterLength(sizes) }),
  scratch: weightGradientScratch,
});
