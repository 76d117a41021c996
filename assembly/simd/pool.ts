// Pooling on channels-last images. Vectors run over channels. Order of sums: the mean over all pixels takes pixels in order, float32 in
// blocks of 64, float64 between blocks; a window is summed row by row; a gradient takes the windows in the order of the output.
import { loadLanes, promoteHigh, storeLanes } from "./channel-sums";

export { subsample2d_backward_add_f32, subsample2d_backward_f32, subsample2d_f32 } from "./subsample";

const BLOCK: i32 = 64;

/** Sum over a block of pixels, up to 4 channels. */
// @ts-ignore: decorator
@inline
function blockSum(x: usize, pixels: i32, stride: usize, lanes: i32): v128 {
  let sum = f32x4.splat(0);
  for (let i = 0; i < pixels; i++, x += stride) sum = f32x4.add(sum, loadLanes(x, lanes));
  return sum;
}

/** Mean over all pixels, up to 4 channels. */
// @ts-ignore: decorator
@inline
function mean(x: usize, y: usize, pixels: i32, stride: usize, lanes: i32): void {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let i = 0; i < pixels; i += BLOCK) {
    const sum = blockSum(x + <usize>i * stride, min(BLOCK, pixels - i), stride, lanes);
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, promoteHigh(sum));
  }
  const count = f64x2.splat(<f64>max(1, pixels));
  low = f32x4.demote_f64x2_zero(f64x2.div(low, count));
  high = f32x4.demote_f64x2_zero(f64x2.div(high, count));
  storeLanes(y, v128.shuffle<f32>(low, high, 0, 1, 4, 5), lanes);
}

export function global_average_pool_f32(x: usize, y: usize, n: i32, pixels: i32, c: i32): void {
  const stride = (<usize>c) << 2;
  for (let i = 0; i < n; i++, x += <usize>pixels * stride, y += stride) {
    let j = 0;
    for (; j + 4 <= c; j += 4) mean(x + ((<usize>j) << 2), y + ((<usize>j) << 2), pixels, stride, 4);
    if (j < c) mean(x + ((<usize>j) << 2), y + ((<usize>j) << 2), pixels, stride, c - j);
  }
}

export function global_average_pool_backward_f32(dy: usize, dx: usize, n: i32, pixels: i32, c: i32): void {
  const stride = (<usize>c) << 2;
  const count = f32x4.splat(<f32>pixels);
  for (let i = 0; i < n; i++, dy += stride, dx += <usize>pixels * stride) {
    for (let j = 0; j < c; j += 4) {
      const lanes = min(4, c - j);
      const v = f32x4.div(loadLanes(dy + ((<usize>j) << 2), lanes), count);
      let p = dx + ((<usize>j) << 2);
      for (let k = 0; k < pixels; k++, p += stride) storeLanes(p, v, lanes);
    }
  }
}

/** Outputs along an axis. */
// @ts-ignore: decorator
@inline
function outputs(length: i32, size: i32, stride: i32, padding: i32): i32 {
  const room = length + 2 * padding - size;
  return room < 0 ? 0 : room / stride + 1;
}

/** First place of a window that is inside the image. */
// @ts-ignore: decorator
@inline
function first(start: i32): i32 {
  return max(0, -start);
}

/** Behind the last place of a window that is inside the image. */
// @ts-ignore: decorator
@inline
function last(start: i32, length: i32, size: i32): i32 {
  return min(size, length - start);
}

/** Lanes where v is greater than the best, or NaN where the best is none. */
// @ts-ignore: decorator
@inline
function better(v: v128, best: v128): v128 {
  return v128.andnot(f32x4.eq(best, best), f32x4.le(v, best));
}

/** The largest of a window, up to 4 channels. */
// @ts-ignore: decorator
@inline
function windowMaximum(
  x: usize,
  y: usize,
  index: usize,
  r0: i32,
  r1: i32,
  s0: i32,
  s1: i32,
  size: i32,
  row: usize,
  pixel: usize,
  lanes: i32,
): void {
  let best = f32x4.splat(-Infinity);
  let place = f32x4.splat(-1);
  if (r0 < r1 && s0 < s1) {
    best = loadLanes(x + <usize>r0 * row + <usize>s0 * pixel, lanes);
    place = f32x4.splat(<f32>(r0 * size + s0));
    for (let r = r0; r < r1; r++) {
      let p = x + <usize>r * row + <usize>s0 * pixel;
      for (let s = s0; s < s1; s++, p += pixel) {
        const v = loadLanes(p, lanes);
        const take = better(v, best);
        best = v128.bitselect(v, best, take);
        place = v128.bitselect(f32x4.splat(<f32>(r * size + s)), place, take);
      }
    }
  }
  storeLanes(y, best, lanes);
  storeLanes(index, place, lanes);
}

