// Maps of channels-last rows with coefficients a channel, for batch and group norm.
import { gate, loadLanes, storeLanes } from "./channel-sums";
import { madd } from "./lanes";

/** Rows that are done before the next channels, so that a cache line is still near. */
const BLOCK: i32 = 64;

// @ts-ignore: decorator
@inline
function rectify(v: v128, relu: bool): v128 {
  return relu ? f32x4.pmax(v, f32x4.splat(0)) : v;
}

// @ts-ignore: decorator
@inline
function scale4(x: usize, y: usize, rows: i32, stride: usize, scale: usize, shift: usize, lanes: i32, relu: bool): void {
  const a = loadLanes(scale, lanes);
  const b = loadLanes(shift, lanes);
  for (let i = 0, at: usize = 0; i < rows; i++, at += stride) {
    const v = rectify(madd(loadLanes(x + at, lanes), a, b), relu);
    storeLanes(y + at, v, lanes);
  }
}

// @ts-ignore: decorator
@inline
function scale16(x: usize, y: usize, rows: i32, stride: usize, scale: usize, shift: usize, relu: bool): void {
  const a0 = v128.load(scale);
  const a1 = v128.load(scale, 16);
  const a2 = v128.load(scale, 32);
  const a3 = v128.load(scale, 48);
  const b0 = v128.load(shift);
  const b1 = v128.load(shift, 16);
  const b2 = v128.load(shift, 32);
  const b3 = v128.load(shift, 48);
  for (let i = 0, at: usize = 0; i < rows; i++, at += stride) {
    const v0 = rectify(madd(v128.load(x + at), a0, b0), relu);
    const v1 = rectify(madd(v128.load(x + at, 16), a1, b1), relu);
    const v2 = rectify(madd(v128.load(x + at, 32), a2, b2), relu);
    const v3 = rectify(madd(v128.load(x + at, 48), a3, b3), relu);
    v128.store(y + at, v0);
    v128.store(y + at, v1, 16);
    v128.store(y + at, v2, 32);
    v128.store(y + at, v3, 48);
  }
}

// @ts-ignore: decorator
@inline
function scaleBlocks(x: usize, y: usize, rows: i32, c: i32, scale: usize, shift: usize, relu: bool): void {
  const stride = (<usize>c) << 2;
  for (let i = 0; i < rows; i += BLOCK) {
    const count = min(BLOCK, rows - i);
    const from = <usize>i * stride;
    let j: usize = 0;
    for (; j + 16 <= <usize>c; j += 16) {
      const at = j << 2;
      scale16(x + from + at, y + from + at, count, stride, scale + at, shift + at, relu);
    }
    for (; j < <usize>c; j += 4) {
      const at = j << 2;
      scale4(x + from + at, y + from + at, count, stride, scale + at, shift + at, min(4, c - <i32>j), relu);
    }
  }
}

/** y = x * scale + shift, and its positive part if `relu`; NaN stays. */
export function scaleRows(x: usize, y: usize, rows: i32, c: i32, scale: usize, shift: usize, relu: i32): void {
  if (relu) scaleBlocks(x, y, rows, c, scale, shift, true);
  else scaleBlocks(x, y, rows, c, scale, shift, false);
}

// @ts-ignore: decorator
@inline
function backward4(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  stride: usize,
  mean: usize,
  scale: usize,
  shift: usize,
  slope: usize,
  offset: usize,
  lanes: i32,
  relu: bool,
): void {
  const center = loadLanes(mean, lanes);
  const a = loadLanes(scale, lanes);
  const b = relu ? loadLanes(shift, lanes) : a;
  const m = loadLanes(slope, lanes);
  const k = loadLanes(offset, lanes);
  for (let i = 0, at: usize = 0; i < rows; i++, at += stride) {
    const v = loadLanes(x + at, lanes);
    const g = madd(gate(v, loadLanes(dy + at, lanes), a, b, relu), a, madd(f32x4.sub(v, center), m, k));
    storeLanes(dx + at, g, lanes);
  }
}

// @ts-ignore: decorator
@inline
function backward8(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  stride: usize,
  mean: usize,
  scale: usize,
  shift: usize,
  slope: usize,
  offset: usize,
  relu: bool,
): void {
  const center0 = v128.load(mean);
  const center1 = v128.load(mean, 16);
  const a0 = v128.load(scale);
  const a1 = v128.load(scale, 16);
  const b0 = relu ? v128.load(shift) : a0;
  const b1 = relu ? v128.load(shift, 16) : a1;
  const m0 = v128.load(slope);
  const m1 = v128.load(slope, 16);
  const k0 = v128.load(offset);
  const k1 = v128.load(offset, 16);
  for (let i = 0, at: usize = 0; i < rows; i++, at += stride) {
    const v0 = v128.load(x + at);
    const v1 = v128.load(x + at, 16);
    const g0 = madd(gate(v0, v128.load(dy + at), a0, b0, relu), a0, madd(f32x4.sub(v0, center0), m0, k0));
    const g1 = madd(gate(v1, v128.load(dy + at, 16), a1, b1, relu), a1, madd(f32x4.sub(v1, center1), m1, k1));
    v128.store(dx + at, g0);
    v128.store(dx + at, g1, 16);
  }
}

// @ts-ignore: decorator
@inline
function backwardBlocks(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  c: i32,
  mean: usize,
  scale: usize,
  shift: usize,
  slope: usize,
  offset: usize,
  relu: bool,
): void {
  const stride = (<usize>c) << 2;
  for (let i = 0; i < rows; i += BLOCK) {
    const count = min(BLOCK, rows - i);
    const from = <usize>i * stride;
    let j: usize = 0;
    for (; j + 8 <= <usize>c; j += 8) {
      const at = j << 2;
      const to = from + at;
      backward8(x + to, dy + to, dx + to, count, stride, mean + at, scale + at, shift + at, slope + at, offset + at, relu);
    }
    for (; j < <usize>c; j += 4) {
      const at = j << 2;
      const to = from + at;
      const lanes = min(4, c - <i32>j);
      backward4(x + to, dy + to, dx + to, count, stride, mean + at, scale + at, shift + at, slope + at, offset + at, lanes, relu);
    }
  }
}

/** dx = dz * scale + ((x - mean) * slope + offset); dz = dy, or 0 where x * scale + shift is not positive if shift is given. */
export function backwardRows(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  c: i32,
  mean: usize,
  scale: usize,
  shift: usize,
  slope: usize,
  offset: usize,
): void {
  if (shift) backwardBlocks(x, dy, dx, rows, c, mean, scale, shift, slope, offset, true);
  else backwardBlocks(x, dy, dx, rows, c, mean, scale, shift, slope, offset, false);
}
