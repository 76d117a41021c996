// Sums a channel over the rows of channels-last data, for batch and group norm.
// Order of a sum: rows go in blocks of 64; within a block float32 (see each function), between blocks float64 in order.
// A channel's sum depends on nothing but its own rows. Sums are float64 in scratch rows of `padded(c)` channels.
// Memory is read in order: few rows at a time go through all channels, while the float32 sums of their block wait in scratch.
import { loadPart, madd, storePart } from "./lanes";

const BLOCK: i32 = 64;
/** Channels of rows that are a line long at most. */
const NARROW: i32 = 16;
const STRIP: i32 = 16;

/** Rows that go through all channels together: about half a KiB, so that lines are touched nearly in order. An even number. */
// @ts-ignore: decorator
@inline
export function stripRows(c: i32): i32 {
  return c > 2 * NARROW ? 2 : c > NARROW ? 4 : STRIP;
}

/** Channels rounded up to whole vectors. */
// @ts-ignore: decorator
@inline
export function padded(c: i32): usize {
  return (<usize>c + 3) & ~3;
}

/** The first `lanes` (1 to 4) floats at p. */
// @ts-ignore: decorator
@inline
export function loadLanes(p: usize, lanes: i32): v128 {
  return lanes == 4 ? v128.load(p) : loadPart(p, lanes);
}

/** Writes the first `lanes` (1 to 4) lanes of v at p. */
// @ts-ignore: decorator
@inline
export function storeLanes(p: usize, v: v128, lanes: i32): void {
  if (lanes == 4) v128.store(p, v);
  else storePart(p, v, lanes);
}

// @ts-ignore: decorator
@inline
export function promoteHigh(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1));
}

/** Adds four float32 lanes to four float64 sums. */
// @ts-ignore: decorator
@inline
export function addTo(sums: usize, v: v128): void {
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(v)));
  v128.store(sums, f64x2.add(v128.load(sums, 16), promoteHigh(v)), 16);
}

// @ts-ignore: decorator
@inline
function addBlock2(sums: usize, squares: usize, count: v128, shift: v128, deviation: v128, square: v128): void {
  const total = f64x2.mul(count, shift);
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.add(total, deviation)));
  const raw = f64x2.add(square, f64x2.mul(shift, f64x2.add(total, f64x2.add(deviation, deviation))));
  v128.store(squares, f64x2.add(v128.load(squares), raw));
}

/** Adds a block's sum and sum of squares, given about `shift`, to the float64 sums. */
// @ts-ignore: decorator
@inline
function addBlock(sums: usize, squares: usize, rows: i32, shift: v128, deviation: v128, square: v128): void {
  const count = f64x2.splat(<f64>rows);
  addBlock2(sums, squares, count, f64x2.promote_low_f32x4(shift), f64x2.promote_low_f32x4(deviation), f64x2.promote_low_f32x4(square));
  addBlock2(sums + 16, squares + 16, count, promoteHigh(shift), promoteHigh(deviation), promoteHigh(square));
}

/** The mean of each channel over a block: rows in order. */
function blockMeans(x: usize, rows: i32, c: i32, means: usize): void {
  const stride = (<usize>c) << 2;
  for (let j = 0; j < c; j += 4, x += 16, means += 16) {
    const lanes = min(4, c - j);
    let sum = f32x4.splat(0);
    for (let i = 0, p = x; i < rows; i++, p += stride) sum = f32x4.add(sum, loadLanes(p, lanes));
    v128.store(means, f32x4.div(sum, f32x4.splat(<f32>rows)));
  }
}

/** Adds rows to a block's sums of up to 4 channels: even rows, odd rows, their squares, a row of `width` bytes each. */
function momentsOf4(x: usize, rows: i32, stride: usize, shifts: usize, totals: usize, width: usize, lanes: i32): void {
  const shift = v128.load(shifts);
  let even = v128.load(totals);
  let odd = v128.load(totals + width);
  let squareEven = v128.load(totals + 2 * width);
  let squareOdd = v128.load(totals + 3 * width);
  for (let i = 0; i < rows; i++, x += stride) {
    const d = f32x4.sub(loadLanes(x, lanes), shift);
    if (i & 1) {
      odd = f32x4.add(odd, d);
      squareOdd = madd(d, d, squareOdd);
    } else {
      even = f32x4.add(even, d);
      squareEven = madd(d, d, squareEven);
    }
  }
  v128.store(totals, even);
  v128.store(totals + width, odd);
  v128.store(totals + 2 * width, squareEven);
  v128.store(totals + 3 * width, squareOdd);
}

