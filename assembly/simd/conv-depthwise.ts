// Convolution with one filter a channel (groups = channels). 16 channels are summed at a time, then 4; taps outside of the image are left
// out.

import { firstTap, tapStep } from "./conv-shape";
import { loadUpTo, madd, storeUpTo } from "./lanes";

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
        let ci = 0;
        for (; ci + 16 <= c; ci += 16) {
          const at = (<usize>ci) << 2;
          const start = bias ? bias + at : 0;
          let sum0 = start ? v128.load(start) : f32x4.splat(0);
          let sum1 = start ? v128.load(start, 16) : f32x4.splat(0);
          let sum2 = start ? v128.load(start, 32) : f32x4.splat(0);
          let sum3 = start ? v128.load(start, 48) : f32x4.splat(0);
          for (let i = 0; i < r; ++i) {
            const row = pi * strideH - padH + i * dilationH;
            if (row < 0 || row >= h) continue;
            for (let j = 0; j < s; ++j) {
              const column = qi * strideW - padW + j * dilationW;
              if (column < 0 || column >= w) continue;
              const a = x + <usize>((image * h + row) * w + column) * pixel + at;
              const f = filter + <usize>(i * s + j) * pixel + at;
              sum0 = madd(v128.load(a), v128.load(f), sum0);
              sum1 = madd(v128.load(a, 16), v128.load(f, 16), sum1);
              sum2 = madd(v128.load(a, 32), v128.load(f, 32), sum2);
              sum3 = madd(v128.load(a, 48), v128.load(f, 48), sum3);
            }
          }
          v128.store(out + at, sum0);
          v128.store(out + at, sum1, 16);
          v128.store(out + at, sum2, 32);
          v128.store(out + at, sum3, 48);
        }
        for (; ci < c; ci += 4) {
          const count = min(4, c - ci);
          const at = (<usize>ci) << 2;
          let sum = bias ? loadUpTo(bias + at, count) : f32x4.splat(0);
          for (let i = 0; i < r; ++i) {
            const row = pi * strideH - padH + i * dilationH;
            if (row < 0 || row >= h) continue;
            for (let j = 0; j < s; ++j) {
              const column = qi * strideW - padW + j * dilationW;
              if (column < 0 || column >= w) continue;
              const a = loadUpTo(x + <usize>((image * h + row) * w + column) * pixel + at, count);
              sum = madd(a, loadUpTo(filter + <usize>(i * s + j) * pixel + at, count), sum);
            }
          }
          storeUpTo(out + at, sum, count);
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
  const stepH = tapStep(strideH, dilationH);
  const stepW = tapStep(strideW, dilationW);
  const down = (stepH * dilationH) / strideH;
  const along = (stepW * dilationW) / strideW;
  for (let image = 0; image < n; ++image) {
    for (let row = 0; row < h; ++row) {
      const i0 = firstTap((row + padH) % strideH, r, strideH, dilationH);
      const p0 = (row + padH - i0 * dilationH) / strideH;
      for (let column = 0; column < w; ++column) {
        const j0 = firstTap((column + padW) % strideW, s, strideW, dilationW);
        const q0 = (column + padW - j0 * dilationW) / strideW;
        const out = dx + <usize>((image * h + row) * w + column) * pixel;
        let ci = 0;
        for (; ci + 16 <= c; ci += 16) {
          const at = (<usize>ci) << 2;
          let sum0 = f32x4.splat(0);
          let sum1 = f32x4.splat(0);
          let sum2 = f32x4.splat(0);
          let sum3 = f32x4.splat(0);
          for (let i = i0, pi = p0; i < r && pi >= 0; i += stepH, pi -= down) {
            if (pi >= p) continue;
            for (let j = j0, qi = q0; j < s && qi >= 0; j += stepW, qi -= along) {
              if (qi >= q) continue;
              const a = dy + <usize>((image * p + pi) * q + qi) * pixel + at;
              const f = filter + <usize>(i * s + j) * pixel + at;
              sum0 = madd(v128.load(a), v128.load(f), sum0);
              sum1 = madd(v128.load(a, 16), v128.load(f, 16), sum1);
              sum2 = madd(v128.load(a, 32), v128.load(f, 32), sum2);
              sum3 = madd(v128.load(a, 48), v128.load(f, 48), sum3);
            }
          }
          v128.store(out + at, sum0);
          v128.store(out + at, sum1, 16);
          v128.store(out + at, sum2, 32);
          v128.store(out + at, sum3, 48);
        }
        for (; ci < c; ci += 4) {
          const count = min(4, c - ci);
          const at = (<usize>ci) << 2;
          let sum = f32x4.splat(0);
          for (let i = i0, pi = p0; i < r && pi >= 0; i += stepH, pi -= down) {
            if (pi >= p) continue;
            for (let j = j0, qi = q0; j < s && qi >= 0; j += stepW, qi -= along) {
              if (qi >= q) continue;
              const a = loadUpTo(dy + <usize>((image * p + pi) * q + qi) * pixel + at, count);
              sum = madd(a, loadUpTo(filter + <usize>(i * s + j) * pixel + at, count), sum);
            }
          }
          storeUpTo(out + at, sum, count);
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
      let ci = 0;
      for (; ci + 16 <= c; ci += 16) {
        const at = (<usize>ci) << 2;
        let sum0 = f32x4.splat(0);
        let sum1 = f32x4.splat(0);
        let sum2 = f32x4.splat(0);
        let sum3 = f32x4.splat(0);
        for (let image = 0; image < n; ++image) {
          for (let pi = 0; pi < p; ++pi) {
            const row = pi * strideH - padH + i * dilationH;
            if (row < 0 || row >= h) continue;
            let part0 = f32x4.splat(0);
            let part1 = f32x4.splat(0);
            let part2 = f32x4.splat(0);
            let part3 = f32x4.splat(0);
            for (let qi = 0; qi < q; ++qi) {
              const column = qi * strideW - padW + j * dilationW;
              if (column < 0 || column >= w) continue;
              const a = x + <usize>((image * h + row) * w + column) * pixel + at;
              const b = dy + <usize>((image * p + pi) * q + qi) * pixel + at;
              part0 = madd(v128.load(a), v128.load(b), part0);
              part1 = madd(v128.load(a, 16), v128.load(b, 16), part1);
              part2 = madd(v128.load(a, 32), v128.load(b, 32), part2);
              part3 = madd(v128.load(a, 48), v128.load(b, 48), part3);
            }
            sum0 = f32x4.add(sum0, part0);
            sum1 = f32x4.add(sum1, part1);
            sum2 = f32x4.add(sum2, part2);
            sum3 = f32x4.add(sum3, part3);
          }
        }
        const out = dfilter + <usize>(i * s + j) * pixel + at;
        v128.store(out, sum0);
        v128.store(out, sum1, 16);
        v128.store(out, sum2, 32);
        v128.store(out, sum3, 48);
      }
      for (; ci < c; ci += 4) {
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
              const a = loadUpTo(x + <usize>((image * h + row) * w + column) * pixel + at, count);
              part = madd(a, loadUpTo(dy + <usize>((image * p + pi) * q + qi) * pixel + at, count), part);
            }
            sum = f32x4.add(sum, part);
          }
        }
        storeUpTo(dfilter + <usize>(i * s + j) * pixel + at, sum, count);
      }
    }
  }
}
