// Sums, largest values and indices along one axis of [outer, length, inner], sums over a buffer, and the tree that adds shards. Orders of
// sums (part of the numerics contract; float32 adds unless said; accumulators start at 0): reduce_sum, inner = 1: blocks of 2048, element
// j to accumulator j mod 16, ascending; a block's accumulators added to sixteen totals; at the end (v0 + v1) + (v2 + v3), its lanes
// (l0 + l2) + (l1 + l3). inner > 1: blocks of 128 along the axis, ascending, the blocks' sums ascending. sum_of_squares: float64, element
// j to accumulator j mod 16, squares exact; pairs p of accumulators ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7)), its two lanes
// added and rounded to float32. tree_sum: see there. The largest and their indices need no order.
import { loadPart, loadUpTo, storePart, storeUpTo, sumLanes } from "./lanes";
import { constant } from "./transcendental";

const ROW_BLOCK: i32 = 2048;
const COLUMN_BLOCK: i32 = 128;

// -infinity.
const C: usize = memory.data<f32>([reinterpret<f32>(0xff800000)], 16);

/** The sum of a row. */
function rowSum(x: usize, length: i32): f32 {
  let t0 = f32x4.splat(0);
  let t1 = t0;
  let t2 = t0;
  let t3 = t0;
  while (length > 0) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let i = min(length, ROW_BLOCK);
    length -= i;
    for (; i >= 16; i -= 16, x += 64) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    if (i > 0) s0 = f32x4.add(s0, loadUpTo(x, i));
    if (i > 4) s1 = f32x4.add(s1, loadUpTo(x + 16, i - 4));
    if (i > 8) s2 = f32x4.add(s2, loadUpTo(x + 32, i - 8));
    if (i > 12) s3 = f32x4.add(s3, loadUpTo(x + 48, i - 12));
    t0 = f32x4.add(t0, s0);
    t1 = f32x4.add(t1, s1);
    t2 = f32x4.add(t2, s2);
    t3 = f32x4.add(t3, s3);
  }
  return sumLanes(f32x4.add(f32x4.add(t0, t1), f32x4.add(t2, t3)));
}

/** The sums of sixteen neighboring columns. */
function columnSums16(x: usize, step: usize, length: i32, y: usize): void {
  let t0 = f32x4.splat(0);
  let t1 = t0;
  let t2 = t0;
  let t3 = t0;
  while (length > 0) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let i = min(length, COLUMN_BLOCK);
    length -= i;
    for (; i > 0; i--, x += step) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    t0 = f32x4.add(t0, s0);
    t1 = f32x4.add(t1, s1);
    t2 = f32x4.add(t2, s2);
    t3 = f32x4.add(t3, s3);
  }
  v128.store(y, t0);
  v128.store(y, t1, 16);
  v128.store(y, t2, 32);
  v128.store(y, t3, 48);
}

/** The sums of up to four neighboring columns. */
function columnSums(x: usize, step: usize, length: i32, y: usize, count: i32): void {
  let t = f32x4.splat(0);
  while (length > 0) {
    let s = f32x4.splat(0);
    let i = min(length, COLUMN_BLOCK);
    length -= i;
    if (count >= 4) for (; i > 0; i--, x += step) s = f32x4.add(s, v128.load(x));
    else for (; i > 0; i--, x += step) s = f32x4.add(s, loadPart(x, count));
    t = f32x4.add(t, s);
  }
  storeUpTo(y, t, count);
}

export function reduce_sum_f32(x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  const step = (<usize>inner) << 2;
  const slab = <usize>length * step;
  for (; outer > 0; outer--, x += slab) {
    if (inner == 1) {
      store<f32>(y, rowSum(x, length));
      y += 4;
      continue;
    }
    let from = x;
    let i = inner;
    for (; i >= 16; i -= 16, from += 64, y += 64) columnSums16(from, step, length, y);
    for (; i >= 4; i -= 4, from += 16, y += 16) columnSums(from, step, length, y, 4);
    if (i > 0) columnSums(from, step, length, y, i);
    y += (<usize>i) << 2;
  }
}

/** The largest of `length` vectors a step apart, each of `count` columns; NaN where there is one. */
// @ts-ignore: decorator
@inline
function columnMax(x: usize, step: usize, length: i32, count: i32): v128 {
  let best = constant(C, 0);
  let nan = f32x4.splat(0);
  for (; length > 0; length--, x += step) {
    const v = loadUpTo(x, count);
    best = f32x4.pmax(best, v);
    nan = v128.or(nan, f32x4.ne(v, v));
  }
  return v128.or(best, nan);
}

