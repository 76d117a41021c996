// Group normalization of channels-last images, forward and backward: sums a channel over the pixels (see channel-sums), then over the
// channels of a group in order, float64. An image's result does not depend on the other images.
import { backwardRows, scaleRows } from "./channel-maps";
import { addProducts, MOMENT_ROWS, padded, PRODUCT_ROWS, rawMoments } from "./channel-sums";

// @ts-ignore: decorator
@inline
function value(p: usize, i: i32): f64 {
  return load<f64>(p + ((<usize>i) << 3));
}

// @ts-ignore: decorator
@inline
function get(p: usize, i: i32, absent: f64): f64 {
  return p ? <f64>load<f32>(p + ((<usize>i) << 2)) : absent;
}

// @ts-ignore: decorator
@inline
function put(p: usize, i: i32, v: f64): void {
  store<f32>(p + ((<usize>i) << 2), <f32>v);
}

export function group_norm_f32(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  stats: usize,
  scratch: usize,
  n: i32,
  pixels: i32,
  c: i32,
  groups: i32,
  eps: f64,
): void {
  const width = c / groups;
  const count = <f64>pixels * <f64>width;
  const squares = scratch + (padded(c) << 3);
  const scale = scratch + ((MOMENT_ROWS * padded(c)) << 2);
  const shift = scale + ((<usize>c) << 2);
  const image = (<usize>pixels * <usize>c) << 2;
  for (let i = 0; i < n; i++, x += image, y += image) {
    rawMoments(x, pixels, c, scratch);
    for (let g = 0; g < groups; g++, stats += 8) {
      let total: f64 = 0;
      let square: f64 = 0;
      for (let j = g * width; j < (g + 1) * width; j++) {
        total += value(scratch, j);
        square += value(squares, j);
      }
      const mean = count > 0 ? total / count : 0;
      const variance = count > 0 ? square / count - mean * mean : 0;
      const rstd = 1 / sqrt<f64>((variance < 0 ? 0 : variance) + eps);
      put(stats, 0, mean);
      put(stats, 1, rstd);
      for (let j = g * width; j < (g + 1) * width; j++) {
        const factor = get(gamma, j, 1) * rstd;
        put(scale, j, factor);
        put(shift, j, get(beta, j, 0) - mean * factor);
      }
    }
    scaleRows(x, y, pixels, c, scale, shift, 0);
  }
}

/** Writes each channel's group mean. */
// @ts-ignore: decorator
@inline
function spreadMeans(stats: usize, mean: usize, c: i32, groups: i32): void {
  const width = c / groups;
  for (let j = 0; j < c; j++) put(mean, j, get(stats, 2 * (j / width), 0));
}

export function group_norm_backward_f32(
  x: usize,
  dy: usize,
  gamma: usize,
  stats: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
  scratch: usize,
  n: i32,
  pixels: i32,
  c: i32,
  groups: i32,
): void {
  const width = c / groups;
  const count = <f64>pixels * <f64>width;
  const sums = padded(c) << 3;
  const products = scratch + sums;
  const row = (<usize>c) << 2;
  const mean = scratch + ((PRODUCT_ROWS * padded(c)) << 2);
  const scale = mean + row;
  const slope = scale + row;
  const offset = slope + row;
  const total = offset + row;
  const image = <usize>pixels * row;
  memory.fill(total, 0, 2 * sums);
  for (let i = 0; i < n; i++, x += image, dy += image, dx += image) {
    memory.fill(scratch, 0, 2 * sums);
    spreadMeans(stats, mean, c, groups);
    addProducts(x, dy, pixels, c, mean, 0, 0, scratch);
    for (let g = 0; g < groups; g++, stats += 8) {
      let sum: f64 = 0;
      let product: f64 = 0;
      for (let j = g * width; j < (g + 1) * width; j++) {
        sum += get(gamma, j, 1) * value(scratch, j);
        product += get(gamma, j, 1) * value(products, j);
      }
      const rstd = get(stats, 1, 1);
      for (let j = g * width; j < (g + 1) * width; j++) {
        put(scale, j, get(gamma, j, 1) * rstd);
        put(slope, j, (-rstd * rstd * rstd * product) / count);
        put(offset, j, (-rstd * sum) / count);
        const to = total + ((<usize>j) << 3);
        store<f64>(to, load<f64>(to) + value(scratch, j));
        store<f64>(to + sums, load<f64>(to + sums) + value(products, j) * rstd);
      }
    }
    backwardRows(x, dy, dx, pixels, c, mean, scale, 0, slope, offset);
  }
  for (let j = 0; j < c; j++) {
    if (dgamma) put(dgamma, j, value(total + sums, j));
    if (dbeta) put(dbeta, j, value(total, j));
  }
}
