// The orthogonal update with factors on its parts, for rows whose width is 16 to 1024 by powers of two: the factors are multiplied in
// registers, and the sums of their gradients formed where the gradients are. The same roundings and orders as a pass for each factor.
import { madd, sumLanes } from "./lanes";
import { foldHalves, ROW_BLOCK, ROWS } from "./row-sums";
import { remove, streamGradient, writeShares, writeSlopes } from "./update-rows";

/** Which factors there are: a of the stream, b of the branch, c of the branch beside the update. */
export const STREAM: i32 = 1;
export const BRANCH: i32 = 2;
export const PARALLEL: i32 = 4;

/** Whether rows of this width are for this file. */
function hasRows(cols: i32): bool {
  return cols >= 16 && cols <= ROW_BLOCK && (cols & (cols - 1)) == 0;
}

/** x' of four values. */
// @ts-ignore: decorator
@inline
function streamOf(x: v128, parts: i32, a: v128): v128 {
  return parts & STREAM ? f32x4.mul(a, x) : x;
}

/** v of four values. */
// @ts-ignore: decorator
@inline
function branchOf(u: v128, parts: i32, b: v128, shift: v128): v128 {
  return parts & BRANCH ? f32x4.add(f32x4.mul(b, u), shift) : u;
}

/** As halfSums of row-sums, of x' and v. */
// @ts-ignore: decorator
@inline
function weightedHalfSums(x: usize, u: usize, rows: i32, cols: i32, parts: i32, a: v128, b: v128, shift: v128, sums: usize): void {
  const stride = (<usize>cols) << 2;
  for (let i = 0; i < rows; i++, sums += 16) {
    const end = x + stride;
    let x0 = streamOf(v128.load(x), parts, a);
    let x1 = streamOf(v128.load(x, 16), parts, a);
    let x2 = streamOf(v128.load(x, 32), parts, a);
    let x3 = streamOf(v128.load(x, 48), parts, a);
    let xu0 = f32x4.mul(x0, branchOf(v128.load(u), parts, b, shift));
    let xu1 = f32x4.mul(x1, branchOf(v128.load(u, 16), parts, b, shift));
    xu0 = madd(x2, branchOf(v128.load(u, 32), parts, b, shift), xu0);
    xu1 = madd(x3, branchOf(v128.load(u, 48), parts, b, shift), xu1);
    let xx0 = madd(x2, x2, f32x4.mul(x0, x0));
    let xx1 = madd(x3, x3, f32x4.mul(x1, x1));
    for (x += 64, u += 64; x < end; x += 64, u += 64) {
      x0 = streamOf(v128.load(x), parts, a);
      x1 = streamOf(v128.load(x, 16), parts, a);
      x2 = streamOf(v128.load(x, 32), parts, a);
      x3 = streamOf(v128.load(x, 48), parts, a);
      xu0 = madd(x0, branchOf(v128.load(u), parts, b, shift), xu0);
      xu1 = madd(x1, branchOf(v128.load(u, 16), parts, b, shift), xu1);
      xu0 = madd(x2, branchOf(v128.load(u, 32), parts, b, shift), xu0);
      xu1 = madd(x3, branchOf(v128.load(u, 48), parts, b, shift), xu1);
      xx0 = madd(x2, x2, madd(x0, x0, xx0));
      xx1 = madd(x3, x3, madd(x1, x1, xx1));
    }
    v128.store(sums, foldHalves(f32x4.add(xu0, xu1), f32x4.add(xx0, xx1)));
  }
}

// @ts-ignore: decorator
@inline
function updated(x: v128, u: v128, parts: i32, a: v128, b: v128, c: v128, shift: v128, minusS: v128): v128 {
  const y = remove(streamOf(x, parts, a), branchOf(u, parts, b, shift), minusS);
  return parts & PARALLEL ? madd(c, u, y) : y;
}

/** Rows at a time: no more than a block of the sums holds. */
// @ts-ignore: decorator
@inline
function rowsAtOnce(cols: i32): i32 {
  return min(ROWS, ROW_BLOCK / cols);
}

