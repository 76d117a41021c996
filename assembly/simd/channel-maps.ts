// Maps of channels-last rows with coefficients a channel, for batch and group norm. Memory is read and written in order: few rows at
// a time go through all channels.
import { gate, loadLanes, storeLanes, stripRows } from "./channel-sums";
import { madd } from "./lanes";

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
  for (; rows > 0; rows--, x += stride, y += stride) storeLanes(y, rectify(madd(loadLanes(x, lanes), a, b), relu), lanes);
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
  for (; rows > 0; rows--, x += stride, y += stride) {
    const v0 = rectify(madd(v128.load(x), a0, b0), relu);
    const v1 = rectify(madd(v128.load(x, 16), a1, b1), relu);
    const v2 = rectify(madd(v128.load(x, 32), a2, b2), relu);
    const v3 = rectify(madd(v128.load(x, 48), a3, b3), relu);
    v128.store(y, v0);
    v128.store(y, v1, 16);
    v128.store(y, v2, 32);
    v128.store(y, v3, 48);
  }
}

/** Two rows of 8 channels. */
// @ts-ignore: decorator
@inline
function scalePair(x: usize, y: usize, stride: usize, scale: usize, shift: usize, relu: bool): void {
  const a0 = v128.load(scale);
  const a1 = v128.load(scale, 16);
  const b0 = v128.load(shift);
  const b1 = v128.load(shift, 16);
  const v0 = rectify(madd(v128.load(x), a0, b0), relu);
  const v1 = rectify(madd(v128.load(x, 16), a1, b1), relu);
  const w0 = rectify(madd(v128.load(x + stride), a0, b0), relu);
  const w1 = rectify(madd(v128.load(x + stride, 16), a1, b1), relu);
  v128.store(y, v0);
  v128.store(y, v1, 16);
  v128.store(y + stride, w0);
  v128.store(y + stride, w1, 16);
}

// @ts-ignore: decorator
@inline
function scaleAll(x: usize, y: usize, rows: i32, c: i32, scale: usize, shift: usize, relu: bool): void {
  const stride = (<usize>c) << 2;
  if (c == 16) {
    scale16(x, y, rows, stride, scale, shift, relu);
    return;
  }
  for (; rows > 1; rows -= 2, x += 2 * stride, y += 2 * stride) {
    let at: usize = 0;
    for (; at + 32 <= stride; at += 32) scalePair(x + at, y + at, stride, scale + at, shift + at, relu);
    for (; at < stride; at += 16) scale4(x + at, y + at, 2, stride, scale + at, shift + at, min(4, (<i32>(stride - at)) >> 2), relu);
  }
  if (rows > 0) {
    for (let at: usize = 0; at < stride; at += 16) {
      scale4(x + at, y + at, 1, stride, scale + at, shift + at, min(4, (<i32>(stride - at)) >> 2), relu);
    }
  }
}

function scaleRelu(x: usize, y: usize, rows: i32, c: i32, scale: usize, shift: usize): void {
  scaleAll(x, y, rows, c, scale, shift, true);
}

function scalePlain(x: usize, y: usize, rows: i32, c: i32, scale: usize, shift: usize): void {
  scaleAll(x, y, rows, c, scale, shift, false);
}

/** y = x * scale + shift, and its positive part if `relu`; NaN stays. */
export function scaleRows(x: usize, y: usize, rows: i32, c: i32, scale: usize, shift: usize, relu: i32): void {
  if (relu) scaleRelu(x, y, rows, c, scale, shift);
  else scalePlain(x, y, rows, c, scale, shift);
}

