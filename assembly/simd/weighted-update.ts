// The orthogonal update x' + (v - s x') + c u with x' = a x and v = b u + shift, forward and backward. Widths and factors that weighted-rows
// has no code for go a strip of rows at a time through the kernels of rowwise, so that what one leaves in the cache the next finds there.
import { loadPart, storePart } from "./lanes";
import { addDots, ROW_BLOCK } from "./row-sums";
import { orthogonal_update_backward_f32, orthogonal_update_f32, row_axpy_f32, row_scale_f32 } from "./rowwise";
import { BRANCH, PARALLEL, STREAM, updateRows, updateRowsBackward } from "./weighted-rows";

/** Elements of a strip, unless one row or the blocks of the sums want more. */
const STRIP: i32 = 512;
/** Floats that the update itself wants. */
const ROW_SCRATCH: usize = 224;
/** Bytes between strips, so that the same places of two do not share the lower bits of their addresses. */
const PADDING: usize = 192;

// @ts-ignore: decorator
@inline
function commonDivisor(a: i32, b: i32): i32 {
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** Rows of a strip: a multiple of `unit`. */
// @ts-ignore: decorator
@inline
function stripRows(rows: i32, cols: i32, unit: i32): i32 {
  const fitting = STRIP / max(1, cols);
  return max(1, min(rows, max(unit, fitting - (fitting % unit))));
}

/** y = a x + shift. */
function affine(a: usize, x: usize, y: usize, length: i32, shift: v128): void {
  const factor = v128.load32_splat(a);
  const end = x + ((<usize>(length & ~3)) << 2);
  for (; x < end; x += 16, y += 16) v128.store(y, f32x4.add(f32x4.mul(factor, v128.load(x)), shift));
  const rest = length & 3;
  if (rest) storePart(y, f32x4.add(f32x4.mul(factor, loadPart(x, rest)), shift), rest);
}

/** y = y + x. */
function addTo(x: usize, y: usize, length: i32): void {
  const end = x + ((<usize>(length & ~3)) << 2);
  for (; x < end; x += 16, y += 16) v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
  const rest = length & 3;
  if (rest) storePart(y, f32x4.add(loadPart(y, rest), loadPart(x, rest)), rest);
}

export function weighted_update_f32(
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
): void {
  if (updateRows(x, u, factors, y, s, scratch, rows, cols, parts, shift, eps)) return;
  const strip = stripRows(rows, cols, 1);
  const streams = scratch + (ROW_SCRATCH << 2);
  const branches = streams + ((<usize>(strip * cols)) << 2) + PADDING;
  const shifts = f32x4.splat(<f32>shift);
  for (let from = 0; from < rows; from += strip) {
    const count = min(strip, rows - from);
    const length = count * cols;
    if (parts & STREAM) row_scale_f32(factors, x, streams, 1, length);
    if (parts & BRANCH) affine(factors + 4, u, branches, length, shifts);
    orthogonal_update_f32(parts & STREAM ? streams : x, parts & BRANCH ? branches : u, y, s, scratch, count, cols, eps);
    if (parts & PARALLEL) row_axpy_f32(factors + 8, u, y, y, 1, length);
    const bytes = (<usize>length) << 2;
    x += bytes;
    u += bytes;
    y += bytes;
    s += (<usize>count) << 2;
  }
}

export function weighted_update_backward_f32(
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
): void {
  if (updateRowsBackward(x, u, factors, s, dy, dx, du, sums, scratch, rows, cols, parts, shift, eps)) return;
  // Strips end where blocks of the sums do.
  const strip = stripRows(rows, cols, sums ? ROW_BLOCK / commonDivisor(ROW_BLOCK, cols) : 1);
  const room = ((<usize>(strip * cols)) << 2) + PADDING;
  const streams = scratch + (ROW_SCRATCH << 2);
  const branches = streams + room;
  const own = branches + room;
  const shifts = f32x4.splat(<f32>shift);
  let ofStream: f64 = 0;
  let ofBranch: f64 = 0;
  let ofParallel: f64 = 0;
  for (let from = 0; from < rows; from += strip) {
    const count = min(strip, rows - from);
    const length = count * cols;
    const dv = parts & (BRANCH | PARALLEL) ? own : du;
    if (parts & STREAM) row_scale_f32(factors, x, streams, 1, length);
    if (parts & BRANCH) affine(factors + 4, u, branches, length, shifts);
    if (parts & PARALLEL) {
      if (sums) ofParallel = addDots(ofParallel, dy, u, length);
      row_scale_f32(factors + 8, dy, du, 1, length);
    }
    orthogonal_update_backward_f32(parts & STREAM ? streams : x, parts & BRANCH ? branches : u, s, dy, dx, dv, scratch, count, cols, eps);
    if (parts & BRANCH) {
      if (sums) ofBranch = addDots(ofBranch, dv, u, length);
      if (parts & PARALLEL) row_axpy_f32(factors + 4, dv, du, du, 1, length);
      else affine(factors + 4, dv, du, length, shifts);
    } else if (parts & PARALLEL) addTo(dv, du, length);
    if (parts & STREAM) {
      if (sums) ofStream = addDots(ofStream, dx, x, length);
      row_scale_f32(factors, dx, dx, 1, length);
    }
    const bytes = (<usize>length) << 2;
    x += bytes;
    u += bytes;
    dy += bytes;
    dx += bytes;
    du += bytes;
    s += (<usize>count) << 2;
  }
  if (sums) {
    store<f32>(sums, <f32>ofStream);
    store<f32>(sums, <f32>ofBranch, 4);
    store<f32>(sums, <f32>ofParallel, 8);
  }
}
