// Convolution of NHWC images without im2col: the products of a tap row are runs of floats in the (zero-bordered) image itself.

import { convDepthwise } from "./conv-depthwise";
import { extent, isDepthwise, together } from "./conv-shape";
import { strip } from "./conv-strip";
import { aligned, packImages, packRows, packVector, padded16, zero } from "./pack";
import { PLAN, planRows } from "./tile";

export * from "./conv-input-gradient";
export * from "./conv-weight-gradient";

/** y[n,p,q,k] = bias[k] + sum of x[n, p strideH - padH + i dilationH, q strideW - padW + j dilationW, c] filter[i,j,c,k]. */
export function conv2d_f32(
  x: usize,
  filter: usize,
  bias: usize,
  y: usize,
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
  if (n * p * q * k <= 0) return;
  if (isDepthwise(c, k, groups)) {
    convDepthwise(x, filter, bias, y, n, h, w, c, r, s, p, q, strideH, strideW, padH, padW, dilationH, dilationW);
    return;
  }
  const cg = c / groups;
  const kg = k / groups;
  const taps = r * s * cg;
  const panelsOf = padded16(kg) >> 4;
  const panelBytes = (<usize>taps) << 6;
  const plan = aligned(scratch);
  const starts = plan + PLAN;
  packVector(starts, bias, groups, kg);
  let filters = starts + ((<usize>(groups * panelsOf)) << 6);
  const canvas = filters + <usize>(groups * panelsOf) * panelBytes;
  if (k == 16 && groups == 1) {
    filters = filter;
  } else {
    let to = filters;
    for (let g = 0; g < groups; ++g) {
      for (let j = 0; j < kg; j += 16) {
        packRows(to, filter + ((<usize>(g * kg + j)) << 2), taps, min(kg - j, 16), (<usize>k) << 2);
        to += panelBytes;
      }
    }
  }
  const pixel = (<usize>c) << 2;
  const isPadded = padH + padW > 0;
  const row = <usize>(w + 2 * padW) * pixel;
  const image = <usize>(h + 2 * padH) * row;
  const xImage = <usize>(h * w) * pixel;
  const yPixel = (<usize>k) << 2;
  const images = together(n, p * q);
  if (isPadded) zero(canvas, <usize>images * image);
  const blockRows = images > 1 ? p : min(p, max(1, 256 / q));
  for (let first = 0; first < n; first += images) {
    const count = min(images, n - first);
    let from = x + <usize>first * xImage;
    if (isPadded) {
      packImages(canvas + <usize>padH * row + <usize>padW * pixel, from, count, h, <usize>w * pixel, row, image);
      from = canvas;
    }
    for (let top = 0; top < p; top += blockRows) {
      const yRow = <usize>q * yPixel;
      const rows = min(blockRows, p - top);
      planRows(plan, count, rows, q, image, <usize>strideH * row, <usize>strideW * pixel, <usize>p * yRow, yRow, yPixel);
      const a = from + <usize>(top * strideH) * row;
      const out = y + <usize>(first * p + top) * yRow;
      let panel = 0;
      for (let g = 0; g < groups; ++g) {
        for (let j = 0; j < kg; j += 16) {
          strip(
            plan,
            a + ((<usize>(g * cg)) << 2),
            filters + <usize>panel * panelBytes,
            starts + ((<usize>panel) << 6),
            out + ((<usize>(g * kg + j)) << 2),
            min(kg - j, 16),
            r,
            s,
            cg,
            <usize>dilationH * row,
            <usize>dilationW * pixel,
          );
          ++panel;
        }
      }
    }
  }
}
