// Convolution of NHWC images with filters [r, s, c / groups, k], any stride, padding, dilation and groups. Output rows p =
// floor((h + 2 padH - dilationH (r - 1) - 1) / strideH) + 1, columns q likewise. An output pixel's sum runs over (r, s, c) in
// blocks that depend on the filter only; the weight gradient's runs over blocks of pixels, images in order.
import { kernel, type Numbers } from "./kernel.ts";

const numbers = ["n", "h", "w", "c", "k", "r", "s", "strideH", "strideW", "padH", "padW", "dilationH", "dilationW", "groups"] as const;

export type ConvSizes = Numbers<typeof numbers>;

const extent = (size: number, taps: number, stride: number, pad: number, dilation: number): number =>
  Math.max(0, Math.floor((size + 2 * pad - dilation * (taps - 1) - 1) / stride) + 1);

/** Output rows. */
export const convRows = (sizes: ConvSizes): number => extent(sizes.h, sizes.r, sizes.strideH, sizes.padH, sizes.dilationH);

/** Output columns. */
export const convColumns = (sizes: ConvSizes): number => extent(sizes.w, sizes.s, sizes.strideW, sizes.padW, sizes.dilationW);

const isDepthwise = ({ c, k, groups }: ConvSizes): boolean => groups > 1 && c === groups && k === groups;

const panels = (width: number): number => Math.ceil(width / 16) * 16;

/** Images that are worked on together: as many as make 256 output pixels. */
const together = (n: number, pixels: number): number => Math.min(n, Math.max(1, Math.floor(256 / Math.max(1, pixels))));

/** Zero rows that the input gradient's sum reads before and behind dy. */
function halo(size: number, out: number, taps: number, stride: number, pad: number, dilation: number): number {
  const before = Math.max(0, Math.floor((dilation * (taps - 1) - pad) / stride));
  return before + Math.max(0, Math.floor((size - 1 + pad) / stride) - (out - 1));
}

/** Alignment, plan, spare tile, zero or bias panel. */
const FIXED = 128;

function forwardScratch(sizes: ConvSizes): number {
  const { n, h, w, c, k, r, s, padH, padW, groups } = sizes;
  if (isDepthwise(sizes)) return 0;
  const columns = groups * panels(k / groups);
  const images = padH + padW === 0 ? 0 : together(n, convRows(sizes) * convColumns(sizes));
  return FIXED + columns + columns * r * s * (c / groups) + images * (h + 2 * padH) * (w + 2 * padW) * c;
}

function inputGradientScratch(sizes: ConvSizes): number {
  const { n, h, w, c, k, r, s, groups } = sizes;
  if (isDepthwise(sizes)) return 0;
  const rows = convRows(sizes);
  const columns = convColumns(sizes);
  const haloH = halo(h, rows, r, sizes.strideH, sizes.padH, sizes.dilationH);
  const haloW = halo(w, columns, s, sizes.strideW, sizes.padW, sizes.dilationW);
  const images = haloH + haloW === 0 ? 0 : together(n, rows * columns);
  return FIXED + panels(c / groups) * r * s * k + images * (rows + haloH) * (columns + haloW) * k;
}

function weightGradientScratch(sizes: ConvSizes): number {
  const { n, h, w, c, padH, padW } = sizes;
  if (isDepthwise(sizes)) return 0;
  const rows = convRows(sizes);
  const columns = convColumns(sizes);
  const images = together(n, rows * columns);
  const pixels = images > 1 ? images * rows * columns : Math.min(rows, 8) * columns;
  const canvas = padH + padW === 0 ? 0 : images * (h + 2 * padH) * (w + 2 * padW) * c;
  return FIXED + 16 * pixels + canvas;
}

export const inputLength = ({ n, h, w, c }: ConvSizes): number => n * h * w * c;

export const outputLength = (sizes: ConvSizes): number => sizes.n * convRows(sizes) * convColumns(sizes) * sizes.k;

export const filterLength = ({ r, s, c, k, groups }: ConvSizes): number => r * s * (c / groups) * k;

/** y[n,p,q,k] = bias[k] + sum of x[n, p strideH - padH + i dilationH, q strideW - padW + j dilationW, ci] filter[i,j,ci,k] over i, j, ci */
export const conv2d = /* @__PURE__ */ kernel({
  name: "conv2d_f32",
  buffers: { x: "in", filter: "in", bias: "in?", y: "out" },
  numbers,
  lengths: (sizes) => ({ x: inputLength(sizes), filter: filterLength(sizes), bias: sizes.k, y: outputLength(sizes) }),
  scratch: forwardScratch,
});

/** dx = the adjoint of conv2d in x, applied to dy. */
export const conv2dInputGradient = /* @__PURE__ */ kernel({
  name: "conv2d_input_gradient_f32",
  buffers: { dy: "in", filter: "in", dx: "out" },
  numbers,
  lengths: (sizes) => ({ dy: outputLength(sizes), filter: filterLength(sizes), dx: inputLength(sizes) }),
  scratch: inputGradientScratch,
});

/** dfilter = the adjoint of conv2d in the filter, applied to dy: the sum over all images and output pixels. */
export const conv2dWeightGradient = /* @__PURE__ */ kernel({
  name: "conv2d_weight_gradient_f32",
  buffers: { x: "in", dy: "in", dfilter: "out" },
  numbers,
  lengths: (sizes) => ({ x: inputLength(sizes), dy: outputLength(sizes), dfilter: filterLength(sizes) }),
  scratch: weightGradientScratch,
});