/** The same for 16 channels, of a window that has a place. */
// @ts-ignore: decorator
@inline
function windowMaximum16(x: usize, y: usize, index: usize, r0: i32, r1: i32, s0: i32, s1: i32, size: i32, row: usize, pixel: usize): void {
  const from = x + <usize>r0 * row + <usize>s0 * pixel;
  let best0 = v128.load(from);
  let best1 = v128.load(from, 16);
  let best2 = v128.load(from, 32);
  let best3 = v128.load(from, 48);
  let place0 = f32x4.splat(<f32>(r0 * size + s0));
  let place1 = place0;
  let place2 = place0;
  let place3 = place0;
  for (let r = r0; r < r1; r++) {
    let p = x + <usize>r * row + <usize>s0 * pixel;
    for (let s = s0; s < s1; s++, p += pixel) {
      const here = f32x4.splat(<f32>(r * size + s));
      const v0 = v128.load(p);
      const v1 = v128.load(p, 16);
      const take0 = better(v0, best0);
      const take1 = better(v1, best1);
      best0 = v128.bitselect(v0, best0, take0);
      best1 = v128.bitselect(v1, best1, take1);
      place0 = v128.bitselect(here, place0, take0);
      place1 = v128.bitselect(here, place1, take1);
      const v2 = v128.load(p, 32);
      const v3 = v128.load(p, 48);
      const take2 = better(v2, best2);
      const take3 = better(v3, best3);
      best2 = v128.bitselect(v2, best2, take2);
      best3 = v128.bitselect(v3, best3, take3);
      place2 = v128.bitselect(here, place2, take2);
      place3 = v128.bitselect(here, place3, take3);
    }
  }
  v128.store(y, best0);
  v128.store(y, best1, 16);
  v128.store(y, best2, 32);
  v128.store(y, best3, 48);
  v128.store(index, place0);
  v128.store(index, place1, 16);
  v128.store(index, place2, 32);
  v128.store(index, place3, 48);
}

export function max_pool2d_f32(
  x: usize,
  y: usize,
  index: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  size: i32,
  stride: i32,
  padding: i32,
): void {
  const pixel = (<usize>c) << 2;
  const row = <usize>w * pixel;
  const height = outputs(h, size, stride, padding);
  const width = outputs(w, size, stride, padding);
  for (let i = 0; i < n; i++, x += <usize>h * row) {
    for (let p = 0; p < height; p++) {
      const top = p * stride - padding;
      for (let q = 0; q < width; q++, y += pixel, index += pixel) {
        const left = q * stride - padding;
        const corner = x + <usize>top * row + <usize>left * pixel;
        const r0 = first(top);
        const r1 = last(top, h, size);
        const s0 = first(left);
        const s1 = last(left, w, size);
        let at: usize = 0;
        if (r0 < r1 && s0 < s1) {
          for (; at + 64 <= pixel; at += 64) windowMaximum16(corner + at, y + at, index + at, r0, r1, s0, s1, size, row, pixel);
        }
        for (; at + 16 <= pixel; at += 16) windowMaximum(corner + at, y + at, index + at, r0, r1, s0, s1, size, row, pixel, 4);
        if (at < pixel) windowMaximum(corner + at, y + at, index + at, r0, r1, s0, s1, size, row, pixel, c & 3);
      }
    }
  }
}

/** Adds dy, or with an index dy at that place only, to each element of a window; up to 4 channels. */
// @ts-ignore: decorator
@inline
function spread(
  dy: v128,
  index: v128,
  dx: usize,
  r0: i32,
  r1: i32,
  s0: i32,
  s1: i32,
  size: i32,
  row: usize,
  pixel: usize,
  lanes: i32,
  chosen: bool,
): void {
  for (let r = r0; r < r1; r++) {
    let p = dx + <usize>r * row + <usize>s0 * pixel;
    for (let s = s0; s < s1; s++, p += pixel) {
      const v = chosen ? v128.and(dy, f32x4.eq(index, f32x4.splat(<f32>(r * size + s)))) : dy;
      storeLanes(p, f32x4.add(loadLanes(p, lanes), v), lanes);
    }
  }
}

