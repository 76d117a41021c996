// Softmax, log-softmax and cross-entropy over rows. A row is computed alone: its bits do not depend on the others.
// Order of a row's sums (part of the numeric contract): element j is added to accumulator j mod 16 in ascending order, from 0; the
// sixteen become one by ((v0 + v1) + (v2 + v3)) for the vectors v of four, then (l0 + l2) + (l1 + l3) for its lanes.
// The largest element needs no order: it is exact. A NaN makes the sum NaN, whatever the largest was.
import { loadPart, loadUpTo, storeUpTo, sumLanes } from "./lanes";
import { constant, expNormal, log } from "./transcendental";

// -infinity; then, by the number of floats in a vector, all bits for lanes that are in use.
const LOWEST: usize = memory.data<f32>([reinterpret<f32>(0xff800000)], 16);
const USED: usize = memory.data<i32>([0, 0, 0, 0, -1, 0, 0, 0, -1, -1, 0, 0, -1, -1, -1, 0, -1, -1, -1, -1], 16);

// @ts-ignore: decorator
@inline
function used(count: i32): v128 {
  return v128.load(USED + ((<usize>min(count, 4)) << 4));
}

/** Sum of the sixteen accumulators. */
// @ts-ignore: decorator
@inline
function total(a: v128, b: v128, c: v128, d: v128): f32 {
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** The largest of a row, -infinity of an empty one. */
function largest(x: usize, cols: i32): f32 {
  let a = constant(LOWEST, 0);
  let b = a;
  let i = cols;
  for (; i >= 16; i -= 16, x += 64) {
    const x0 = f32x4.pmax(v128.load(x), v128.load(x, 16));
    const x1 = f32x4.pmax(v128.load(x, 32), v128.load(x, 48));
    a = f32x4.pmax(a, x0);
    b = f32x4.pmax(b, x1);
  }
  for (; i >= 4; i -= 4, x += 16) a = f32x4.pmax(a, v128.load(x));
  if (i > 0) b = f32x4.pmax(b, v128.bitselect(loadPart(x, i), constant(LOWEST, 0), used(i)));
  a = f32x4.pmax(a, b);
  a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2)), 0);
}

// What `rowSum` adds up: e^(x - shift), kept in y or not; x - shift; x y; y (x - shift).
const EXP_KEPT = 0;
const EXP = 1;
const DIFFERENCE = 2;
const PRODUCT = 3;
const WEIGHTED = 4;

// @ts-ignore: decorator
@inline
function term(op: i32, x: v128, y: v128, shift: v128): v128 {
  if (op <= EXP) return expNormal(f32x4.sub(x, shift));
  if (op == DIFFERENCE) return f32x4.sub(x, shift);
  if (op == PRODUCT) return f32x4.mul(x, y);
  return f32x4.mul(y, f32x4.sub(x, shift));
}

/** The sum of a row's terms. y is read by products, written by EXP_KEPT and not looked at otherwise. */
// @ts-ignore: decorator
@inline
function rowSum(op: i32, x: usize, y: usize, cols: i32, shift: v128): f32 {
  const zero = f32x4.splat(0);
  const reads = op >= PRODUCT;
  let s0 = zero;
  let s1 = zero;
  let s2 = zero;
  let s3 = zero;
  let i = cols;
  for (; i >= 16; i -= 16, x += 64, y += 64) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    const x3 = v128.load(x, 48);
    const y0 = reads ? v128.load(y) : zero;
    const y1 = reads ? v128.load(y, 16) : zero;
    const y2 = reads ? v128.load(y, 32) : zero;
    const y3 = reads ? v128.load(y, 48) : zero;
    const t0 = term(op, x0, y0, shift);
    const t1 = term(op, x1, y1, shift);
    const t2 = term(op, x2, y2, shift);
    const t3 = term(op, x3, y3, shift);
    s0 = f32x4.add(s0, t0);
    s1 = f32x4.add(s1, t1);
    s2 = f32x4.add(s2, t2);
    s3 = f32x4.add(s3, t3);
    if (op == EXP_KEPT) {
      v128.store(y, t0);
      v128.store(y, t1, 16);
      v128.store(y, t2, 32);
      v128.store(y, t3, 48);
    }
  }
  if (i > 0) {
    // Four turns bring the accumulators back into their places.
    for (let turn = 0; turn < 4; turn++, i -= 4, x += 16, y += 16) {
      if (i > 0) {
        const t = v128.and(term(op, loadUpTo(x, i), reads ? loadUpTo(y, i) : zero, shift), used(i));
        s0 = f32x4.add(s0, t);
        if (op == EXP_KEPT) storeUpTo(y, t, i);
      }
      const first = s0;
      s0 = s1;
      s1 = s2;
      s2 = s3;
      s3 = first;
    }
  }
  return total(s0, s1, s2, s3);
}

// What `rowMap` writes: a s - t; (a - s) - t; a (b - s); b - e^a s; a s - b.
const SCALE = 0;
const LOWER = 1;
const SOFTMAX_BACKWARD = 2;
const LOG_BACKWARD = 3;
const LESS = 4;

// @ts-ignore: decorator
@inline
function value(op: i32, a: v128, b: v128, s: v128, t: v128): v128 {
  if (op == SCALE) return f32x4.sub(f32x4.mul(a, s), t);
  if (op == LOWER) return f32x4.sub(f32x4.sub(a, s), t);
  if (op == SOFTMAX_BACKWARD) return f32x4.mul(a, f32x4.sub(b, s));
  if (op == LOG_BACKWARD) return f32x4.sub(b, f32x4.mul(expNormal(a), s));
  return f32x4.sub(f32x4.mul(a, s), b);
}