/** g, or g added to what is at p; up to 4 channels. */
// @ts-ignore: decorator
@inline
function sumAt(p: usize, g: v128, lanes: i32, add: bool): v128 {
  return add ? f32x4.add(loadLanes(p, lanes), g) : g;
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
  threshold: usize,
  slope: usize,
  offset: usize,
  lanes: i32,
  relu: bool,
  add: bool,
): void {
  const center = loadLanes(mean, lanes);
  const a = loadLanes(scale, lanes);
  const t = relu ? loadLanes(threshold, lanes) : a;
  const m = loadLanes(slope, lanes);
  const k = loadLanes(offset, lanes);
  for (; rows > 0; rows--, x += stride, dy += stride, dx += stride) {
    const v = loadLanes(x, lanes);
    const g = madd(gate(v, loadLanes(dy, lanes), a, t, relu), a, madd(f32x4.sub(v, center), m, k));
    storeLanes(dx, sumAt(dx, g, lanes, add), lanes);
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
  threshold: usize,
  slope: usize,
  offset: usize,
  relu: bool,
  add: bool,
): void {
  const center0 = v128.load(mean);
  const center1 = v128.load(mean, 16);
  const a0 = v128.load(scale);
  const a1 = v128.load(scale, 16);
  const t0 = relu ? v128.load(threshold) : a0;
  const t1 = relu ? v128.load(threshold, 16) : a1;
  const m0 = v128.load(slope);
  const m1 = v128.load(slope, 16);
  const k0 = v128.load(offset);
  const k1 = v128.load(offset, 16);
  for (; rows > 0; rows--, x += stride, dy += stride, dx += stride) {
    const v0 = v128.load(x);
    const v1 = v128.load(x, 16);
    const g0 = madd(gate(v0, v128.load(dy), a0, t0, relu), a0, madd(f32x4.sub(v0, center0), m0, k0));
    const g1 = madd(gate(v1, v128.load(dy, 16), a1, t1, relu), a1, madd(f32x4.sub(v1, center1), m1, k1));
    const sum0 = sumAt(dx, g0, 4, add);
    const sum1 = sumAt(dx + 16, g1, 4, add);
    v128.store(dx, sum0);
    v128.store(dx, sum1, 16);
  }
}

// @ts-ignore: decorator
@inline
function backwardAll(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  c: i32,
  mean: usize,
  scale: usize,
  threshold: usize,
  slope: usize,
  offset: usize,
  relu: bool,
  add: bool,
): void {
  const stride = (<usize>c) << 2;
  const strip = stripRows(c);
  for (; rows > 0; rows -= strip) {
    const count = min(strip, rows);
    let at: usize = 0;
    for (; at + 32 <= stride; at += 32) {
      backward8(x + at, dy + at, dx + at, count, stride, mean + at, scale + at, threshold + at, slope + at, offset + at, relu, add);
    }
    for (; at < stride; at += 16) {
      const lanes = min(4, (<i32>(stride - at)) >> 2);
      backward4(x + at, dy + at, dx + at, count, stride, mean + at, scale + at, threshold + at, slope + at, offset + at, lanes, relu, add);
    }
    const step = <usize>count * stride;
    x += step;
    dy += step;
    dx += step;
  }
}

function backwardRelu(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  c: i32,
  mean: usize,
  scale: usize,
  threshold: usize,
  slope: usize,
  offset: usize,
): void {
  backwardAll(x, dy, dx, rows, c, mean, scale, threshold, slope, offset, true, false);
}

function backwardPlain(x: usize, dy: usize, dx: usize, rows: i32, c: i32, mean: usize, scale: usize, slope: usize, offset: usize): void {
  backwardAll(x, dy, dx, rows, c, mean, scale, 0, slope, offset, false, false);
}

/**
 * dx = dz * scale + ((x - mean) * slope + offset); dz = dy, or 0 where x * scale is not above the threshold if there is one. dx may be
 * dy.
 */
export function backwardRows(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  c: i32,
  mean: usize,
  scale: usize,
  threshold: usize,
  slope: usize,
  offset: usize,
): void {
  if (threshold) backwardRelu(x, dy, dx, rows, c, mean, scale, threshold, slope, offset);
  else backwardPlain(x, dy, dx, rows, c, mean, scale, slope, offset);
}

function addBackwardRelu(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  c: i32,
  mean: usize,
  scale: usize,
  threshold: usize,
  slope: usize,
  offset: usize,
): void {
  backwardAll(x, dy, dx, rows, c, mean, scale, threshold, slope, offset, true, true);
}

function addBackwardPlain(x: usize, dy: usize, dx: usize, rows: i32, c: i32, mean: usize, scale: usize, slope: usize, offset: usize): void {
  backwardAll(x, dy, dx, rows, c, mean, scale, 0, slope, offset, false, true);
}

/** The same added to dx. */
export function addBackwardRows(
  x: usize,
  dy: usize,
  dx: usize,
  rows: i32,
  c: i32,
  mean: usize,
  scale: usize,
  threshold: usize,
  slope: usize,
  offset: usize,
): void {
  if (threshold) addBackwardRelu(x, dy, dx, rows, c, mean, scale, threshold, slope, offset);
  else addBackwardPlain(x, dy, dx, rows, c, mean, scale, slope, offset);
}