/** The gradient of both window pools: of the maximum with an index, of the mean without. */
// @ts-ignore: decorator
@inline
function backward(
  index: usize,
  dy: usize,
  dx: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  size: i32,
  stride: i32,
  padding: i32,
  chosen: bool,
): void {
  const pixel = (<usize>c) << 2;
  const row = <usize>w * pixel;
  const height = outputs(h, size, stride, padding);
  const width = outputs(w, size, stride, padding);
  const area = f32x4.splat(<f32>(size * size));
  for (let i = 0; i < n; i++, dx += <usize>h * row) {
    memory.fill(dx, 0, <usize>h * row);
    for (let p = 0; p < height; p++) {
      const top = p * stride - padding;
      const r0 = first(top);
      const r1 = last(top, h, size);
      for (let q = 0; q < width; q++, dy += pixel, index += pixel) {
        const left = q * stride - padding;
        const corner = dx + <usize>top * row + <usize>left * pixel;
        const s0 = first(left);
        const s1 = last(left, w, size);
        for (let at: usize = 0; at < pixel; at += 16) {
          const lanes = min(4, (<i32>(pixel - at)) >> 2);
          let v = loadLanes(dy + at, lanes);
          if (!chosen) v = f32x4.div(v, area);
          const place = chosen ? loadLanes(index + at, lanes) : v;
          if (lanes == 4) spread(v, place, corner + at, r0, r1, s0, s1, size, row, pixel, 4, chosen);
          else spread(v, place, corner + at, r0, r1, s0, s1, size, row, pixel, lanes, chosen);
        }
      }
    }
  }
}

export function max_pool2d_backward_f32(
  index: usize,
  dy: usize,
  dx: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  size: i32,
  stride: i32,
  padding: i32,
): void {
  backward(index, dy, dx, n, h, w, c, size, stride, padding, true);
}

/** The mean of a window, up to 4 channels. */
// @ts-ignore: decorator
@inline
function windowMean(x: usize, y: usize, r0: i32, r1: i32, s0: i32, s1: i32, area: v128, row: usize, pixel: usize, lanes: i32): void {
  let sum = f32x4.splat(0);
  for (let r = r0; r < r1; r++) {
    let p = x + <usize>r * row + <usize>s0 * pixel;
    for (let s = s0; s < s1; s++, p += pixel) sum = f32x4.add(sum, loadLanes(p, lanes));
  }
  storeLanes(y, f32x4.div(sum, area), lanes);
}

export function average_pool2d_f32(x: usize, y: usize, n: i32, h: i32, w: i32, c: i32, size: i32, stride: i32, padding: i32): void {
  const pixel = (<usize>c) << 2;
  const row = <usize>w * pixel;
  const height = outputs(h, size, stride, padding);
  const width = outputs(w, size, stride, padding);
  const area = f32x4.splat(<f32>(size * size));
  for (let i = 0; i < n; i++, x += <usize>h * row) {
    for (let p = 0; p < height; p++) {
      const top = p * stride - padding;
      const r0 = first(top);
      const r1 = last(top, h, size);
      for (let q = 0; q < width; q++, y += pixel) {
        const left = q * stride - padding;
        const corner = x + <usize>top * row + <usize>left * pixel;
        const s0 = first(left);
        const s1 = last(left, w, size);
        let at: usize = 0;
        for (; at + 16 <= pixel; at += 16) windowMean(corner + at, y + at, r0, r1, s0, s1, area, row, pixel, 4);
        if (at < pixel) windowMean(corner + at, y + at, r0, r1, s0, s1, area, row, pixel, c & 3);
      }
    }
  }
}

export function average_pool2d_backward_f32(
  dy: usize,
  dx: usize,
  n: i32,
  h: i32,
  w: i32,
  c: i32,
  size: i32,
  stride: i32,
  padding: i32,
): void {
  backward(0, dy, dx, n, h, w, c, size, stride, padding, false);
}
