// Convolution with one filter a channel (groups = channels). Four channels are summed at a time; taps outside of the image are left out.

import { loadPart, madd, storePart } from "./lanes";

@inline
function loadLanes(p: usize, count: i32): v128 {
  return count < 4 ? loadPart(p, count) : v128.load(p);
}

@inline
function storeLanes(p: usize, v: v128, count: i32): void {
  if (count < 4) storePart(p, v, count);
  else v128.store(p, v);
}

/** y[n,p,q,c] = bias[c] + sum over (i, j) of x filter[i,j,c], i then j ascending. */
export function convDepthwise(
  x: usize,
  filter: usize,
  bias: usize,
  y: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  r: i32,
  s: i32,
  p: i32,
  q: i32,
  strideH: i32,
  strideW: i32,
  padH: i32,
  padW: i32,
  dilationH: i32,
  dilationW: i32,
): void {
  const pixel = (<usize>c) << 2;
  for (let image = 0; image < n; ++image) {
    for (let pi = 0; pi < p; ++pi) {
      for (let qi = 0; qi < q; ++qi) {
        const out = y + <usize>((image * p + pi) * q + qi) * pixel;
        for (let ci = 0; ci < c; ci += 4) {
          const count = min(4, c - ci);
          const at = (<usize>ci) << 2;
          let sum = bias ? loadLanes(bias + at, count) : f32x4.splat(0);
          for (let i = 0; i < r; ++i) {
            const row = pi * strideH - padH + i * dilationH;
            if (row < 0 || row >= h) continue;
            for (let j = 0; j < s; ++j) {
              const column = qi * strideW - padW + j * dilationW;
              if (column < 0 || column >= w) continue;
              const a = loadLanes(x + <usize>((image * h + row) * w + column) * pixel + at, count);
              sum = madd(a, loadLanes(filter + <usize>(i * s + j) * pixel + at, count), sum);
            }
          }
          storeLanes(out + at, sum, count);
        }
      }
    }
  }
}

/** dx[n,h,w,c] = sum over (i, j) of dy filter[i,j,c], i then j ascending. */
export function convDepthwiseInputGradient(
  dy: usize,
  filter: usize,
  dx: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  r: i32,
  s: i32,
  p: i32,
  q: i32,
  strideH: i32,
  strideW: i32,
  padH: i32,
  padW: i32,
  dilationH: i32,
  dilationW: i32,
): void {
  const pixel = (<usize>c) << 2;
  for (let image = 0; image < n; ++image) {
    for (let row = 0; row < h; ++row) {
      for (let column = 0; column < w; ++column) {
        const out = dx + <usize>((image * h + row) * w + column) * pixel;
        for (let ci = 0; ci < c; ci += 4) {
          const count = min(4, c - ci);
          const at = (<usize>ci) << 2;
          let sum = f32x4.splat(0);
          for (let i = 0; i < r; ++i) {
            const down = row + padH - i * dilationH;
            if (down < 0 || down % strideH != 0 || down / strideH >= p) continue;
            for (let j = 0; j < s; ++j) {
              const along = column + padW - j * dilationW;
              if (along < 0 || along % strideW != 0 || along / strideW >= q) continue;
              const a = loadLanes(dy + <usize>((image * p + down / strideH) * q + along / strideW) * pixel + at, count);
              sum = madd(a, loadLanes(filter + <usize>(i * s + j) * pixel + at, count), sum);
            }
          }
          storeLanes(out + at, sum, count);
        }
      }
    }
  }
}

/** dfilter[i,j,c] = sum of x dy over the pixels: a sum for each image row in ascending columns, rows and images added in order. */
export function convDepthwiseWeightGradient(
  x: usize,
  dy: usize,
  dfilter: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  r: i32,
  s: i32,
  p: i32,
  q: i32,
  strideH: i32,
  strideW: i32,
  padH: i32,
  padW: i32,
  dilationH: i32,
  dilationW: i32,
): void {
  const pixel = (<usize>c) << 2;
  for (let i = 0; i < r; ++i) {
    for (let j = 0; j < s; ++j) {
      for (let ci = 0; ci < c; ci += 4) {
        const count = min(4, c - ci);
        const at = (<usize>ci) << 2;
        let sum = f32x4.splat(0);
        for (let image = 0; image < n; ++image) {
          for (let pi = 0; pi < p; ++pi) {
            const row = pi * strideH - padH + i * dilationH;
            if (row < 0 || row >= h) continue;
            let part = f32x4.splat(0);
            for (let qi = 0; qi < q; ++qi) {
              const column = qi * strideW - padW + j * dilationW;
              if (column < 0 || column >= w) continue;
              const a = loadLanes(x + <usize>((image * h + row) * w + column) * pixel + at, count);
              part = madd(a, loadLanes(dy + <usize>((image * p + pi) * q + qi) * pixel + at, count), part);
            }
            sum = f32x4.add(sum, part);
          }
        }
        storeLanes(dfilter + <usize>(i * s + j) * pixel + at, sum, count);
      }
    }
  }
}
