// Layer normalization of contiguous rows, forward and backward. Order of the sums along a row: blocks of 1024; within a block float32,
// lane j mod 16 takes element j, vectors (v0 + v1) + (v2 + v3), lanes (t0 + t2) + (t1 + t3); between blocks float64. The sums over rows
// of the affine gradient: rows in order in blocks of 64 in float32, between blocks float64.
import { addTo, loadLanes, padded, storeLanes } from "./channel-sums";
import { madd, sumLanes } from "./lanes";
import { foldHalves, foldPairs, ROW_BLOCK } from "./row-sums";

const BLOCK: i32 = 64;

// @ts-ignore: decorator
@inline
function add4(a: v128, b: v128, c: v128, d: v128): v128 {
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

/** The first `lanes` (1 to 4) deviations from the mean, then zeros. */
// @ts-ignore: decorator
@inline
function deviations(x: usize, mean: v128, lanes: i32): v128 {
  const d = f32x4.sub(loadLanes(x, lanes), mean);
  return lanes == 4 ? d : v128.and(d, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(lanes)));
}

// @ts-ignore: decorator
@inline
function addSquare(x: usize, mean: v128, lanes: i32, sum: v128): v128 {
  const d = deviations(x, mean, lanes);
  return madd(d, d, sum);
}

/** Sum of one block. */
// @ts-ignore: decorator
@inline
function blockSum(x: usize, cols: i32): f32 {
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  for (let i = cols >> 4; i > 0; i--, x += 64) {
    sum0 = f32x4.add(sum0, v128.load(x));
    sum1 = f32x4.add(sum1, v128.load(x, 16));
    sum2 = f32x4.add(sum2, v128.load(x, 32));
    sum3 = f32x4.add(sum3, v128.load(x, 48));
  }
  const rest = cols & 15;
  if (rest) sum0 = f32x4.add(sum0, loadLanes(x, min(4, rest)));
  if (rest > 4) sum1 = f32x4.add(sum1, loadLanes(x + 16, min(4, rest - 4)));
  if (rest > 8) sum2 = f32x4.add(sum2, loadLanes(x + 32, min(4, rest - 8)));
  if (rest > 12) sum3 = f32x4.add(sum3, loadLanes(x + 48, rest - 12));
  return sumLanes(add4(sum0, sum1, sum2, sum3));
}

/** Sum of (x - mean)^2 of one block. */
// @ts-ignore: decorator
@inline
function blockSquares(x: usize, mean: v128, cols: i32): f32 {
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  for (let i = cols >> 4; i > 0; i--, x += 64) {
    sum0 = addSquare(x, mean, 4, sum0);
    sum1 = addSquare(x + 16, mean, 4, sum1);
    sum2 = addSquare(x + 32, mean, 4, sum2);
    sum3 = addSquare(x + 48, mean, 4, sum3);
  }
  const rest = cols & 15;
  if (rest) sum0 = addSquare(x, mean, min(4, rest), sum0);
  if (rest > 4) sum1 = addSquare(x + 16, mean, min(4, rest - 4), sum1);
  if (rest > 8) sum2 = addSquare(x + 32, mean, min(4, rest - 8), sum2);
  if (rest > 12) sum3 = addSquare(x + 48, mean, rest - 12, sum3);
  return sumLanes(add4(sum0, sum1, sum2, sum3));
}

/** dy, times gamma if it is there. */
// @ts-ignore: decorator
@inline
function weigh(dy: usize, gamma: usize, at: usize, lanes: i32, affine: bool): v128 {
  const v = loadLanes(dy + at, lanes);
  return affine ? f32x4.mul(v, loadLanes(gamma + at, lanes)) : v;
}

/** (sum of g, sum of g * (x - mean)) of one block in the low lanes, g = dy * gamma. */
// @ts-ignore: decorator
@inline
function blockProducts(x: usize, dy: usize, gamma: usize, mean: v128, cols: i32, affine: bool): v128 {
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  let product0 = f32x4.splat(0);
  let product1 = f32x4.splat(0);
  let product2 = f32x4.splat(0);
  let product3 = f32x4.splat(0);
  let at: usize = 0;
  for (let i = cols >> 4; i > 0; i--, at += 64) {
    const g0 = weigh(dy, gamma, at, 4, affine);
    const g1 = weigh(dy, gamma, at + 16, 4, affine);
    sum0 = f32x4.add(sum0, g0);
    sum1 = f32x4.add(sum1, g1);
    product0 = madd(g0, deviations(x + at, mean, 4), product0);
    product1 = madd(g1, deviations(x + at + 16, mean, 4), product1);
    const g2 = weigh(dy, gamma, at + 32, 4, affine);
    const g3 = weigh(dy, gamma, at + 48, 4, affine);
    sum2 = f32x4.add(sum2, g2);
    sum3 = f32x4.add(sum3, g3);
    product2 = madd(g2, deviations(x + at + 32, mean, 4), product2);
    product3 = madd(g3, deviations(x + at + 48, mean, 4), product3);
  }
  // The last lanes of a part are zeros of dy.
  const rest = cols & 15;
  if (rest) {
    const lanes = min(4, rest);
    const g = weigh(dy, gamma, at, lanes, affine);
    sum0 = f32x4.add(sum0, g);
    product0 = madd(g, deviations(x + at, mean, lanes), product0);
  }
  if (rest > 4) {
    const lanes = min(4, rest - 4);
    const g = weigh(dy, gamma, at + 16, lanes, affine);
    sum1 = f32x4.add(sum1, g);
    product1 = madd(g, deviations(x + at + 16, mean, lanes), product1);
  }
  if (rest > 8) {
    const lanes = min(4, rest - 8);
    const g = weigh(dy, gamma, at + 32, lanes, affine);
    sum2 = f32x4.add(sum2, g);
    product2 = madd(g, deviations(x + at + 32, mean, lanes), product2);
  }
  if (rest > 12) {
    const lanes = rest - 12;
    const g = weigh(dy, gamma, at + 48, lanes, affine);
    sum3 = f32x4.add(sum3, g);
    product3 = madd(g, deviations(x + at + 48, mean, lanes), product3);
  }
  const half = foldHalves(add4(sum0, sum1, sum2, sum3), add4(product0, product1, product2, product3));
  return foldPairs(half, half);
}

