// Sums along a contiguous row. Order: the row goes in blocks of 1024; within a block float32, lane j mod 8 takes element j, then
// lane i + lane i + 4 = t_i, then (t0 + t2) + (t1 + t3); between blocks float64 in order. It depends on the row's length only.
import { loadLanes, promoteHigh } from "./channel-sums";
import { loadPart, madd, sumLanes } from "./lanes";

export const ROW_BLOCK: i32 = 1024;

/** Lanes (a0 + a2, a1 + a3, b0 + b2, b1 + b3). */
// @ts-ignore: decorator
@inline
export function foldHalves(a: v128, b: v128): v128 {
  return f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
}

/** Lanes (a0 + a1, a2 + a3, b0 + b1, b2 + b3). */
// @ts-ignore: decorator
@inline
export function foldPairs(a: v128, b: v128): v128 {
  return f32x4.add(v128.shuffle<f32>(a, b, 0, 2, 4, 6), v128.shuffle<f32>(a, b, 1, 3, 5, 7));
}

/** The same as halfDots for a multiple of 16 columns; a sum of nothing but -0 stays -0. */
// @ts-ignore: decorator
@inline
function halfDots16(x: usize, u: usize, cols: i32): v128 {
  const end = x + ((<usize>cols) << 2);
  let x0 = v128.load(x);
  let x1 = v128.load(x, 16);
  let x2 = v128.load(x, 32);
  let x3 = v128.load(x, 48);
  let xu0 = madd(x2, v128.load(u, 32), f32x4.mul(x0, v128.load(u)));
  let xu1 = madd(x3, v128.load(u, 48), f32x4.mul(x1, v128.load(u, 16)));
  let xx0 = madd(x2, x2, f32x4.mul(x0, x0));
  let xx1 = madd(x3, x3, f32x4.mul(x1, x1));
  if (cols > 16) {
    for (x += 64, u += 64; x < end; x += 64, u += 64) {
      x0 = v128.load(x);
      x1 = v128.load(x, 16);
      x2 = v128.load(x, 32);
      x3 = v128.load(x, 48);
      xu0 = madd(x2, v128.load(u, 32), madd(x0, v128.load(u), xu0));
      xu1 = madd(x3, v128.load(u, 48), madd(x1, v128.load(u, 16), xu1));
      xx0 = madd(x2, x2, madd(x0, x0, xx0));
      xx1 = madd(x3, x3, madd(x1, x1, xx1));
    }
  }
  return foldHalves(f32x4.add(xu0, xu1), f32x4.add(xx0, xx1));
}

/** <x,u> and <x,x> of one block, halved lanes: (t0 + t2, t1 + t3) of each. */
// @ts-ignore: decorator
@inline
function halfDots(x: usize, u: usize, cols: i32): v128 {
  let xu0 = f32x4.splat(0);
  let xu1 = f32x4.splat(0);
  let xx0 = f32x4.splat(0);
  let xx1 = f32x4.splat(0);
  const end = x + (((<usize>cols) & ~7) << 2);
  const offset = u - x;
  let p = x;
  for (; p < end; p += 32) {
    const x0 = v128.load(p);
    const x1 = v128.load(p, 16);
    xu0 = madd(x0, v128.load(p + offset), xu0);
    xu1 = madd(x1, v128.load(p + offset, 16), xu1);
    xx0 = madd(x0, x0, xx0);
    xx1 = madd(x1, x1, xx1);
  }
  const rest = cols & 7;
  if (rest) {
    const x0 = loadLanes(p, min(4, rest));
    xu0 = madd(x0, loadLanes(p + offset, min(4, rest)), xu0);
    xx0 = madd(x0, x0, xx0);
  }
  if (rest > 4) {
    const x1 = loadPart(p + 16, rest - 4);
    xu1 = madd(x1, loadPart(p + offset + 16, rest - 4), xu1);
    xx1 = madd(x1, x1, xx1);
  }
  return foldHalves(f32x4.add(xu0, xu1), f32x4.add(xx0, xx1));
}

/** <a,b> of one block. */
// @ts-ignore: decorator
@inline
function blockDot(a: usize, b: usize, cols: i32): f32 {
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  const end = a + (((<usize>cols) & ~7) << 2);
  const offset = b - a;
  let p = a;
  for (; p < end; p += 32) {
    sum0 = madd(v128.load(p), v128.load(p + offset), sum0);
    sum1 = madd(v128.load(p, 16), v128.load(p + offset, 16), sum1);
  }
  const rest = cols & 7;
  if (rest) sum0 = madd(loadLanes(p, min(4, rest)), loadLanes(p + offset, min(4, rest)), sum0);
  if (rest > 4) sum1 = madd(loadPart(p + 16, rest - 4), loadPart(p + offset + 16, rest - 4), sum1);
  return sumLanes(f32x4.add(sum0, sum1));
}

/** sum + <a,b>, block by block. */
// @ts-ignore: decorator
@inline
export function addDots(sum: f64, a: usize, b: usize, cols: i32): f64 {
  for (let j = 0; j < cols; j += ROW_BLOCK) {
    const at = (<usize>j) << 2;
    sum += <f64>blockDot(a + at, b + at, min(ROW_BLOCK, cols - j));
  }
  return sum;
}

/** <a,b> of a row. */
// @ts-ignore: decorator
@inline
export function rowDot(a: usize, b: usize, cols: i32): f64 {
  return addDots(0, a, b, cols);
}

/** (<x,u>, <x,x>) of a row, float64. */
// @ts-ignore: decorator
@inline
export function rowDots(x: usize, u: usize, cols: i32): v128 {
  let sums = f64x2.splat(0);
  for (let j = 0; j < cols; j += ROW_BLOCK) {
    const at = (<usize>j) << 2;
    const half = halfDots(x + at, u + at, min(ROW_BLOCK, cols - j));
    sums = f64x2.add(sums, f64x2.promote_low_f32x4(foldPairs(half, half)));
  }
  return sums;
}

/** Rows that are taken at once. */
export const ROWS: i32 = 32;

/**
 * Half-summed lanes of up to ROWS rows of up to ROW_BLOCK columns, 16 bytes a row, for `twoQuotients`. Short loops, one after the other
 * over the same rows, keep the values of one row in registers.
 */
// @ts-ignore: decorator
@inline
export function halfSums(x: usize, u: usize, rows: i32, cols: i32, whole: bool, sums: usize): void {
  const stride = (<usize>cols) << 2;
  for (let i = 0; i < rows; i++, x += stride, u += stride, sums += 16) {
    v128.store(sums, whole ? halfDots16(x, u, cols) : halfDots(x, u, cols));
  }
}

/** <x,u> / (<x,x> + eps) of two rows, float64. -0 becomes 0, as in a sum that begins with 0. */
// @ts-ignore: decorator
@inline
export function twoQuotients(sums: usize, bias: v128): v128 {
  const dots = f32x4.add(foldPairs(v128.load(sums), v128.load(sums, 16)), f32x4.splat(0));
  const first = f64x2.promote_low_f32x4(dots);
  const second = promoteHigh(dots);
  return f64x2.div(v128.shuffle<f64>(first, second, 0, 2), f64x2.add(v128.shuffle<f64>(first, second, 1, 3), bias));
}

/** <x,u> / (<x,x> + eps) of a row. */
// @ts-ignore: decorator
@inline
export function rowQuotient(x: usize, u: usize, cols: i32, eps: f64): f64 {
  const sums = rowDots(x, u, cols);
  return f64x2.extract_lane(sums, 0) / (f64x2.extract_lane(sums, 1) + eps);
}
