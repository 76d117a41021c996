// Every stride-th pixel of channels-last images, widened by channels of zeros, and its gradient.
import { loadLanes, storeLanes } from "./channel-sums";

/** `bytes` of channels at x, or their sum with those at y. */
// @ts-ignore: decorator
@inline
function take(x: usize, y: usize, bytes: usize, add: bool): void {
  let at: usize = 0;
  for (; at + 64 <= bytes; at += 64) {
    const v0 = v128.load(x + at);
    const v1 = v128.load(x + at, 16);
    const v2 = v128.load(x + at, 32);
    const v3 = v128.load(x + at, 48);
    const y0 = add ? f32x4.add(v128.load(y + at), v0) : v0;
    const y1 = add ? f32x4.add(v128.load(y + at, 16), v1) : v1;
    const y2 = add ? f32x4.add(v128.load(y + at, 32), v2) : v2;
    const y3 = add ? f32x4.add(v128.load(y + at, 48), v3) : v3;
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
    v128.store(y + at, y2, 32);
    v128.store(y + at, y3, 48);
  }
  for (; at < bytes; at += 16) {
    const lanes = min(4, (<i32>(bytes - at)) >> 2);
    const v = loadLanes(x + at, lanes);
    storeLanes(y + at, add ? f32x4.add(loadLanes(y + at, lanes), v) : v, lanes);
  }
}

// @ts-ignore: decorator
@inline
function clear(y: usize, bytes: usize): void {
  const zero = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 64 <= bytes; at += 64) {
    v128.store(y + at, zero);
    v128.store(y + at, zero, 16);
    v128.store(y + at, zero, 32);
    v128.store(y + at, zero, 48);
  }
  for (; at < bytes; at += 16) storeLanes(y + at, zero, min(4, (<i32>(bytes - at)) >> 2));
}

export function subsample2d_f32(x: usize, y: usize, n: i32, h: i32, w: i32, c: i32, stride: i32, k: i32): void {
  const from = (<usize>c) << 2;
  const to = (<usize>k) << 2;
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < h; p += stride) {
      const row = x + <usize>(i * h + p) * <usize>w * from;
      for (let q = 0; q < w; q += stride, y += to) {
        take(row + <usize>q * from, y, from, false);
        clear(y + from, to - from);
      }
    }
  }
}

export function subsample2d_backward_f32(dy: usize, dx: usize, n: i32, h: i32, w: i32, c: i32, stride: i32, k: i32): void {
  const from = (<usize>k) << 2;
  const to = (<usize>c) << 2;
  const row = <usize>w * to;
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < h; p += stride) {
      for (let q = 0; q < w; q += stride, dy += from) {
        take(dy, dx, to, false);
        const skipped = <usize>(min(stride, w - q) - 1) * to;
        clear(dx + to, skipped);
        dx += to + skipped;
      }
      const skipped = <usize>(min(stride, h - p) - 1) * row;
      memory.fill(dx, 0, skipped);
      dx += skipped;
    }
  }
}

export function subsample2d_backward_add_f32(dy: usize, dx: usize, n: i32, h: i32, w: i32, c: i32, stride: i32, k: i32): void {
  const from = (<usize>k) << 2;
  const to = (<usize>c) << 2;
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < h; p += stride) {
      const row = dx + <usize>(i * h + p) * <usize>w * to;
      for (let q = 0; q < w; q += stride, dy += from) take(dy, row + <usize>q * to, to, true);
    }
  }
}
