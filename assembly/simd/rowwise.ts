// Row-wise inner products and the orthogonal residual update, forward and backward. A row is read twice, the second time from cache.
// Order of sums: see row-sums. The coefficients of a row are float64, rounded once.
import { loadPart, madd, storePart } from "./lanes";
import { halfSums, ROW_BLOCK, rowDot, rowDots, rowQuotient, ROWS } from "./row-sums";
import { remove, streamGradient, writeShares, writeSlopes } from "./update-rows";

export function row_dot_f32(a: usize, b: usize, y: usize, rows: i32, cols: i32): void {
  const stride = (<usize>cols) << 2;
  for (let i = 0; i < rows; i++, a += stride, b += stride, y += 4) store<f32>(y, <f32>rowDot(a, b, cols));
}

export function row_axpy_f32(alpha: usize, x: usize, z: usize, y: usize, rows: i32, cols: i32): void {
  const stride = (<usize>cols) << 2;
  const rest = cols & 3;
  for (let i = 0; i < rows; i++, alpha += 4) {
    const factor = v128.load32_splat(alpha);
    const end = x + (stride & ~15);
    for (; x < end; x += 16, z += 16, y += 16) v128.store(y, madd(factor, v128.load(x), v128.load(z)));
    if (rest) {
      storePart(y, madd(factor, loadPart(x, rest), loadPart(z, rest)), rest);
      const step = (<usize>rest) << 2;
      x += step;
      z += step;
      y += step;
    }
  }
}

export function row_scale_f32(alpha: usize, x: usize, y: usize, rows: i32, cols: i32): void {
  const stride = (<usize>cols) << 2;
  const rest = cols & 3;
  for (let i = 0; i < rows; i++, alpha += 4) {
    const factor = v128.load32_splat(alpha);
    const end = x + (stride & ~15);
    for (; x < end; x += 16, y += 16) v128.store(y, f32x4.mul(factor, v128.load(x)));
    if (rest) {
      storePart(y, f32x4.mul(factor, loadPart(x, rest)), rest);
      const step = (<usize>rest) << 2;
      x += step;
      y += step;
    }
  }
}

/** y = x + (u - s x) of one row. */
// @ts-ignore: decorator
@inline
function updateRow(x: usize, u: usize, y: usize, cols: i32, minusS: v128): void {
  const bytes = (<usize>cols) << 2;
  let at: usize = 0;
  for (; at + 64 <= bytes; at += 64) {
    const y0 = remove(v128.load(x + at), v128.load(u + at), minusS);
    const y1 = remove(v128.load(x + at, 16), v128.load(u + at, 16), minusS);
    const y2 = remove(v128.load(x + at, 32), v128.load(u + at, 32), minusS);
    const y3 = remove(v128.load(x + at, 48), v128.load(u + at, 48), minusS);
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
    v128.store(y + at, y2, 32);
    v128.store(y + at, y3, 48);
  }
  for (; at + 16 <= bytes; at += 16) v128.store(y + at, remove(v128.load(x + at), v128.load(u + at), minusS));
  const rest = cols & 3;
  if (rest) storePart(y + at, remove(loadPart(x + at, rest), loadPart(u + at, rest), minusS), rest);
}

/** Rows done before the same rows are read again; no result depends on it. */
// @ts-ignore: decorator
@inline
function rowsAtOnce(cols: i32): i32 {
  return max(1, min(ROWS, 4096 / max(1, cols)));
}

// Scratch: ROWS sums of 16 bytes, then coefficients of rows. Rows after the last, up to 4, are leftover scratch and never used.

// @ts-ignore: decorator
@inline
function update(x: usize, u: usize, y: usize, s: usize, scratch: usize, rows: i32, cols: i32, whole: bool, eps: f64): void {
  const stride = (<usize>cols) << 2;
  const step = rowsAtOnce(cols);
  const minusS = scratch + 16 * ROWS;
  const bias = f64x2.splat(eps);
  for (let from = 0; from < rows; from += step) {
    const count = min(step, rows - from);
    halfSums(x, u, count, cols, whole, scratch);
    writeShares(scratch, s, count, bias);
    s += (<usize>count) << 2;
    for (let i = 0; i < count; i++, x += stride, u += stride, y += stride) {
      updateRow(x, u, y, cols, v128.load32_splat(minusS + ((<usize>i) << 2)));
    }
  }
}