// @ts-ignore: decorator
@inline
function normalize(x: usize, y: usize, gamma: usize, beta: usize, mean: v128, rstd: v128, lanes: i32): void {
  let v = f32x4.mul(f32x4.sub(loadLanes(x, lanes), mean), rstd);
  if (gamma && beta) v = madd(v, loadLanes(gamma, lanes), loadLanes(beta, lanes));
  else if (gamma) v = f32x4.mul(v, loadLanes(gamma, lanes));
  else if (beta) v = f32x4.add(v, loadLanes(beta, lanes));
  storeLanes(y, v, lanes);
}

export function layer_norm_f32(x: usize, gamma: usize, beta: usize, y: usize, stats: usize, rows: i32, c: i32, eps: f64): void {
  const stride = (<usize>c) << 2;
  for (let i = 0; i < rows; i++, x += stride, y += stride, stats += 8) {
    let sum: f64 = 0;
    for (let j = 0; j < c; j += ROW_BLOCK) sum += <f64>blockSum(x + ((<usize>j) << 2), min(ROW_BLOCK, c - j));
    const mean = <f32>(c > 0 ? sum / <f64>c : 0);
    const center = f32x4.splat(mean);
    let squares: f64 = 0;
    for (let j = 0; j < c; j += ROW_BLOCK) squares += <f64>blockSquares(x + ((<usize>j) << 2), center, min(ROW_BLOCK, c - j));
    const rstd = <f32>(1 / sqrt<f64>((c > 0 ? squares / <f64>c : 0) + eps));
    const factor = f32x4.splat(rstd);
    store<f32>(stats, mean);
    store<f32>(stats, rstd, 4);
    let at: usize = 0;
    if (gamma && beta) {
      for (; at + 32 <= stride; at += 32) {
        const v0 = f32x4.mul(f32x4.sub(v128.load(x + at), center), factor);
        const v1 = f32x4.mul(f32x4.sub(v128.load(x + at, 16), center), factor);
        const y0 = madd(v0, v128.load(gamma + at), v128.load(beta + at));
        const y1 = madd(v1, v128.load(gamma + at, 16), v128.load(beta + at, 16));
        v128.store(y + at, y0);
        v128.store(y + at, y1, 16);
      }
    }
    for (; at < stride; at += 16) {
      const lanes = min(4, (<i32>(stride - at)) >> 2);
      normalize(x + at, y + at, gamma ? gamma + at : 0, beta ? beta + at : 0, center, factor, lanes);
    }
  }
}

// @ts-ignore: decorator
@inline
function backward(x: usize, dy: usize, gamma: usize, stats: usize, dx: usize, rows: i32, c: i32, affine: bool): void {
  const stride = (<usize>c) << 2;
  for (let i = 0; i < rows; i++, x += stride, dy += stride, dx += stride, stats += 8) {
    const mean = v128.load32_splat(stats);
    let sums = f64x2.splat(0);
    for (let j = 0; j < c; j += ROW_BLOCK) {
      const at = (<usize>j) << 2;
      const block = blockProducts(x + at, dy + at, gamma + at, mean, min(ROW_BLOCK, c - j), affine);
      sums = f64x2.add(sums, f64x2.promote_low_f32x4(block));
    }
    const rstd = <f64>load<f32>(stats, 4);
    const factor = f32x4.splat(<f32>rstd);
    const offset = f32x4.splat(<f32>((-rstd * f64x2.extract_lane(sums, 0)) / <f64>c));
    const slope = f32x4.splat(<f32>((-rstd * rstd * rstd * f64x2.extract_lane(sums, 1)) / <f64>c));
    let at: usize = 0;
    for (; at + 32 <= stride; at += 32) {
      const g0 = weigh(dy, gamma, at, 4, affine);
      const g1 = weigh(dy, gamma, at + 16, 4, affine);
      const dx0 = madd(g0, factor, madd(f32x4.sub(v128.load(x + at), mean), slope, offset));
      const dx1 = madd(g1, factor, madd(f32x4.sub(v128.load(x + at, 16), mean), slope, offset));
      v128.store(dx + at, dx0);
      v128.store(dx + at, dx1, 16);
    }
    for (; at < stride; at += 16) {
      const lanes = min(4, (<i32>(stride - at)) >> 2);
      const along = madd(f32x4.sub(loadLanes(x + at, lanes), mean), slope, offset);
      storeLanes(dx + at, madd(weigh(dy, gamma, at, lanes, affine), factor, along), lanes);
    }
  }
}

