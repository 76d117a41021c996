// Batch normalization on channels-last rows: statistics a shard, their combination, the map and its gradient. Order of sums: see channel-sums.
// Coefficients of a channel are float64, rounded once. Empty shards take no part.
import { addBackwardRows, backwardRows, scaleRows } from "./channel-maps";
import { addProducts, padded, rawMoments } from "./channel-sums";

// @ts-ignore: decorator
@inline
function get(p: usize, i: i32): f64 {
  return <f64>load<f32>(p + ((<usize>i) << 2));
}

// @ts-ignore: decorator
@inline
function put(p: usize, i: i32, value: f64): void {
  store<f32>(p + ((<usize>i) << 2), <f32>value);
}

export function batch_norm_moments_f32(x: usize, moments: usize, scratch: usize, rows: i32, c: i32): void {
  rawMoments(x, rows, c, scratch);
  const squares = scratch + (padded(c) << 3);
  for (let j = 0; j < c; j++) {
    const mean = rows > 0 ? load<f64>(scratch + ((<usize>j) << 3)) / <f64>rows : 0;
    const rest = load<f64>(squares + ((<usize>j) << 3)) - <f64>rows * mean * mean;
    put(moments, j, mean);
    put(moments, c + j, rest < 0 ? 0 : rest);
  }
}

/** First row of shard s. */
// @ts-ignore: decorator
@inline
function bound(s: i32, samples: i32, shards: i32, rowsPerSample: i32): f64 {
  return <f64>((<i64>min(s, shards) * <i64>samples) / <i64>shards) * <f64>rowsPerSample;
}

/** Chan's formula for two shards of countA and countB rows; the second is added to the first. */
function merge(a: usize, b: usize, countA: f64, countB: f64, c: i32): void {
  if (countB == 0) return;
  const row = (<usize>c) << 3;
  if (countA == 0) {
    memory.copy(a, b, 2 * row);
    return;
  }
  const share = countB / (countA + countB);
  const weight = countA * share;
  for (let j = 0; j < c; j++, a += 8, b += 8) {
    const delta = load<f64>(b) - load<f64>(a);
    store<f64>(a, load<f64>(a) + delta * share);
    store<f64>(a + row, load<f64>(a + row) + load<f64>(b + row) + delta * delta * weight);
  }
}

export function batch_norm_combine_f32(
  moments: usize,
  y: usize,
  scratch: usize,
  samples: i32,
  shards: i32,
  rowsPerSample: i32,
  c: i32,
): void {
  const width = 2 * c;
  for (let i = 0; i < shards * width; i++) store<f64>(scratch + ((<usize>i) << 3), get(moments, i));
  for (let k = 1; k < shards; k <<= 1) {
    for (let i = 0; i + k < shards; i += 2 * k) {
      const middle = bound(i + k, samples, shards, rowsPerSample);
      const countA = middle - bound(i, samples, shards, rowsPerSample);
      const countB = bound(i + 2 * k, samples, shards, rowsPerSample) - middle;
      merge(scratch + ((<usize>(i * width)) << 3), scratch + ((<usize>((i + k) * width)) << 3), countA, countB, c);
    }
  }
  const count = <f64>samples * <f64>rowsPerSample;
  for (let j = 0; j < c; j++) {
    put(y, j, count > 0 ? load<f64>(scratch + ((<usize>j) << 3)) : 0);
    put(y, c + j, count > 0 ? load<f64>(scratch + ((<usize>(c + j)) << 3)) / count : 0);
  }
}

export function batch_norm_scale_f32(meanVariance: usize, gamma: usize, beta: usize, y: usize, c: i32, eps: f64): void {
  for (let j = 0; j < c; j++) {
    const invstd = 1 / sqrt<f64>(get(meanVariance, c + j) + eps);
    const scale = gamma ? get(gamma, j) * invstd : invstd;
    const shift = (beta ? get(beta, j) : 0) - get(meanVariance, j) * scale;
    put(y, j, scale);
    put(y, c + j, shift);
    put(y, 2 * c + j, invstd);
  }
}

export function batch_norm_running_f32(meanVariance: usize, running: usize, y: usize, c: i32, momentum: f64, count: f64): void {
  const keep = 1 - momentum;
  const unbiased = momentum * (count > 1 ? count / (count - 1) : 1);
  for (let j = 0; j < c; j++) {
    put(y, j, keep * get(running, j) + momentum * get(meanVariance, j));
    put(y, c + j, keep * get(running, c + j) + unbiased * get(meanVariance, c + j));
  }
}

export function batch_norm_f32(x: usize, scaleShift: usize, y: usize, rows: i32, c: i32, relu: i32): void {
  scaleRows(x, y, rows, c, scaleShift, scaleShift + ((<usize>c) << 2), relu);
}

/** Where x * scale is above minus the shift, x * scale + shift is positive, rounding or not. */
// @ts-ignore: decorator
@inline
function thresholds(scaleShift: usize, threshold: usize, c: i32): void {
  for (let j = 0; j < c; j++) store<f32>(threshold + ((<usize>j) << 2), -load<f32>(scaleShift + ((<usize>(c + j)) << 2)));
}

export function batch_norm_backward_sums_f32(
  x: usize,
  dy: usize,
  meanVariance: usize,
  scaleShift: usize,
  sums: usize,
  scratch: usize,
  rows: i32,
  c: i32,
  relu: i32,
): void {
  const width = padded(c) << 3;
  const threshold = scratch + 3 * width;
  memory.fill(scratch, 0, 2 * width);
  if (relu) thresholds(scaleShift, threshold, c);
  addProducts(x, dy, rows, c, meanVariance, scaleShift, relu ? threshold : 0, scratch);
  for (let j = 0; j < c; j++) {
    put(sums, j, load<f64>(scratch + ((<usize>j) << 3)));
    put(sums, c + j, load<f64>(scratch + width + ((<usize>j) << 3)) * get(scaleShift, 2 * c + j));
  }
}

/** Writes slope, offset and thresholds of the channels. */
// @ts-ignore: decorator
@inline
function coefficients(scaleShift: usize, sums: usize, scratch: usize, c: i32, relu: i32, count: f64): void {
  for (let j = 0; j < c; j++) {
    const factor = -get(scaleShift, j) / count;
    put(scratch, j, factor * get(scaleShift, 2 * c + j) * get(sums, c + j));
    put(scratch, c + j, factor * get(sums, j));
  }
  if (relu) thresholds(scaleShift, scratch + ((<usize>c) << 3), c);
}

export function batch_norm_backward_f32(
  x: usize,
  dy: usize,
  meanVariance: usize,
  scaleShift: usize,
  sums: usize,
  dx: usize,
  scratch: usize,
  rows: i32,
  c: i32,
  relu: i32,
  count: f64,
): void {
  const row = (<usize>c) << 2;
  coefficients(scaleShift, sums, scratch, c, relu, count);
  backwardRows(x, dy, dx, rows, c, meanVariance, scaleShift, relu ? scratch + 2 * row : 0, scratch, scratch + row);
}

export function batch_norm_backward_add_f32(
  x: usize,
  dy: usize,
  meanVariance: usize,
  scaleShift: usize,
  sums: usize,
  dx: usize,
  scratch: usize,
  rows: i32,
  c: i32,
  relu: i32,
  count: f64,
): void {
  const row = (<usize>c) << 2;
  coefficients(scaleShift, sums, scratch, c, relu, count);
  addBackwardRows(x, dy, dx, rows, c, meanVariance, scaleShift, relu ? scratch + 2 * row : 0, scratch, scratch + row);
}
