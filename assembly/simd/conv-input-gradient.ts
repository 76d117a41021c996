// Input gradient of a convolution. The input rows of one residue modulo the stride see a subset of the taps, and for them the gradient is
// a convolution of dy with stride 1, written with the stride as the distance between pixels: no zeros are inserted.

import { convDepthwiseInputGradient } from "./conv-depthwise";
import { extent, firstTap, isDepthwise, tapStep, together } from "./conv-shape";
import { strip } from "./conv-strip";
import { aligned, packColumns, packImages, padded16, zero } from "./pack";
import { PLAN, planRows } from "./tile";

/** How many taps meet the inputs of a residue. */
// @ts-ignore: decorator
@inline
function tapCount(first: i32, taps: i32, step: i32): i32 {
  return first < taps ? (taps - 1 - first) / step + 1 : 0;
}

/** First input of a residue. */
// @ts-ignore: decorator
@inline
function firstInput(residue: i32, stride: i32, pad: i32): i32 {
  return (((residue - pad) % stride) + stride) % stride;
}

/** Zeros that the sums read before dy. */
function before(taps: i32, stride: i32, pad: i32, dilation: i32): i32 {
  const reach = dilation * (taps - 1) - pad;
  return reach > 0 ? reach / stride : 0;
}

/** Zeros that the sums read behind dy. */
function behind(size: i32, out: i32, stride: i32, pad: i32): i32 {
  return max(0, (size - 1 + pad) / stride - (out - 1));
}

/** Packs the filter: per phase, group and panel of 16 input channels the taps from last to first, each [k / groups][16]. */
function packFilter(
  to: usize,
  filter: usize,
  cg: i32,
  k: i32,
  r: i32,
  s: i32,
  strideH: i32,
  strideW: i32,
  dilationH: i32,
  dilationW: i32,
  groups: i32,
): void {
  const kg = k / groups;
  const stepH = tapStep(strideH, dilationH);
  const stepW = tapStep(strideW, dilationW);
  for (let phaseH = 0; phaseH < strideH; ++phaseH) {
    const firstH = firstTap(phaseH, r, strideH, dilationH);
    const countH = tapCount(firstH, r, stepH);
    for (let phaseW = 0; phaseW < strideW; ++phaseW) {
      const firstW = firstTap(phaseW, s, strideW, dilationW);
      const countW = tapCount(firstW, s, stepW);
      for (let g = 0; g < groups; ++g) {
        for (let ci = 0; ci < cg; ci += 16) {
          for (let i = countH - 1; i >= 0; --i) {
            for (let j = countW - 1; j >= 0; --j) {
              const tap = (firstH + i * stepH) * s + firstW + j * stepW;
              const from = filter + ((<usize>(tap * cg + ci) * <usize>k + <usize>(g * kg)) << 2);
              packColumns(to, from, kg, min(cg - ci, 16), (<usize>k) << 2);
              to += (<usize>kg) << 6;
            }
          }
        }
      }
    }
  }
}

