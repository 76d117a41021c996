// Weight updates, elementwise: SGD with momentum, Adam and AdamW, moving average. Numbers that follow from others (1 - beta) are formed
// in float64 and rounded once; moving averages go through the difference, so that a value at rest stays exactly where it is.
import { loadLanes, storeLanes } from "./channel-sums";
import { madd } from "./lanes";

/** One vector of SGD. `mode` 0: the velocity is the gradient; 1: momentum; 2: momentum and Nesterov's look-ahead. */
// @ts-ignore: decorator
@inline
function sgdStep(
  w: usize,
  g: usize,
  m: usize,
  wOut: usize,
  mOut: usize,
  lanes: i32,
  minusLr: v128,
  momentum: v128,
  fresh: v128,
  weightDecay: v128,
  scale: v128,
  mode: i32,
  nesterov: bool,
): void {
  const weight = loadLanes(w, lanes);
  const d = madd(weightDecay, weight, f32x4.mul(scale, loadLanes(g, lanes)));
  const velocity = mode == 0 ? d : madd(momentum, loadLanes(m, lanes), f32x4.mul(fresh, d));
  const direction = nesterov ? madd(momentum, velocity, d) : velocity;
  storeLanes(wOut, madd(minusLr, direction, weight), lanes);
  storeLanes(mOut, velocity, lanes);
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
  mode: i32,
  nesterov: bool,
): void {
  const minusLr = f32x4.splat(<f32>-lr);
  const keep = f32x4.splat(<f32>momentum);
  const fresh = f32x4.splat(<f32>(1 - dampening));
  const decay = f32x4.splat(<f32>weightDecay);
  const factor = f32x4.splat(<f32>scale);
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    sgdStep(w + at, g + at, m + at, wOut + at, mOut + at, 4, minusLr, keep, fresh, decay, factor, mode, nesterov);
  }
  if (at < bytes) {
    sgdStep(w + at, g + at, m + at, wOut + at, mOut + at, length & 3, minusLr, keep, fresh, decay, factor, mode, nesterov);
  }
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
  const fresh = first != 0 || momentum == 0;
  if (fresh) {
    if (nesterov) sgdAll(w, g, m, wOut, mOut, length, lr, momentum, dampening, weightDecay, gradientScale, 0, true);
    else sgdAll(w, g, m, wOut, mOut, length, lr, momentum, dampening, weightDecay, gradientScale, 0, false);
  } else {
    if (nesterov) sgdAll(w, g, m, wOut, mOut, length, lr, momentum, dampening, weightDecay, gradientScale, 1, true);
    else sgdAll(w, g, m, wOut, mOut, length, lr, momentum, dampening, weightDecay, gradientScale, 1, false);
  }
}

/** average + rate * (v - average). */
// @ts-ignore: decorator
@inline
function approach(average: v128, v: v128, rate: v128): v128 {
  return madd(rate, f32x4.sub(v, average), average);
}

// @ts-ignore: decorator
@inline
function adamStep(
  w: usize,
  g: usize,
  m: usize,
  v: usize,
  wOut: usize,
  mOut: usize,
  vOut: usize,
  lanes: i32,
  minusStep: v128,
  rate1: v128,
  rate2: v128,
  eps: v128,
  decay: v128,
  keep: v128,
  root: v128,
  scale: v128,
): void {
  const weight = loadLanes(w, lanes);
  const d = madd(decay, weight, f32x4.mul(scale, loadLanes(g, lanes)));
  const mean = approach(loadLanes(m, lanes), d, rate1);
  const square = approach(loadLanes(v, lanes), f32x4.mul(d, d), rate2);
  const direction = f32x4.div(mean, f32x4.add(f32x4.mul(f32x4.sqrt(square), root), eps));
  storeLanes(wOut, madd(minusStep, direction, f32x4.mul(weight, keep)), lanes);
  storeLanes(mOut, mean, lanes);
  storeLanes(vOut, square, lanes);
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
  for (; at + 16 <= bytes; at += 16) {
    adamStep(w + at, g + at, m + at, v + at, wOut + at, mOut + at, vOut + at, 4, minusStep, rate1, rate2, bias, decay, keep, root, scale);
  }
  if (at < bytes) {
    adamStep(
      w + at,
      g + at,
      m + at,
      v + at,
      wOut + at,
      mOut + at,
      vOut + at,
      length & 3,
      minusStep,
      rate1,
      rate2,
      bias,
      decay,
      keep,
      root,
      scale,
    );
  }
}

export function ema_f32(average: usize, w: usize, out: usize, length: i32, decay: f64): void {
  const rate = f32x4.splat(<f32>(1 - decay));
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    const v0 = approach(v128.load(average + at), v128.load(w + at), rate);
    const v1 = approach(v128.load(average + at, 16), v128.load(w + at, 16), rate);
    v128.store(out + at, v0);
    v128.store(out + at, v1, 16);
  }
  for (; at < bytes; at += 16) {
    const lanes = min(4, (<i32>(bytes - at)) >> 2);
    storeLanes(out + at, approach(loadLanes(average + at, lanes), loadLanes(w + at, lanes), rate), lanes);
  }
}
