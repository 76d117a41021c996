// Weight updates, elementwise: SGD with momentum, Adam and AdamW, moving average. Numbers that follow from others (1 - beta) are formed
// in float64 and rounded once; moving averages go through the difference, so that a value at rest stays exactly where it is.
import { loadLanes, storeLanes } from "./channel-sums";
import { madd } from "./lanes";

/** The velocity for a decayed gradient d: d itself when it is fresh, else momentum * m + rate * d. */
// @ts-ignore: decorator
@inline
function velocity(d: v128, m: v128, momentum: v128, rate: v128, fresh: bool): v128 {
  return fresh ? d : madd(momentum, m, f32x4.mul(rate, d));
}

/** The weight after a step along the velocity, or along Nesterov's look-ahead. */
// @ts-ignore: decorator
@inline
function moved(weight: v128, d: v128, v: v128, minusLr: v128, momentum: v128, nesterov: bool): v128 {
  return madd(minusLr, nesterov ? madd(momentum, v, d) : v, weight);
}

// @ts-ignore: decorator
@inline
function sgdAll(
  w: usize,
  g: usize,
  m: usize,
  wOut: usize,
  mOut: usize,
  length: i32,
  lr: f64,
  momentum: f64,
  dampening: f64,
  weightDecay: f64,
  scale: f64,
  fresh: bool,
  nesterov: bool,
): void {
  const minusLr = f32x4.splat(<f32>-lr);
  const keep = f32x4.splat(<f32>momentum);
  const rate = f32x4.splat(<f32>(1 - dampening));
  const decay = f32x4.splat(<f32>weightDecay);
  const factor = f32x4.splat(<f32>scale);
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    const w0 = v128.load(w + at);
    const w1 = v128.load(w + at, 16);
    const d0 = madd(decay, w0, f32x4.mul(factor, v128.load(g + at)));
    const d1 = madd(decay, w1, f32x4.mul(factor, v128.load(g + at, 16)));
    const v0 = velocity(d0, fresh ? d0 : v128.load(m + at), keep, rate, fresh);
    const v1 = velocity(d1, fresh ? d1 : v128.load(m + at, 16), keep, rate, fresh);
    const y0 = moved(w0, d0, v0, minusLr, keep, nesterov);
    const y1 = moved(w1, d1, v1, minusLr, keep, nesterov);
    v128.store(wOut + at, y0);
    v128.store(wOut + at, y1, 16);
    v128.store(mOut + at, v0);
    v128.store(mOut + at, v1, 16);
  }
  for (; at < bytes; at += 16) {
    const lanes = min(4, (<i32>(bytes - at)) >> 2);
    const weight = loadLanes(w + at, lanes);
    const d = madd(decay, weight, f32x4.mul(factor, loadLanes(g + at, lanes)));
    const v = velocity(d, fresh ? d : loadLanes(m + at, lanes), keep, rate, fresh);
    storeLanes(wOut + at, moved(weight, d, v, minusLr, keep, nesterov), lanes);
    storeLanes(mOut + at, v, lanes);
  }
}

function sgdPlain(
  w: usize,
  g: usize,
  m: usize,
  wOut: usize,
  mOut: usize,
  length: i32,
  lr: f64,
  momentum: f64,
  dampening: f64,
  weightDecay: f64,
  scale: f64,
): void {
  sgdAll(w, g, m, wOut, mOut, length, lr, momentum, dampening, weightDecay, scale, false, false);
}

function sgdNesterov(
  w: usize,
  g: usize,
  m: usize,
  wOut: usize,
  mOut: usize,
  length: i32,
  lr: f64,
  momentum: f64,
  dampening: f64,
  weightDecay: f64,
  scale: f64,
): void {
  sgdAll(w, g, m, wOut, mOut, length, lr, momentum, dampening, weightDecay, scale, false, true);
}

/** The first step, or one without momentum. */
function sgdFresh(
  w: usize,
  g: usize,
  wOut: usize,
  mOut: usize,
  length: i32,
  lr: f64,
  momentum: f64,
  weightDecay: f64,
  scale: f64,
  nesterov: i32,
): void {
  if (nesterov) sgdAll(w, g, 0, wOut, mOut, length, lr, momentum, 0, weightDecay, scale, true, true);
  else sgdAll(w, g, 0, wOut, mOut, length, lr, momentum, 0, weightDecay, scale, true, false);
}