// @ts-ignore: decorator
@inline
function rowMap(op: i32, a: usize, b: usize, y: usize, cols: i32, s: v128, t: v128): void {
  const zero = f32x4.splat(0);
  const reads = op >= SOFTMAX_BACKWARD;
  let i = cols;
  for (; i >= 16; i -= 16, a += 64, b += 64, y += 64) {
    const a0 = v128.load(a);
    const a1 = v128.load(a, 16);
    const a2 = v128.load(a, 32);
    const a3 = v128.load(a, 48);
    const b0 = reads ? v128.load(b) : zero;
    const b1 = reads ? v128.load(b, 16) : zero;
    const b2 = reads ? v128.load(b, 32) : zero;
    const b3 = reads ? v128.load(b, 48) : zero;
    const y0 = value(op, a0, b0, s, t);
    const y1 = value(op, a1, b1, s, t);
    const y2 = value(op, a2, b2, s, t);
    const y3 = value(op, a3, b3, s, t);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  for (; i > 0; i -= 4, a += 16, b += 16, y += 16) {
    storeUpTo(y, value(op, loadUpTo(a, i), reads ? loadUpTo(b, i) : zero, s, t), i);
  }
}

// @ts-ignore: decorator
@inline
function logOf(x: f32): f32 {
  return f32x4.extract_lane(log(f32x4.splat(x)), 0);
}

export function softmax_f32(x: usize, y: usize, rows: i32, cols: i32): void {
  const row = (<usize>cols) << 2;
  for (; rows > 0; rows--, x += row, y += row) {
    const sum = rowSum(EXP_KEPT, x, y, cols, f32x4.splat(largest(x, cols)));
    rowMap(SCALE, y, 0, y, cols, f32x4.splat(1 / sum), f32x4.splat(0));
  }
}

export function log_softmax_f32(x: usize, y: usize, rows: i32, cols: i32): void {
  const row = (<usize>cols) << 2;
  for (; rows > 0; rows--, x += row, y += row) {
    const shift = f32x4.splat(largest(x, cols));
    rowMap(LOWER, x, 0, y, cols, shift, f32x4.splat(logOf(rowSum(EXP, x, 0, cols, shift))));
  }
}

export function softmax_backward_f32(y: usize, dy: usize, dx: usize, rows: i32, cols: i32): void {
  const row = (<usize>cols) << 2;
  for (; rows > 0; rows--, y += row, dy += row, dx += row) {
    const sum = f32x4.splat(rowSum(PRODUCT, y, dy, cols, f32x4.splat(0)));
    rowMap(SOFTMAX_BACKWARD, y, dy, dx, cols, sum, f32x4.splat(0));
  }
}

export function log_softmax_backward_f32(y: usize, dy: usize, dx: usize, rows: i32, cols: i32): void {
  const row = (<usize>cols) << 2;
  for (; rows > 0; rows--, y += row, dy += row, dx += row) {
    const sum = f32x4.splat(rowSum(DIFFERENCE, dy, 0, cols, f32x4.splat(0)));
    rowMap(LOG_BACKWARD, y, dy, dx, cols, sum, f32x4.splat(0));
  }
}

export function softmax_cross_entropy_f32(
  logits: usize,
  labels: usize,
  loss: usize,
  dlogits: usize,
  rows: i32,
  cols: i32,
  smoothing: f64,
): void {
  const row = (<usize>cols) << 2;
  const weight = <f32>(1 - smoothing);
  const share = <f32>(smoothing / <f64>cols);
  for (; rows > 0; rows--, logits += row, dlogits += row, labels += 4, loss += 4) {
    const label = load<f32>(labels);
    if (!(label >= 0 && label < <f32>cols && trunc<f32>(label) == label)) {
      store<f32>(loss, f32.NaN);
      for (let j: usize = 0; j < row; j += 4) store<f32>(dlogits + j, f32.NaN);
      continue;
    }
    const at = (<usize>(<i32>label)) << 2;
    const top = largest(logits, cols);
    const shift = f32x4.splat(top);
    const sum = rowSum(EXP_KEPT, logits, dlogits, cols, shift);
    const logSum = logOf(sum);
    let l = weight * (logSum - (load<f32>(logits + at) - top));
    if (smoothing != 0) {
      const mean = rowSum(DIFFERENCE, logits, 0, cols, shift) / <f32>cols;
      l += <f32>smoothing * (logSum - mean);
    }
    store<f32>(loss, l);
    rowMap(SCALE, dlogits, 0, dlogits, cols, f32x4.splat(1 / sum), f32x4.splat(share));
    store<f32>(dlogits + at, load<f32>(dlogits + at) - weight);
  }
}

export function softmax_cross_entropy_soft_f32(logits: usize, targets: usize, loss: usize, dlogits: usize, rows: i32, cols: i32): void {
  const row = (<usize>cols) << 2;
  for (; rows > 0; rows--, logits += row, targets += row, dlogits += row, loss += 4) {
    const shift = f32x4.splat(largest(logits, cols));
    const sum = rowSum(EXP_KEPT, logits, dlogits, cols, shift);
    const weight = rowSum(DIFFERENCE, targets, 0, cols, f32x4.splat(0));
    const inner = rowSum(WEIGHTED, logits, targets, cols, shift);
    store<f32>(loss, cols > 0 ? weight * logOf(sum) - inner : 0);
    rowMap(LESS, dlogits, targets, dlogits, cols, f32x4.splat(weight / sum), f32x4.splat(0));
  }
}