/** The largest of a row, NaN where there is one. The last vector may overlap the one before: the largest stays the largest. */
function rowMax(x: usize, length: i32): f32 {
  let best: f32 = -Infinity;
  if (length < 4) {
    for (; length > 0; length--, x += 4) {
      const v = load<f32>(x);
      if (v > best || v != v) best = v;
      if (v != v) return v;
    }
    return best;
  }
  let b0 = constant(C, 0);
  let b1 = b0;
  let n0 = f32x4.splat(0);
  let n1 = n0;
  const last = x + ((<usize>length) << 2) - 16;
  for (; x + 16 <= last; x += 32) {
    const v0 = v128.load(x);
    const v1 = v128.load(x, 16);
    b0 = f32x4.pmax(b0, v0);
    b1 = f32x4.pmax(b1, v1);
    n0 = v128.or(n0, f32x4.ne(v0, v0));
    n1 = v128.or(n1, f32x4.ne(v1, v1));
  }
  if (x < last) {
    const v = v128.load(x);
    b1 = f32x4.pmax(b1, v);
    n1 = v128.or(n1, f32x4.ne(v, v));
  }
  const v = v128.load(last);
  b0 = f32x4.pmax(b0, v);
  if (v128.any_true(v128.or(v128.or(n0, n1), f32x4.ne(v, v)))) return f32.NaN;
  b0 = f32x4.pmax(b0, b1);
  b0 = f32x4.pmax(b0, v128.shuffle<f32>(b0, b0, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(b0, v128.shuffle<f32>(b0, b0, 1, 0, 3, 2)), 0);
}

export function reduce_max_f32(x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  const step = (<usize>inner) << 2;
  const slab = <usize>length * step;
  for (; outer > 0; outer--, x += slab) {
    if (inner == 1) {
      store<f32>(y, rowMax(x, length));
      y += 4;
      continue;
    }
    let from = x;
    let i = inner;
    for (; i >= 4; i -= 4, from += 16, y += 16) v128.store(y, columnMax(from, step, length, 4));
    if (i > 0) storePart(y, columnMax(from, step, length, i), i);
    y += (<usize>i) << 2;
  }
}

/** Index of the first element of a row that equals its largest, or is NaN. */
function rowArgmax(x: usize, length: i32): f32 {
  const top = rowMax(x, length);
  const tops = f32x4.splat(top);
  let i = 0;
  for (; i + 4 <= length; i += 4, x += 16) {
    const v = v128.load(x);
    const hits = i32x4.bitmask(top == top ? f32x4.eq(v, tops) : f32x4.ne(v, v));
    if (hits != 0) return <f32>(i + ctz(hits));
  }
  for (; i < length; i++, x += 4) {
    const v = load<f32>(x);
    if (v == top || v != v) return <f32>i;
  }
  return -1;
}

/** The indices of the largest of up to four columns. */
// @ts-ignore: decorator
@inline
function columnArgmax(x: usize, step: usize, length: i32, count: i32): v128 {
  if (length == 0) return f32x4.splat(-1);
  let best = loadUpTo(x, count);
  let index = f32x4.splat(0);
  for (let l = 1; l < length; l++) {
    x += step;
    const v = loadUpTo(x, count);
    const stays = v128.or(f32x4.le(v, best), f32x4.ne(best, best));
    best = v128.bitselect(best, v, stays);
    index = v128.bitselect(index, f32x4.splat(<f32>l), stays);
  }
  return index;
}

export function argmax_f32(x: usize, y: usize, outer: i32, length: i32, inner: i32): void {
  const step = (<usize>inner) << 2;
  const slab = <usize>length * step;
  for (; outer > 0; outer--, x += slab) {
    if (inner == 1) {
      store<f32>(y, rowArgmax(x, length));
      y += 4;
      continue;
    }
    let from = x;
    let i = inner;
    for (; i >= 4; i -= 4, from += 16, y += 16) v128.store(y, columnArgmax(from, step, length, 4));
    if (i > 0) storePart(y, columnArgmax(from, step, length, i), i);
    y += (<usize>i) << 2;
  }
}

export function reduce_max_backward_f32(index: usize, dy: usize, dx: usize, outer: i32, length: i32, inner: i32): void {
  const row = (<usize>inner) << 2;
  for (; outer > 0; outer--, index += row, dy += row) {
    if (inner == 1) {
      memory.fill(dx, 0, (<usize>length) << 2);
      const at = load<f32>(index);
      if (at >= 0 && at < <f32>length) store<f32>(dx + ((<usize>(<i32>at)) << 2), load<f32>(dy));
      dx += (<usize>length) << 2;
      continue;
    }
    for (let l = 0; l < length; l++) {
      const here = f32x4.splat(<f32>l);
      let j: usize = 0;
      for (; j + 16 <= row; j += 16, dx += 16) {
        v128.store(dx, v128.and(v128.load(dy + j), f32x4.eq(v128.load(index + j), here)));
      }
      for (; j < row; j += 4, dx += 4) store<f32>(dx, load<f32>(index + j) == <f32>l ? load<f32>(dy + j) : 0);
    }
  }
}

/** The squares of lanes 0 and 1, added to p in float64. */
// @ts-ignore: decorator
@inline
function addSquares(p: v128, x: v128): v128 {
  const wide = f64x2.promote_low_f32x4(x);
  return f64x2.add(p, f64x2.mul(wide, wide));
}

// @ts-ignore: decorator
@inline
function upper(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 2, 3, 2, 3);
}

