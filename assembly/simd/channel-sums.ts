// Sums a channel over the rows of channels-last data, for batch and group norm.
// Order of a sum: rows go in blocks of 64; within a block float32 (see each function), between blocks float64 in order.
// A channel's sum depends on nothing but its own rows. Sums are float64 in scratch rows of `padded(c)` channels.
import { loadPart, madd, storePart } from "./lanes";

const BLOCK: i32 = 64;

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

/** One block of up to 4 channels. */
function momentsBlock4(x: usize, rows: i32, stride: usize, shifts: usize, sums: usize, squares: usize, lanes: i32): void {
  const shift = v128.load(shifts);
  let even = f32x4.splat(0);
  let odd = f32x4.splat(0);
  let squareEven = f32x4.splat(0);
  let squareOdd = f32x4.splat(0);
  for (let i = 0, p = x; i < rows; i++, p += stride) {
    const d = f32x4.sub(loadLanes(p, lanes), shift);
    if (i & 1) {
      odd = f32x4.add(odd, d);
      squareOdd = madd(d, d, squareOdd);
    } else {
      even = f32x4.add(even, d);
      squareEven = madd(d, d, squareEven);
    }
  }
  const sum = f32x4.add(even, odd);
  addBlock(sums, squares, rows, shift, sum, f32x4.add(squareEven, squareOdd));
  v128.store(shifts, f32x4.add(shift, f32x4.div(sum, f32x4.splat(<f32>rows))));
}

/** One block of 8 channels. */
function momentsBlock8(x: usize, rows: i32, stride: usize, shifts: usize, sums: usize, squares: usize): void {
  const shift0 = v128.load(shifts);
  const shift1 = v128.load(shifts, 16);
  let even0 = f32x4.splat(0);
  let even1 = f32x4.splat(0);
  let odd0 = f32x4.splat(0);
  let odd1 = f32x4.splat(0);
  let squareEven0 = f32x4.splat(0);
  let squareEven1 = f32x4.splat(0);
  let squareOdd0 = f32x4.splat(0);
  let squareOdd1 = f32x4.splat(0);
  let p = x;
  for (let i = rows >> 1; i > 0; i--) {
    let d0 = f32x4.sub(v128.load(p), shift0);
    let d1 = f32x4.sub(v128.load(p, 16), shift1);
    p += stride;
    even0 = f32x4.add(even0, d0);
    even1 = f32x4.add(even1, d1);
    squareEven0 = madd(d0, d0, squareEven0);
    squareEven1 = madd(d1, d1, squareEven1);
    d0 = f32x4.sub(v128.load(p), shift0);
    d1 = f32x4.sub(v128.load(p, 16), shift1);
    p += stride;
    odd0 = f32x4.add(odd0, d0);
    odd1 = f32x4.add(odd1, d1);
    squareOdd0 = madd(d0, d0, squareOdd0);
    squareOdd1 = madd(d1, d1, squareOdd1);
  }
  if (rows & 1) {
    const d0 = f32x4.sub(v128.load(p), shift0);
    const d1 = f32x4.sub(v128.load(p, 16), shift1);
    even0 = f32x4.add(even0, d0);
    even1 = f32x4.add(even1, d1);
    squareEven0 = madd(d0, d0, squareEven0);
    squareEven1 = madd(d1, d1, squareEven1);
  }
  even0 = f32x4.add(even0, odd0);
  even1 = f32x4.add(even1, odd1);
  addBlock(sums, squares, rows, shift0, even0, f32x4.add(squareEven0, squareOdd0));
  addBlock(sums + 32, squares + 32, rows, shift1, even1, f32x4.add(squareEven1, squareOdd1));
  const count = f32x4.splat(<f32>rows);
  v128.store(shifts, f32x4.add(shift0, f32x4.div(even0, count)));
  v128.store(shifts, f32x4.add(shift1, f32x4.div(even1, count)), 16);
}

/**
 * sums[0] = sum of x, sums[1] = sum of x^2 a channel, taken about a shift near the mean: the first block's own mean, then the mean of
 * the block before, which bounds the cancellation by a small multiple of the variance. Within a block even and odd rows are
 * summed apart, then added. Scratch: 2 float64 rows, then 1 float32 row.
 */
export function rawMoments(x: usize, rows: i32, c: i32, sums: usize): void {
  const stride = (<usize>c) << 2;
  const width = padded(c) << 3;
  const shifts = sums + 2 * width;
  memory.fill(sums, 0, 2 * width + (width >> 1));
  if (rows > 0) blockMeans(x, min(BLOCK, rows), c, shifts);
  for (let i = 0; i < rows; i += BLOCK) {
    const count = min(BLOCK, rows - i);
    const from = x + <usize>i * stride;
    let j: usize = 0;
    for (; j + 8 <= <usize>c; j += 8) {
      const at = j << 2;
      const to = sums + (j << 3);
      momentsBlock8(from + at, count, stride, shifts + at, to, to + width);
    }
    for (; j < <usize>c; j += 4) {
      const at = j << 2;
      const to = sums + (j << 3);
      momentsBlock4(from + at, count, stride, shifts + at, to, to + width, min(4, c - <i32>j));
    }
  }
}

