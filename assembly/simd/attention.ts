// Multi-head self-attention, forward and backward, a sample and head at a time: y = P V, P = softmax(S), S = (scale Q) K^T.
// qkv is [n, t, 3, heads, d], y [n, t, heads, d]. Scores exist for 128 queries at a time; the backward pass makes them again from the
// largest and 1 / sum of each row. Order of the sums (a sum takes its terms in ascending order in one accumulator from 0): scores and
// dP over d; y and dQ over all t keys, y times 1 / sum at the end; dK and dV over the queries of a block, blocks added in order.
import { exponentials, loadRows, scoreGradients, storeRows, storeRowsBy } from "./attention-rows";
import { aligned, packColumns, padded16 } from "./pack";
import { addProduct, product } from "./product";

/** Queries whose scores exist at the same time. */
const QUERIES: i32 = 128;

// @ts-ignore: decorator
@inline
function padded4(rows: i32): i32 {
  return (rows + 3) & ~3;
}

/** Bytes of `rows` rows of `floats`. */
// @ts-ignore: decorator
@inline
function bytes(rows: i32, floats: i32): usize {
  return (<usize>rows * <usize>floats) << 2;
}

/** Bytes between rows of scores: padded, and no power of two. */
// @ts-ignore: decorator
@inline
function scoreStep(t: i32): usize {
  return bytes(1, padded16(t) + 16);
}

/** Rows of a head as the columns of panels, sixteen of them each, missing ones 0. */
function transposed(to: usize, from: usize, step: usize, t: i32, d: i32): void {
  for (let j = 0; j < t; j += 16, to += bytes(d, 16)) packColumns(to, from + <usize>j * step, d, min(16, t - j), step);
}

/** C = A B^T for rows of A padded to sixteens, B in panels of its transpose. */
function scoresOf(a: usize, panels: usize, c: usize, rows: i32, t: i32, d: i32): void {
  const step = scoreStep(t);
  for (let j = 0; j < t; j += 16, panels += bytes(d, 16), c += 64) {
    product(a, bytes(1, padded16(d)), 4, panels, 64, c, step, rows, d);
  }
}

/** C = A B, of C and B all columns; A is read in steps of its own. */
function weighted(a: usize, aRow: usize, aStep: usize, b: usize, c: usize, rows: i32, k: i32, d: i32): void {
  const row = bytes(1, padded16(d));
  for (let j: usize = 0; j < row; j += 64) product(a, aRow, aStep, b + j, row, c + j, row, rows, k);
}

/** C += A B. */
function addWeighted(a: usize, aRow: usize, aStep: usize, b: usize, c: usize, rows: i32, k: i32, d: i32): void {
  const row = bytes(1, padded16(d));
  for (let j: usize = 0; j < row; j += 64) addProduct(a, aRow, aStep, b + j, row, c + j, row, rows, k);
}

export function attention_f32(qkv: usize, y: usize, stats: usize, scratch: usize, n: i32, t: i32, heads: i32, d: i32, scale: f64): void {
  if (t <= 0 || d <= 0) return;
  const width = padded16(d);
  const block = padded4(min(t, QUERIES));
  const yRow = bytes(heads, d);
  const row = <usize>3 * yRow;
  const keys = aligned(scratch);
  const values = keys + bytes(padded16(t), d);
  const queries = values + bytes(t, width);
  const out = queries + bytes(block, width);
  const scores = out + bytes(block, width);
  for (let sample = 0; sample < n; ++sample) {
    for (let head = 0; head < heads; ++head) {
      const q = qkv + <usize>sample * <usize>t * row + bytes(head, d);
      transposed(keys, q + yRow, row, t, d);
      loadRows(values, q + 2 * yRow, row, t, t, d, 1);
      for (let from = 0; from < t; from += QUERIES) {
        const rows = min(QUERIES, t - from);
        const whole = padded4(rows);
        const own = stats + ((<usize>((sample * heads + head) * t + from)) << 3);
        loadRows(queries, q + <usize>from * row, row, rows, whole, d, <f32>scale);
        scoresOf(queries, keys, scores, whole, t, d);
        exponentials(scores, scoreStep(t), rows, t, own);
        weighted(scores, scoreStep(t), 4, values, out, whole, t, d);
        storeRowsBy(y + <usize>(sample * t + from) * yRow + bytes(head, d), out, yRow, rows, d, own + 4);
      }
    }
  }
}

export function attention_backward_f32(
  qkv: usize,
  stats: usize,
  dy: usize,
  dqkv: usize,
  scratch: usize,
  n: i32,
  t: i32,
  heads: i32,
  d: i32,
  scale: f64,
): void {
  if (t <= 0 || d <= 0) return;
  const width = padded16(d);
  const block = padded4(min(t, QUERIES));
  const step = scoreStep(t);
  const yRow = bytes(heads, d);
  const row = <usize>3 * yRow;
  const keysT = aligned(scratch);
  const valuesT = keysT + bytes(padded16(t), d);
  const keys = valuesT + bytes(padded16(t), d);
  const dk = keys + bytes(t, width);
  const dv = dk + bytes(padded4(t), width);
  const queries = dv + bytes(padded4(t), width);
  const errors = queries + bytes(block, width);
  const dq = errors + bytes(block, width);
  const scores = dq + bytes(block, width);
  const slopes = scores + <usize>block * step;
  for (let sample = 0; sample < n; ++sample) {
    for (let head = 0; head < heads; ++head) {
      const at = <usize>sample * <usize>t * row + bytes(head, d);
      const q = qkv + at;
      transposed(keysT, q + yRow, row, t, d);
      transposed(valuesT, q + 2 * yRow, row, t, d);
      loadRows(keys, q + yRow, row, t, t, d, 1);
      for (let from = 0; from < t; from += QUERIES) {
        const rows = min(QUERIES, t - from);
        const whole = padded4(rows);
        loadRows(queries, q + <usize>from * row, row, rows, whole, d, <f32>scale);
        loadRows(errors, dy + <usize>(sample * t + from) * yRow + bytes(head, d), yRow, rows, whole, d, 1);
        scoresOf(queries, keysT, scores, whole, t, d);
        scoresOf(errors, valuesT, slopes, whole, t, d);
        scoreGradients(scores, slopes - scores, step, rows, t, stats + ((<usize>((sample * heads + head) * t + from)) << 3));
        weighted(slopes, step, 4, keys, dq, whole, t, d);
        storeRows(dqkv + at + <usize>from * row, dq, row, rows, d, <f32>scale);
        if (from == 0) {
          weighted(slopes, 4, step, queries, dk, padded4(t), rows, d);
          weighted(scores, 4, step, errors, dv, padded4(t), rows, d);
        } else {
          addWeighted(slopes, 4, step, queries, dk, padded4(t), rows, d);
          addWeighted(scores, 4, step, errors, dv, padded4(t), rows, d);
        }
      }
      storeRows(dqkv + at + yRow, dk, row, t, d, 1);
      storeRows(dqkv + at + 2 * yRow, dv, row, t, d, 1);
    }
  }
}