export function sum_of_squares_f32(x: usize, y: usize, length: i32): void {
  let p0 = f64x2.splat(0);
  let p1 = p0;
  let p2 = p0;
  let p3 = p0;
  let p4 = p0;
  let p5 = p0;
  let p6 = p0;
  let p7 = p0;
  let i = length;
  for (; i >= 16; i -= 16, x += 64) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    const x3 = v128.load(x, 48);
    p0 = addSquares(p0, x0);
    p1 = addSquares(p1, upper(x0));
    p2 = addSquares(p2, x1);
    p3 = addSquares(p3, upper(x1));
    p4 = addSquares(p4, x2);
    p5 = addSquares(p5, upper(x2));
    p6 = addSquares(p6, x3);
    p7 = addSquares(p7, upper(x3));
  }
  const zero = f32x4.splat(0);
  const x0 = i > 0 ? loadUpTo(x, i) : zero;
  const x1 = i > 4 ? loadUpTo(x + 16, i - 4) : zero;
  const x2 = i > 8 ? loadUpTo(x + 32, i - 8) : zero;
  const x3 = i > 12 ? loadUpTo(x + 48, i - 12) : zero;
  const q0 = f64x2.add(addSquares(p0, x0), addSquares(p1, upper(x0)));
  const q1 = f64x2.add(addSquares(p2, x1), addSquares(p3, upper(x1)));
  const q2 = f64x2.add(addSquares(p4, x2), addSquares(p5, upper(x2)));
  const q3 = f64x2.add(addSquares(p6, x3), addSquares(p7, upper(x3)));
  const sum = f64x2.add(f64x2.add(q0, q1), f64x2.add(q2, q3));
  store<f32>(y, <f32>(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
}

export function nonfinite_f32(x: usize, y: usize, length: i32): void {
  // Twice the bits, so that the sign is gone, are above this for NaN and infinity.
  const most = i32x4.splat(0xfeffffff);
  let c0 = i32x4.splat(0);
  let c1 = c0;
  let i = length;
  for (; i >= 8; i -= 8, x += 32) {
    const v0 = v128.load(x);
    const v1 = v128.load(x, 16);
    c0 = i32x4.sub(c0, i32x4.gt_u(i32x4.shl(v0, 1), most));
    c1 = i32x4.sub(c1, i32x4.gt_u(i32x4.shl(v1, 1), most));
  }
  for (; i > 0; i -= 4, x += 16) c0 = i32x4.sub(c0, i32x4.gt_u(i32x4.shl(loadUpTo(x, i), 1), most));
  const c = i32x4.add(c0, c1);
  const count = i32x4.extract_lane(c, 0) + i32x4.extract_lane(c, 1) + i32x4.extract_lane(c, 2) + i32x4.extract_lane(c, 3);
  store<f32>(y, <f32>count);
}

/** The largest power of two below count. */
// @ts-ignore: decorator
@inline
function half(count: i32): i32 {
  return 1 << (31 - clz(count - 1));
}

/** Four columns of the tree: the first half of the rows, the largest power of two below them all, and the rest; recursively. */
function tree(p: usize, row: usize, count: i32): v128 {
  if (count == 1) return v128.load(p);
  if (count == 8) {
    const q = p + (row << 2);
    const a = f32x4.add(v128.load(p), v128.load(p + row));
    const b = f32x4.add(v128.load(p + (row << 1)), v128.load(p + (row << 1) + row));
    const c = f32x4.add(v128.load(q), v128.load(q + row));
    const d = f32x4.add(v128.load(q + (row << 1)), v128.load(q + (row << 1) + row));
    return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  }
  const k = half(count);
  const first = tree(p, row, k);
  return f32x4.add(first, tree(p + <usize>k * row, row, count - k));
}

function treeOfOne(p: usize, row: usize, count: i32): f32 {
  if (count == 1) return load<f32>(p);
  const k = half(count);
  const first = treeOfOne(p, row, k);
  return first + treeOfOne(p + <usize>k * row, row, count - k);
}

/** Part i takes part i + k for k = 1, 2, 4, ... and i a multiple of 2k. */
export function tree_sum_f32(parts: usize, total: usize, count: i32, width: i32): void {
  if (count == 0) {
    memory.fill(total, 0, (<usize>width) << 2);
    return;
  }
  const row = (<usize>width) << 2;
  let i = width;
  for (; i >= 4; i -= 4, parts += 16, total += 16) v128.store(total, tree(parts, row, count));
  for (; i > 0; i--, parts += 4, total += 4) store<f32>(total, treeOfOne(parts, row, count));
}