/** dy where x * scale + shift is positive, else 0; dy itself without relu. */
// @ts-ignore: decorator
@inline
export function gate(x: v128, dy: v128, scale: v128, shift: v128, relu: bool): v128 {
  return relu ? v128.and(dy, f32x4.gt(madd(x, scale, shift), f32x4.splat(0))) : dy;
}

// @ts-ignore: decorator
@inline
function productsBlock4(
  x: usize,
  dy: usize,
  rows: i32,
  stride: usize,
  mean: usize,
  scale: usize,
  shift: usize,
  sums: usize,
  products: usize,
  lanes: i32,
  relu: bool,
): void {
  const center = loadLanes(mean, lanes);
  const a = relu ? loadLanes(scale, lanes) : center;
  const b = relu ? loadLanes(shift, lanes) : center;
  let sum = f32x4.splat(0);
  let product = f32x4.splat(0);
  for (let i = 0, at: usize = 0; i < rows; i++, at += stride) {
    const v = loadLanes(x + at, lanes);
    const dz = gate(v, loadLanes(dy + at, lanes), a, b, relu);
    sum = f32x4.add(sum, dz);
    product = madd(dz, f32x4.sub(v, center), product);
  }
  addTo(sums, sum);
  addTo(products, product);
}

// @ts-ignore: decorator
@inline
function productsBlock8(
  x: usize,
  dy: usize,
  rows: i32,
  stride: usize,
  mean: usize,
  scale: usize,
  shift: usize,
  sums: usize,
  products: usize,
  relu: bool,
): void {
  const mean0 = v128.load(mean);
  const mean1 = v128.load(mean, 16);
  const scale0 = relu ? v128.load(scale) : mean0;
  const scale1 = relu ? v128.load(scale, 16) : mean1;
  const shift0 = relu ? v128.load(shift) : mean0;
  const shift1 = relu ? v128.load(shift, 16) : mean1;
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let product0 = f32x4.splat(0);
  let product1 = f32x4.splat(0);
  for (let i = 0, at: usize = 0; i < rows; i++, at += stride) {
    const x0 = v128.load(x + at);
    const x1 = v128.load(x + at, 16);
    const dz0 = gate(x0, v128.load(dy + at), scale0, shift0, relu);
    const dz1 = gate(x1, v128.load(dy + at, 16), scale1, shift1, relu);
    sum0 = f32x4.add(sum0, dz0);
    sum1 = f32x4.add(sum1, dz1);
    product0 = madd(dz0, f32x4.sub(x0, mean0), product0);
    product1 = madd(dz1, f32x4.sub(x1, mean1), product1);
  }
  addTo(sums, sum0);
  addTo(sums + 32, sum1);
  addTo(products, product0);
  addTo(products + 32, product1);
}

// @ts-ignore: decorator
@inline
function products(x: usize, dy: usize, rows: i32, c: i32, mean: usize, scale: usize, shift: usize, sums: usize, relu: bool): void {
  const stride = (<usize>c) << 2;
  const width = padded(c) << 3;
  for (let i = 0; i < rows; i += BLOCK) {
    const count = min(BLOCK, rows - i);
    const from = <usize>i * stride;
    let j: usize = 0;
    for (; j + 8 <= <usize>c; j += 8) {
      const at = j << 2;
      const to = sums + (j << 3);
      productsBlock8(x + from + at, dy + from + at, count, stride, mean + at, scale + at, shift + at, to, to + width, relu);
    }
    for (; j < <usize>c; j += 4) {
      const at = j << 2;
      const to = sums + (j << 3);
      const lanes = min(4, c - <i32>j);
      productsBlock4(x + from + at, dy + from + at, count, stride, mean + at, scale + at, shift + at, to, to + width, lanes, relu);
    }
  }
}

/**
 * Adds to sums[0] the sum of dz and to sums[1] that of dz * (x - mean) a channel; dz = dy, or 0 where x * scale + shift is not positive
 * if scale is given. Within a block: rows in order.
 */
export function addProducts(x: usize, dy: usize, rows: i32, c: i32, mean: usize, scale: usize, shift: usize, sums: usize): void {
  if (scale) products(x, dy, rows, c, mean, scale, shift, sums, true);
  else products(x, dy, rows, c, mean, scale, shift, sums, false);
}