/** dx[n,h,w,c] = sum of dy[n,p,q,k] filter[i,j,c,k] over the (p, i) with p strideH - padH + i dilationH = h, and (q, j) likewise. */
export function conv2d_input_gradient_f32(
  dy: usize,
  filter: usize,
  dx: usize,
  scratch: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  k: i32,
  r: i32,
  s: i32,
  strideH: i32,
  strideW: i32,
  padH: i32,
  padW: i32,
  dilationH: i32,
  dilationW: i32,
  groups: i32,
): void {
  const p = extent(h, r, strideH, padH, dilationH);
  const q = extent(w, s, strideW, padW, dilationW);
  if (n * h * w * c <= 0) return;
  if (p * q * k <= 0) {
    zero(dx, (<usize>(n * h * w) * <usize>c) << 2);
    return;
  }
  if (isDepthwise(c, k, groups)) {
    convDepthwiseInputGradient(dy, filter, dx, n, h, w, c, r, s, p, q, strideH, strideW, padH, padW, dilationH, dilationW);
    return;
  }
  const cg = c / groups;
  const kg = k / groups;
  const plan = aligned(scratch);
  const start = plan + PLAN;
  zero(start, 64);
  const filters = start + 64;
  const canvas = filters + ((<usize>(padded16(cg) * r * s) * <usize>k) << 2);
  packFilter(filters, filter, cg, k, r, s, strideH, strideW, dilationH, dilationW, groups);

  const top = before(r, strideH, padH, dilationH);
  const left = before(s, strideW, padW, dilationW);
  const canvasRows = top + p + behind(h, p, strideH, padH);
  const canvasColumns = left + q + behind(w, q, strideW, padW);
  const isPadded = canvasRows * canvasColumns > p * q;
  const pixel = (<usize>k) << 2;
  const row = <usize>canvasColumns * pixel;
  const image = <usize>canvasRows * row;
  const xPixel = (<usize>c) << 2;
  const xRow = <usize>w * xPixel;
  const images = together(n, p * q);
  const stepH = tapStep(strideH, dilationH);
  const stepW = tapStep(strideW, dilationW);
  if (isPadded) zero(canvas, <usize>images * image);
  for (let first = 0; first < n; first += images) {
    const count = min(images, n - first);
    let from = dy + <usize>(first * p * q) * pixel;
    if (isPadded) {
      packImages(canvas + <usize>top * row + <usize>left * pixel, from, count, p, <usize>q * pixel, row, image);
      from = canvas;
    }
    let panels = filters;
    for (let phaseH = 0; phaseH < strideH; ++phaseH) {
      const firstH = firstTap(phaseH, r, strideH, dilationH);
      const countH = tapCount(firstH, r, stepH);
      const h0 = firstInput(phaseH, strideH, padH);
      const rows = h0 < h ? (h - 1 - h0) / strideH + 1 : 0;
      // The dy row of the last tap for the first input row.
      const p0 = (h0 + padH - (firstH + (countH - 1) * stepH) * dilationH) / strideH + top;
      for (let phaseW = 0; phaseW < strideW; ++phaseW) {
        const firstW = firstTap(phaseW, s, strideW, dilationW);
        const countW = tapCount(firstW, s, stepW);
        const w0 = firstInput(phaseW, strideW, padW);
        const columns = w0 < w ? (w - 1 - w0) / strideW + 1 : 0;
        const q0 = (w0 + padW - (firstW + (countW - 1) * stepW) * dilationW) / strideW + left;
        const taps = countH * countW;
        const panelBytes = (<usize>(taps * kg)) << 6;
        const blockRows = images > 1 ? rows : min(rows, max(1, 256 / max(1, columns)));
        for (let block = 0; block < rows && columns > 0; block += blockRows) {
          const xStep = <usize>strideH * xRow;
          planRows(plan, count, min(blockRows, rows - block), columns, image, row, pixel, <usize>h * xRow, xStep, <usize>strideW * xPixel);
          const a = taps > 0 ? from + <usize>(p0 + block) * row + <usize>q0 * pixel : from;
          const out = dx + <usize>(first * h + h0 + block * strideH) * xRow + <usize>w0 * xPixel;
          let panel = panels;
          for (let g = 0; g < groups; ++g) {
            for (let ci = 0; ci < cg; ci += 16) {
              strip(
                plan,
                a + ((<usize>(g * kg)) << 2),
                panel,
                start,
                out + ((<usize>(g * cg + ci)) << 2),
                min(cg - ci, 16),
                countH,
                countW,
                kg,
                <usize>((stepH * dilationH) / strideH) * row,
                <usize>((stepW * dilationW) / strideW) * pixel,
              );
              panel += panelBytes;
            }
          }
        }
        panels += <usize>(groups * (padded16(cg) >> 4)) * panelBytes;
      }
    }
  }
}
