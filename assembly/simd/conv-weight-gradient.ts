// Weight gradient of a convolution: for 16 output channels the rows of the product are the taps (i, j, c), its sum runs over the
// pixels of a block of 8 output rows of one image, or over several whole images that have 256 pixels together. Blocks are added in order.

import { convDepthwiseWeightGradient } from "./conv-depthwise";
import { extent, isDepthwise, together } from "./conv-shape";
import { aligned, packImages, packRows, zero } from "./pack";
import { contract, PLAN, planRows, planSum } from "./tile";

const ROWS: i32 = 8;

/** dfilter[i,j,c,k] = sum of x[n, p strideH - padH + i dilationH, q strideW - padW + j dilationW, c] dy[n,p,q,k]. */
export function conv2d_weight_gradient_f32(
  x: usize,
  dy: usize,
  dfilter: usize,
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
  const cg = c / groups;
  const kg = k / groups;
  const p = extent(h, r, strideH, padH, dilationH);
  const q = extent(w, s, strideW, padW, dilationW);
  if (r * s * cg * k <= 0) return;
  if (n * p * q <= 0) {
    zero(dfilter, (<usize>(r * s * cg) * <usize>k) << 2);
    return;
  }
  if (isDepthwise(c, k, groups)) {
    convDepthwiseWeightGradient(x, dy, dfilter, n, h, w, c, r, s, p, q, strideH, strideW, padH, padW, dilationH, dilationW);
    return;
  }
  const images = together(n, p * q);
  const blockRows = images > 1 ? p : min(p, ROWS);
  const plan = aligned(scratch);
  const start = plan + PLAN;
  zero(start, 64);
  const panels = start + 64;
  const blockPixels = images * blockRows * q;
  const canvas = panels + ((<usize>blockPixels) << 6);
  const isPadded = padH + padW > 0;
  const pixel = (<usize>c) << 2;
  const row = <usize>(w + 2 * padW) * pixel;
  const image = <usize>(h + 2 * padH) * row;
  const yPixel = (<usize>k) << 2;
  const column = <usize>dilationW * pixel;
  const isRun = column == (<usize>cg) << 2;
  if (isPadded) zero(canvas, <usize>images * image);
  for (let first = 0; first < n; first += images) {
    const count = min(images, n - first);
    let from = x + <usize>(first * h * w) * pixel;
    if (isPadded) {
      packImages(canvas + <usize>padH * row + <usize>padW * pixel, from, count, h, <usize>w * pixel, row, image);
      from = canvas;
    }
    for (let top = 0; top < p; top += blockRows) {
      const rows = min(blockRows, p - top);
      const pixels = count * rows * q;
      const dyBlock = dy + <usize>(first * p * q + top * q) * yPixel;
      const a = from + <usize>(top * strideH) * row;
      const old = first + top == 0 ? start : 0;
      planSum(plan, count, rows, q, image, <usize>strideH * row, <usize>strideW * pixel, 64);
      const tapStep = <usize>cg * yPixel;
      if (isRun) planRows(plan, 1, r, s * cg, 0, <usize>dilationH * row, 4, 0, <usize>s * tapStep, yPixel);
      else planRows(plan, r, s, cg, <usize>dilationH * row, column, 4, <usize>s * tapStep, tapStep, yPixel);
      for (let g = 0; g < groups; ++g) {
        for (let j = 0; j < kg; j += 16) {
          const width = min(kg - j, 16);
          const at = (<usize>(g * kg + j)) << 2;
          let panel = dyBlock;
          if (k != 16 || groups != 1) {
            panel = panels;
            packRows(panel, dyBlock + at, pixels, width, yPixel);
          }
          contract(plan, a + ((<usize>(g * cg)) << 2), panel, old, dfilter + at, width);
        }
      }
    }
  }
}