export function layer_norm_backward_f32(x: usize, dy: usize, gamma: usize, stats: usize, dx: usize, rows: i32, c: i32): void {
  if (gamma) backward(x, dy, gamma, stats, dx, rows, c, true);
  else backward(x, dy, gamma, stats, dx, rows, c, false);
}

/** A block of rows of up to 4 columns: adds sum of dy * (x - mean) * rstd and sum of dy to float64 sums. */
// @ts-ignore: decorator
@inline
function affineBlock(x: usize, dy: usize, stats: usize, rows: i32, stride: usize, dgamma: usize, dbeta: usize, lanes: i32): void {
  let product = f32x4.splat(0);
  let sum = f32x4.splat(0);
  for (let i = 0; i < rows; i++, x += stride, dy += stride, stats += 8) {
    const g = loadLanes(dy, lanes);
    const xhat = f32x4.mul(f32x4.sub(loadLanes(x, lanes), v128.load32_splat(stats)), v128.load32_splat(stats, 4));
    product = madd(g, xhat, product);
    sum = f32x4.add(sum, g);
  }
  addTo(dgamma, product);
  addTo(dbeta, sum);
}

/** The same for 16 columns. */
// @ts-ignore: decorator
@inline
function affineBlock16(x: usize, dy: usize, stats: usize, rows: i32, stride: usize, dgamma: usize, dbeta: usize): void {
  let product0 = f32x4.splat(0);
  let product1 = f32x4.splat(0);
  let product2 = f32x4.splat(0);
  let product3 = f32x4.splat(0);
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  for (let i = 0; i < rows; i++, x += stride, dy += stride, stats += 8) {
    const mean = v128.load32_splat(stats);
    const rstd = v128.load32_splat(stats, 4);
    const g0 = v128.load(dy);
    const g1 = v128.load(dy, 16);
    const g2 = v128.load(dy, 32);
    const g3 = v128.load(dy, 48);
    sum0 = f32x4.add(sum0, g0);
    sum1 = f32x4.add(sum1, g1);
    sum2 = f32x4.add(sum2, g2);
    sum3 = f32x4.add(sum3, g3);
    product0 = madd(g0, f32x4.mul(f32x4.sub(v128.load(x), mean), rstd), product0);
    product1 = madd(g1, f32x4.mul(f32x4.sub(v128.load(x, 16), mean), rstd), product1);
    product2 = madd(g2, f32x4.mul(f32x4.sub(v128.load(x, 32), mean), rstd), product2);
    product3 = madd(g3, f32x4.mul(f32x4.sub(v128.load(x, 48), mean), rstd), product3);
  }
  addTo(dgamma, product0);
  addTo(dgamma + 32, product1);
  addTo(dgamma + 64, product2);
  addTo(dgamma + 96, product3);
  addTo(dbeta, sum0);
  addTo(dbeta + 32, sum1);
  addTo(dbeta + 64, sum2);
  addTo(dbeta + 96, sum3);
}

export function layer_norm_affine_gradient_f32(
  x: usize,
  dy: usize,
  stats: usize,
  dgamma: usize,
  dbeta: usize,
  scratch: usize,
  rows: i32,
  c: i32,
): void {
  const stride = (<usize>c) << 2;
  const width = padded(c) << 3;
  memory.fill(scratch, 0, 2 * width);
  for (let i = 0; i < rows; i += BLOCK) {
    const count = min(BLOCK, rows - i);
    const from = <usize>i * stride;
    const row = stats + ((<usize>i) << 3);
    let j: usize = 0;
    for (; j + 16 <= <usize>c; j += 16) {
      const at = from + (j << 2);
      affineBlock16(x + at, dy + at, row, count, stride, scratch + (j << 3), scratch + width + (j << 3));
    }
    for (; j < <usize>c; j += 4) {
      const at = from + (j << 2);
      affineBlock(x + at, dy + at, row, count, stride, scratch + (j << 3), scratch + width + (j << 3), min(4, c - <i32>j));
    }
  }
  for (let j: usize = 0; j < <usize>c; j++) {
    store<f32>(dgamma + (j << 2), <f32>load<f64>(scratch + (j << 3)));
    store<f32>(dbeta + (j << 2), <f32>load<f64>(scratch + width + (j << 3)));
  }
}