// @ts-ignore: decorator
@inline
function update(
  x: usize,
  u: usize,
  factors: usize,
  y: usize,
  s: usize,
  scratch: usize,
  rows: i32,
  cols: i32,
  parts: i32,
  shifts: f64,
  eps: f64,
): void {
  const a = v128.load32_splat(factors);
  const b = v128.load32_splat(factors, 4);
  const c = v128.load32_splat(factors, 8);
  const shift = f32x4.splat(<f32>shifts);
  const bias = f64x2.splat(eps);
  const stride = (<usize>cols) << 2;
  const step = rowsAtOnce(cols);
  for (let from = 0; from < rows; from += step) {
    const count = min(step, rows - from);
    weightedHalfSums(x, u, count, cols, parts, a, b, shift, scratch);
    writeShares(scratch, s, count, bias);
    s += (<usize>count) << 2;
    let p = scratch + 16 * ROWS;
    for (let i = 0; i < count; i++, p += 4) {
      const minusS = v128.load32_splat(p);
      const end = x + stride;
      for (; x < end; x += 64, u += 64, y += 64) {
        const y0 = updated(v128.load(x), v128.load(u), parts, a, b, c, shift, minusS);
        const y1 = updated(v128.load(x, 16), v128.load(u, 16), parts, a, b, c, shift, minusS);
        const y2 = updated(v128.load(x, 32), v128.load(u, 32), parts, a, b, c, shift, minusS);
        const y3 = updated(v128.load(x, 48), v128.load(u, 48), parts, a, b, c, shift, minusS);
        v128.store(y, y0);
        v128.store(y, y1, 16);
        v128.store(y, y2, 32);
        v128.store(y, y3, 48);
      }
    }
  }
}

/** du of four values from dv. */
// @ts-ignore: decorator
@inline
function branchGradient(dv: v128, dy: v128, parts: i32, b: v128, c: v128, shift: v128): v128 {
  return parts & BRANCH ? f32x4.add(f32x4.mul(b, dv), parts & PARALLEL ? f32x4.mul(c, dy) : shift) : dv;
}