/** The same for 8 channels. */
// @ts-ignore: decorator
@inline
function momentsOf8(x: usize, rows: i32, stride: usize, shifts: usize, totals: usize, width: usize): void {
  const shift0 = v128.load(shifts);
  const shift1 = v128.load(shifts, 16);
  let even0 = v128.load(totals);
  let even1 = v128.load(totals, 16);
  let odd0 = v128.load(totals + width);
  let odd1 = v128.load(totals + width, 16);
  let squareEven0 = v128.load(totals + 2 * width);
  let squareEven1 = v128.load(totals + 2 * width, 16);
  let squareOdd0 = v128.load(totals + 3 * width);
  let squareOdd1 = v128.load(totals + 3 * width, 16);
  for (let i = rows >> 1; i > 0; i--) {
    let d0 = f32x4.sub(v128.load(x), shift0);
    let d1 = f32x4.sub(v128.load(x, 16), shift1);
    x += stride;
    even0 = f32x4.add(even0, d0);
    even1 = f32x4.add(even1, d1);
    squareEven0 = madd(d0, d0, squareEven0);
    squareEven1 = madd(d1, d1, squareEven1);
    d0 = f32x4.sub(v128.load(x), shift0);
    d1 = f32x4.sub(v128.load(x, 16), shift1);
    x += stride;
    odd0 = f32x4.add(odd0, d0);
    odd1 = f32x4.add(odd1, d1);
    squareOdd0 = madd(d0, d0, squareOdd0);
    squareOdd1 = madd(d1, d1, squareOdd1);
  }
  if (rows & 1) {
    const d0 = f32x4.sub(v128.load(x), shift0);
    const d1 = f32x4.sub(v128.load(x, 16), shift1);
    even0 = f32x4.add(even0, d0);
    even1 = f32x4.add(even1, d1);
    squareEven0 = madd(d0, d0, squareEven0);
    squareEven1 = madd(d1, d1, squareEven1);
  }
  v128.store(totals, even0);
  v128.store(totals, even1, 16);
  v128.store(totals + width, odd0);
  v128.store(totals + width, odd1, 16);
  v128.store(totals + 2 * width, squareEven0);
  v128.store(totals + 2 * width, squareEven1, 16);
  v128.store(totals + 3 * width, squareOdd0);
  v128.store(totals + 3 * width, squareOdd1, 16);
}

/** Adds a finished block to the sums and moves the shifts to its mean. */
function endMoments(rows: i32, c: i32, shifts: usize, totals: usize, sums: usize): void {
  const width = padded(c) << 2;
  const count = f32x4.splat(<f32>rows);
  for (let j = 0; j < c; j += 4, shifts += 16, totals += 16, sums += 32) {
    const shift = v128.load(shifts);
    const sum = f32x4.add(v128.load(totals), v128.load(totals + width));
    addBlock(sums, sums + 2 * width, rows, shift, sum, f32x4.add(v128.load(totals + 2 * width), v128.load(totals + 3 * width)));
    v128.store(shifts, f32x4.add(shift, f32x4.div(sum, count)));
  }
}

/** Float32 rows of scratch that rawMoments takes, the sums among them. */
export const MOMENT_ROWS: usize = 9;

/**
 * sums[0] = sum of x, sums[1] = sum of x^2 a channel, taken about a shift near the mean: the first block's own mean, then the mean of
 * the block before, which bounds the cancellation by a small multiple of the variance. Within a block even and odd rows are
 * summed apart, then added.
 */
export function rawMoments(x: usize, rows: i32, c: i32, sums: usize): void {
  const stride = (<usize>c) << 2;
  const width = padded(c) << 2;
  const shifts = sums + 4 * width;
  const totals = shifts + width;
  const strip = c > NARROW ? 2 * stripRows(c) : STRIP;
  memory.fill(sums, 0, 5 * width);
  if (rows > 0) blockMeans(x, min(BLOCK, rows), c, shifts);
  for (; rows > 0; rows -= BLOCK, x += <usize>BLOCK * stride) {
    const count = min(BLOCK, rows);
    memory.fill(totals, 0, 4 * width);
    for (let i = 0; i < count; i += strip) {
      const part = min(strip, count - i);
      const from = x + <usize>i * stride;
      let at: usize = 0;
      for (; at + 32 <= stride; at += 32) momentsOf8(from + at, part, stride, shifts + at, totals + at, width);
      for (; at < stride; at += 16) momentsOf4(from + at, part, stride, shifts + at, totals + at, width, min(4, (<i32>(stride - at)) >> 2));
    }
    endMoments(count, c, shifts, totals, sums);
  }
}

/** dy where x * scale is above the threshold, else 0; dy itself without relu. Above minus the shift, x * scale + shift is positive. */
// @ts-ignore: decorator
@inline
export function gate(x: v128, dy: v128, scale: v128, threshold: v128, relu: bool): v128 {
  return relu ? v128.and(dy, f32x4.gt(f32x4.mul(x, scale), threshold)) : dy;
}