function update16(x: usize, u: usize, y: usize, s: usize, scratch: usize, rows: i32, eps: f64): void {
  update(x, u, y, s, scratch, rows, 16, true, eps);
}

function updateWhole(x: usize, u: usize, y: usize, s: usize, scratch: usize, rows: i32, cols: i32, eps: f64): void {
  update(x, u, y, s, scratch, rows, cols, true, eps);
}

function updateAny(x: usize, u: usize, y: usize, s: usize, scratch: usize, rows: i32, cols: i32, eps: f64): void {
  update(x, u, y, s, scratch, rows, cols, false, eps);
}

function updateLong(x: usize, u: usize, y: usize, s: usize, rows: i32, cols: i32, eps: f64): void {
  const stride = (<usize>cols) << 2;
  for (; rows > 0; rows--, x += stride, u += stride, y += stride, s += 4) {
    const share = <f32>rowQuotient(x, u, cols, eps);
    store<f32>(s, share);
    updateRow(x, u, y, cols, f32x4.splat(-share));
  }
}

export function orthogonal_update_f32(x: usize, u: usize, y: usize, s: usize, scratch: usize, rows: i32, cols: i32, eps: f64): void {
  if (cols > ROW_BLOCK) updateLong(x, u, y, s, rows, cols, eps);
  else if (cols == 16) update16(x, u, y, s, scratch, rows, eps);
  else if ((cols & 15) == 0 && cols > 0) updateWhole(x, u, y, s, scratch, rows, cols, eps);
  else updateAny(x, u, y, s, scratch, rows, cols, eps);
}

/** du = dy - t x and dx = keep dy - t u + back x of one row. */
// @ts-ignore: decorator
@inline
function backwardRow(x: usize, u: usize, dy: usize, dx: usize, du: usize, cols: i32, minusT: v128, keep: v128, back: v128): void {
  const bytes = (<usize>cols) << 2;
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    const x0 = v128.load(x + at);
    const x1 = v128.load(x + at, 16);
    const y0 = v128.load(dy + at);
    const y1 = v128.load(dy + at, 16);
    const g0 = streamGradient(x0, v128.load(u + at), y0, minusT, keep, back);
    const g1 = streamGradient(x1, v128.load(u + at, 16), y1, minusT, keep, back);
    const h0 = madd(minusT, x0, y0);
    const h1 = madd(minusT, x1, y1);
    v128.store(dx + at, g0);
    v128.store(dx + at, g1, 16);
    v128.store(du + at, h0);
    v128.store(du + at, h1, 16);
  }
  if (at + 16 <= bytes) {
    const vx = v128.load(x + at);
    const vy = v128.load(dy + at);
    v128.store(dx + at, streamGradient(vx, v128.load(u + at), vy, minusT, keep, back));
    v128.store(du + at, madd(minusT, vx, vy));
    at += 16;
  }
  const rest = cols & 3;
  if (rest) {
    const vx = loadPart(x + at, rest);
    const vy = loadPart(dy + at, rest);
    storePart(dx + at, streamGradient(vx, loadPart(u + at, rest), vy, minusT, keep, back), rest);
    storePart(du + at, madd(minusT, vx, vy), rest);
  }
}

// @ts-ignore: decorator
@inline
function backward(
  x: usize,
  u: usize,
  s: usize,
  dy: usize,
  dx: usize,
  du: usize,
  scratch: usize,
  rows: i32,
  cols: i32,
  whole: bool,
  eps: f64,
): void {
  const stride = (<usize>cols) << 2;
  const step = rowsAtOnce(cols);
  const bias = f64x2.splat(eps);
  for (let from = 0; from < rows; from += step) {
    const count = min(step, rows - from);
    halfSums(x, dy, count, cols, whole, scratch);
    writeSlopes(scratch, s, count, bias);
    s += (<usize>count) << 2;
    let p = scratch + 16 * ROWS;
    for (let i = 0; i < count; i++, x += stride, u += stride, dy += stride, dx += stride, du += stride, p += 4) {
      backwardRow(x, u, dy, dx, du, cols, v128.load32_splat(p), v128.load32_splat(p, 4 * ROWS), v128.load32_splat(p, 8 * ROWS));
    }
  }
}