export function sgd_f32(
  w: usize,
  g: usize,
  m: usize,
  wOut: usize,
  mOut: usize,
  length: i32,
  lr: f64,
  momentum: f64,
  dampening: f64,
  weightDecay: f64,
  nesterov: i32,
  gradientScale: f64,
  first: i32,
): void {
  if (first != 0 || momentum == 0) sgdFresh(w, g, wOut, mOut, length, lr, momentum, weightDecay, gradientScale, nesterov);
  else if (nesterov) sgdNesterov(w, g, m, wOut, mOut, length, lr, momentum, dampening, weightDecay, gradientScale);
  else sgdPlain(w, g, m, wOut, mOut, length, lr, momentum, dampening, weightDecay, gradientScale);
}

/** average + rate * (v - average). */
// @ts-ignore: decorator
@inline
function approach(average: v128, v: v128, rate: v128): v128 {
  return madd(rate, f32x4.sub(v, average), average);
}

/** w * keep + minusStep * mean / (sqrt(square) * root + eps). */
// @ts-ignore: decorator
@inline
function adamWeight(w: v128, mean: v128, square: v128, minusStep: v128, eps: v128, keep: v128, root: v128): v128 {
  const direction = f32x4.div(mean, f32x4.add(f32x4.mul(f32x4.sqrt(square), root), eps));
  return madd(minusStep, direction, f32x4.mul(w, keep));
}

export function adam_f32(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  wOut: usize,
  mOut: usize,
  vOut: usize,
  length: i32,
  lr: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  decoupled: i32,
  correction1: f64,
  correction2: f64,
  gradientScale: f64,
): void {
  const minusStep = f32x4.splat(<f32>(-lr / correction1));
  const rate1 = f32x4.splat(<f32>(1 - beta1));
  const rate2 = f32x4.splat(<f32>(1 - beta2));
  const bias = f32x4.splat(<f32>eps);
  const decay = f32x4.splat(decoupled ? 0 : <f32>weightDecay);
  const keep = f32x4.splat(decoupled ? <f32>(1 - lr * weightDecay) : 1);
  const root = f32x4.splat(<f32>(1 / sqrt<f64>(correction2)));
  const scale = f32x4.splat(<f32>gradientScale);
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    const w0 = v128.load(w + at);
    const w1 = v128.load(w + at, 16);
    const d0 = madd(decay, w0, f32x4.mul(scale, v128.load(g + at)));
    const d1 = madd(decay, w1, f32x4.mul(scale, v128.load(g + at, 16)));
    const mean0 = approach(v128.load(m + at), d0, rate1);
    const mean1 = approach(v128.load(m + at, 16), d1, rate1);
    const square0 = approach(v128.load(v + at), f32x4.mul(d0, d0), rate2);
    const square1 = approach(v128.load(v + at, 16), f32x4.mul(d1, d1), rate2);
    const y0 = adamWeight(w0, mean0, square0, minusStep, bias, keep, root);
    const y1 = adamWeight(w1, mean1, square1, minusStep, bias, keep, root);
    v128.store(wOut + at, y0);
    v128.store(wOut + at, y1, 16);
    v128.store(mOut + at, mean0);
    v128.store(mOut + at, mean1, 16);
    v128.store(vOut + at, square0);
    v128.store(vOut + at, square1, 16);
  }
  for (; at < bytes; at += 16) {
    const lanes = min(4, (<i32>(bytes - at)) >> 2);
    const weight = loadLanes(w + at, lanes);
    const d = madd(decay, weight, f32x4.mul(scale, loadLanes(g + at, lanes)));
    const mean = approach(loadLanes(m + at, lanes), d, rate1);
    const square = approach(loadLanes(v + at, lanes), f32x4.mul(d, d), rate2);
    storeLanes(wOut + at, adamWeight(weight, mean, square, minusStep, bias, keep, root), lanes);
    storeLanes(mOut + at, mean, lanes);
    storeLanes(vOut + at, square, lanes);
  }
}

export function ema_f32(average: usize, w: usize, out: usize, length: i32, decay: f64): void {
  const rate = f32x4.splat(<f32>(1 - decay));
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 64 <= bytes; at += 64) {
    const v0 = approach(v128.load(average + at), v128.load(w + at), rate);
    const v1 = approach(v128.load(average + at, 16), v128.load(w + at, 16), rate);
    const v2 = approach(v128.load(average + at, 32), v128.load(w + at, 32), rate);
    const v3 = approach(v128.load(average + at, 48), v128.load(w + at, 48), rate);
    v128.store(out + at, v0);
    v128.store(out + at, v1, 16);
    v128.store(out + at, v2, 32);
    v128.store(out + at, v3, 48);
  }
  for (; at < bytes; at += 16) {
    const lanes = min(4, (<i32>(bytes - at)) >> 2);
    storeLanes(out + at, approach(loadLanes(average + at, lanes), loadLanes(w + at, lanes), rate), lanes);
  }
}