// @ts-ignore: decorator
@inline
function backward(
  x: usize,
  u: usize,
  factors: usize,
  s: usize,
  dy: usize,
  dx: usize,
  du: usize,
  sums: usize,
  scratch: usize,
  rows: i32,
  cols: i32,
  parts: i32,
  learned: bool,
  shifts: f64,
  eps: f64,
): void {
  const a = v128.load32_splat(factors);
  const b = v128.load32_splat(factors, 4);
  const c = v128.load32_splat(factors, 8);
  const shift = f32x4.splat(<f32>shifts);
  const bias = f64x2.splat(eps);
  const stride = (<usize>cols) << 2;
  const step = rowsAtOnce(cols);
  const zero = f32x4.splat(0);
  const perBlock = ROW_BLOCK / cols;
  let ofStream0 = zero;
  let ofStream1 = zero;
  let ofBranch0 = zero;
  let ofBranch1 = zero;
  let ofParallel0 = zero;
  let ofParallel1 = zero;
  let ofStream: f64 = 0;
  let ofBranch: f64 = 0;
  let ofParallel: f64 = 0;
  let left = perBlock;
  for (let from = 0; from < rows; from += step) {
    const count = min(step, rows - from);
    weightedHalfSums(x, dy, count, cols, parts & STREAM, a, b, shift, scratch);
    writeSlopes(scratch, s, count, bias);
    s += (<usize>count) << 2;
    let p = scratch + 16 * ROWS;
    for (let i = 0; i < count; i++, p += 4) {
      const minusT = v128.load32_splat(p);
      const keep = v128.load32_splat(p, 4 * ROWS);
      const back = v128.load32_splat(p, 8 * ROWS);
      const end = x + stride;
      for (; x < end; x += 32, u += 32, dy += 32, dx += 32, du += 32) {
        const x0 = v128.load(x);
        const x1 = v128.load(x, 16);
        const u0 = v128.load(u);
        const u1 = v128.load(u, 16);
        const y0 = v128.load(dy);
        const y1 = v128.load(dy, 16);
        const stream0 = streamOf(x0, parts, a);
        const stream1 = streamOf(x1, parts, a);
        let g0 = streamGradient(stream0, branchOf(u0, parts, b, shift), y0, minusT, keep, back);
        let g1 = streamGradient(stream1, branchOf(u1, parts, b, shift), y1, minusT, keep, back);
        const h0 = madd(minusT, stream0, y0);
        const h1 = madd(minusT, stream1, y1);
        if (parts & STREAM) {
          if (learned) {
            ofStream0 = madd(g0, x0, ofStream0);
            ofStream1 = madd(g1, x1, ofStream1);
          }
          g0 = f32x4.mul(a, g0);
          g1 = f32x4.mul(a, g1);
        }
        if (learned && parts & BRANCH) {
          ofBranch0 = madd(h0, u0, ofBranch0);
          ofBranch1 = madd(h1, u1, ofBranch1);
        }
        if (learned && parts & PARALLEL) {
          ofParallel0 = madd(y0, u0, ofParallel0);
          ofParallel1 = madd(y1, u1, ofParallel1);
        }
        v128.store(dx, g0);
        v128.store(dx, g1, 16);
        v128.store(du, branchGradient(h0, y0, parts, b, c, shift));
        v128.store(du, branchGradient(h1, y1, parts, b, c, shift), 16);
      }
    }
    left -= count;
    if (learned && (left == 0 || from + step >= rows)) {
      left = perBlock;
      ofStream += <f64>sumLanes(f32x4.add(ofStream0, ofStream1));
      ofBranch += <f64>sumLanes(f32x4.add(ofBranch0, ofBranch1));
      ofParallel += <f64>sumLanes(f32x4.add(ofParallel0, ofParallel1));
      ofStream0 = zero;
      ofStream1 = zero;
      ofBranch0 = zero;
      ofBranch1 = zero;
      ofParallel0 = zero;
      ofParallel1 = zero;
    }
  }
  if (!learned) return;
  store<f32>(sums, <f32>ofStream);
  store<f32>(sums, <f32>ofBranch, 4);
  store<f32>(sums, <f32>ofParallel, 8);
}

/** The update of such rows; false where there is no code for these factors. */
export function updateRows(
  x: usize,
  u: usize,
  factors: usize,
  y: usize,
  s: usize,
  scratch: usize,
  rows: i32,
  cols: i32,
  parts: i32,
  shift: f64,
  eps: f64,
): bool {
  if (!hasRows(cols)) return false;
  if (parts == STREAM) update(x, u, factors, y, s, scratch, rows, cols, STREAM, shift, eps);
  else if (parts == BRANCH) update(x, u, factors, y, s, scratch, rows, cols, BRANCH, shift, eps);
  else if (parts == (BRANCH | PARALLEL)) update(x, u, factors, y, s, scratch, rows, cols, BRANCH | PARALLEL, shift, eps);
  else return false;
  return true;
}

/** Their gradients, and those of the factors where `sums` is given; false where there is no code for them. */
export function updateRowsBackward(
  x: usize,
  u: usize,
  factors: usize,
  s: usize,
  dy: usize,
  dx: usize,
  du: usize,
  sums: usize,
  scratch: usize,
  rows: i32,
  cols: i32,
  parts: i32,
  shift: f64,
  eps: f64,
): bool {
  if (!hasRows(cols)) return false;
  if (!sums) {
    if (parts != BRANCH) return false;
    backward(x, u, factors, s, dy, dx, du, 0, scratch, rows, cols, BRANCH, false, shift, eps);
  } else if (parts == STREAM) backward(x, u, factors, s, dy, dx, du, sums, scratch, rows, cols, STREAM, true, shift, eps);
  else if (parts == BRANCH) backward(x, u, factors, s, dy, dx, du, sums, scratch, rows, cols, BRANCH, true, shift, eps);
  else if (parts == (BRANCH | PARALLEL))
    backward(x, u, factors, s, dy, dx, du, sums, scratch, rows, cols, BRANCH | PARALLEL, true, shift, eps);
  else return false;
  return true;
}