/** Adds rows to a block's sums of up to 4 channels. */
// @ts-ignore: decorator
@inline
function productsOf4(
  x: usize,
  dy: usize,
  rows: i32,
  stride: usize,
  mean: usize,
  scale: usize,
  threshold: usize,
  totals: usize,
  width: usize,
  lanes: i32,
  relu: bool,
): void {
  const center = loadLanes(mean, lanes);
  const a = relu ? loadLanes(scale, lanes) : center;
  const t = relu ? loadLanes(threshold, lanes) : center;
  let sum = v128.load(totals);
  let product = v128.load(totals + width);
  for (; rows > 0; rows--, x += stride, dy += stride) {
    const v = loadLanes(x, lanes);
    const dz = gate(v, loadLanes(dy, lanes), a, t, relu);
    sum = f32x4.add(sum, dz);
    product = madd(dz, f32x4.sub(v, center), product);
  }
  v128.store(totals, sum);
  v128.store(totals + width, product);
}

/** The same for 8 channels. */
// @ts-ignore: decorator
@inline
function productsOf8(
  x: usize,
  dy: usize,
  rows: i32,
  stride: usize,
  mean: usize,
  scale: usize,
  threshold: usize,
  totals: usize,
  width: usize,
  relu: bool,
): void {
  const mean0 = v128.load(mean);
  const mean1 = v128.load(mean, 16);
  const a0 = relu ? v128.load(scale) : mean0;
  const a1 = relu ? v128.load(scale, 16) : mean1;
  const t0 = relu ? v128.load(threshold) : mean0;
  const t1 = relu ? v128.load(threshold, 16) : mean1;
  let sum0 = v128.load(totals);
  let sum1 = v128.load(totals, 16);
  let product0 = v128.load(totals + width);
  let product1 = v128.load(totals + width, 16);
  for (; rows > 0; rows--, x += stride, dy += stride) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const dz0 = gate(x0, v128.load(dy), a0, t0, relu);
    const dz1 = gate(x1, v128.load(dy, 16), a1, t1, relu);
    sum0 = f32x4.add(sum0, dz0);
    sum1 = f32x4.add(sum1, dz1);
    product0 = madd(dz0, f32x4.sub(x0, mean0), product0);
    product1 = madd(dz1, f32x4.sub(x1, mean1), product1);
  }
  v128.store(totals, sum0);
  v128.store(totals, sum1, 16);
  v128.store(totals + width, product0);
  v128.store(totals + width, product1, 16);
}

// @ts-ignore: decorator
@inline
function products(x: usize, dy: usize, rows: i32, c: i32, mean: usize, scale: usize, threshold: usize, sums: usize, relu: bool): void {
  const stride = (<usize>c) << 2;
  const width = padded(c) << 2;
  const totals = sums + 4 * width;
  const strip = stripRows(c);
  for (; rows > 0; rows -= BLOCK) {
    memory.fill(totals, 0, 2 * width);
    for (let left = min(BLOCK, rows); left > 0; left -= strip) {
      const count = min(strip, left);
      let at: usize = 0;
      for (; at + 32 <= stride; at += 32) {
        productsOf8(x + at, dy + at, count, stride, mean + at, scale + at, threshold + at, totals + at, width, relu);
      }
      for (; at < stride; at += 16) {
        const lanes = min(4, (<i32>(stride - at)) >> 2);
        productsOf4(x + at, dy + at, count, stride, mean + at, scale + at, threshold + at, totals + at, width, lanes, relu);
      }
      x += <usize>count * stride;
      dy += <usize>count * stride;
    }
    for (let at: usize = 0; at < 2 * width; at += 16) addTo(sums + 2 * at, v128.load(totals + at));
  }
}

function productsRelu(x: usize, dy: usize, rows: i32, c: i32, mean: usize, scale: usize, threshold: usize, sums: usize): void {
  products(x, dy, rows, c, mean, scale, threshold, sums, true);
}

function productsPlain(x: usize, dy: usize, rows: i32, c: i32, mean: usize, sums: usize): void {
  products(x, dy, rows, c, mean, 0, 0, sums, false);
}

/** Float32 rows of scratch that addProducts takes, the sums among them. */
export const PRODUCT_ROWS: usize = 6;

/**
 * Adds to sums[0] the sum of dz and to sums[1] that of dz * (x - mean) a channel; dz = dy, or 0 where x * scale is not above the
 * threshold if there is one. Within a block: rows in order.
 */
export function addProducts(x: usize, dy: usize, rows: i32, c: i32, mean: usize, scale: usize, threshold: usize, sums: usize): void {
  if (threshold) productsRelu(x, dy, rows, c, mean, scale, threshold, sums);
  else productsPlain(x, dy, rows, c, mean, sums);
}