function backward16(x: usize, u: usize, s: usize, dy: usize, dx: usize, du: usize, scratch: usize, rows: i32, eps: f64): void {
  backward(x, u, s, dy, dx, du, scratch, rows, 16, true, eps);
}

function backwardWhole(
  x: usize,
  u: usize,
  s: usize,
  dy: usize,
  dx: usize,
  du: usize,
  scratch: usize,
  rows: i32,
  cols: i32,
  eps: f64,
): void {
  backward(x, u, s, dy, dx, du, scratch, rows, cols, true, eps);
}

function backwardAny(x: usize, u: usize, s: usize, dy: usize, dx: usize, du: usize, scratch: usize, rows: i32, cols: i32, eps: f64): void {
  backward(x, u, s, dy, dx, du, scratch, rows, cols, false, eps);
}

function backwardLong(x: usize, u: usize, s: usize, dy: usize, dx: usize, du: usize, rows: i32, cols: i32, eps: f64): void {
  const stride = (<usize>cols) << 2;
  for (; rows > 0; rows--, x += stride, u += stride, dy += stride, dx += stride, du += stride, s += 4) {
    const t = rowQuotient(x, dy, cols, eps);
    const share = <f64>load<f32>(s);
    const keep = f32x4.splat(<f32>(1 - share));
    const back = f32x4.splat(<f32>(2 * share * t));
    backwardRow(x, u, dy, dx, du, cols, f32x4.splat(<f32>-t), keep, back);
  }
}

export function orthogonal_update_backward_f32(
  x: usize,
  u: usize,
  s: usize,
  dy: usize,
  dx: usize,
  du: usize,
  scratch: usize,
  rows: i32,
  cols: i32,
  eps: f64,
): void {
  if (cols > ROW_BLOCK) backwardLong(x, u, s, dy, dx, du, rows, cols, eps);
  else if (cols == 16) backward16(x, u, s, dy, dx, du, scratch, rows, eps);
  else if ((cols & 15) == 0 && cols > 0) backwardWhole(x, u, s, dy, dx, du, scratch, rows, cols, eps);
  else backwardAny(x, u, s, dy, dx, du, scratch, rows, cols, eps);
}

export function stream_statistics_f32(x: usize, u: usize, y: usize, rows: i32, cols: i32, eps: f64): void {
  const stride = (<usize>cols) << 2;
  let stream: f64 = 0;
  let parallel: f64 = 0;
  let perpendicular: f64 = 0;
  let parallelShare: f64 = 0;
  let perpendicularShare: f64 = 0;
  let cosine: f64 = 0;
  for (let i = 0; i < rows; i++, x += stride, u += stride) {
    const sums = rowDots(x, u, cols);
    const xu = f64x2.extract_lane(sums, 0);
    const xx = f64x2.extract_lane(sums, 1);
    const uu = rowDot(u, u, cols);
    const s = xu / (xx + eps);
    const along = s * s * xx;
    const difference = uu - 2 * s * xu + along;
    const across = difference < 0 ? 0 : difference;
    const norm = xx < eps ? eps : xx;
    stream += xx;
    parallel += along;
    perpendicular += across;
    parallelShare += along / norm;
    perpendicularShare += across / norm;
    if (xx * uu > 0) cosine += xu / sqrt<f64>(xx * uu);
  }
  store<f32>(y, <f32>stream);
  store<f32>(y, <f32>parallel, 4);
  store<f32>(y, <f32>perpendicular, 8);
  store<f32>(y, <f32>parallelShare, 12);
  store<f32>(y, <f32>perpendicularShare, 16);
  store<f32>(y, <f32>cosine, 20);
}
