// Activations and their gradients: y may be x. Four vectors an iteration, all loads before all stores, then one vector at a time.
// Errors in units in the last place: exp log tanh erf as in transcendental.ts, sigmoid 2.4, silu 3.3, softplus 3.6,
// gelu 4 above -5 and 4.5 below. gelu is max(x, 0) - |x| Phi(-|x|), so that its negative tail keeps its relative precision.
import { loadPart, storePart } from "./lanes";
import { power } from "./power";
import {
  constant,
  erf,
  exp,
  expDown,
  expMiddle,
  log,
  logNormal,
  logOnePlus,
  tailArgument,
  tailExp,
  tailFactor,
  tailUnit,
  tanh,
} from "./transcendental";

// 1, 1 / sqrt(2 pi), 2 sqrt(2 / pi), that times 0.044715, and three times this; the largest argument of the gelu and silu
// gradients, past which they are 0 and 1.
const C: usize = memory.data<f32>([1, 0.3989422917366028, 1.5957691669464111, 0.07135481387376785, 0.21406444907188416, 16, 120], 16);

// The bits of 2^-126, twice those of 87, the difference between those of infinity and 2^-126, less 1.
const RANGE: usize = memory.data<i32>([0x00800000, 0x855c0000, 0x7effffff], 16);
const CHUNK: i32 = 512;

const EXP = 0;
const LOG = 1;
const TANH = 2;
const ERF = 3;
const SIGMOID = 4;
const GELU = 5;
const GELU_TANH = 6;
const SILU = 7;
const SOFTPLUS = 8;
const EXP_MIDDLE = 9;
const LOG_NORMAL = 10;
const SQUARE = 11;

const GELU_BACKWARD = 0;
const GELU_TANH_BACKWARD = 1;
const SILU_BACKWARD = 2;
const TANH_BACKWARD = 3;
const SIGMOID_BACKWARD = 4;

/** factor * sigmoid(x) */
// @ts-ignore: decorator
@inline
function timesSigmoid(x: v128, factor: v128): v128 {
  const one = constant(C, 0);
  const e = expDown(f32x4.neg(f32x4.abs(x)));
  const share = v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(f32x4.mul(factor, share), f32x4.add(one, e));
}

// @ts-ignore: decorator
@inline
function sigmoid(x: v128): v128 {
  const one = constant(C, 0);
  const e = expDown(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
}

// @ts-ignore: decorator
@inline
function gelu(x: v128): v128 {
  const a = tailArgument(f32x4.abs(x));
  const unit = tailUnit(a);
  const tail = f32x4.mul(f32x4.mul(a, unit), f32x4.mul(tailFactor(a, unit), tailExp(a)));
  return f32x4.sub(f32x4.pmax(x, f32x4.splat(0)), tail);
}

// @ts-ignore: decorator
@inline
function geluTanh(x: v128): v128 {
  const slope = f32x4.add(constant(C, 2), f32x4.mul(f32x4.mul(x, x), constant(C, 3)));
  return timesSigmoid(f32x4.mul(x, slope), x);
}

/** max(x, 0) + ln(1 + e^-|x|) */
// @ts-ignore: decorator
@inline
function softplus(x: v128): v128 {
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), logOnePlus(expDown(f32x4.neg(f32x4.abs(x)))));
}

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128): v128 {
  if (op == EXP) return exp(x);
  if (op == LOG) return log(x);
  if (op == TANH) return tanh(x);
  if (op == ERF) return erf(x);
  if (op == SIGMOID) return sigmoid(x);
  if (op == GELU) return gelu(x);
  if (op == GELU_TANH) return geluTanh(x);
  if (op == SILU) return timesSigmoid(x, x);
  if (op == EXP_MIDDLE) return expMiddle(x);
  if (op == LOG_NORMAL) return logNormal(x);
  if (op == SQUARE) return f32x4.mul(x, x);
  return softplus(x);
}

/** 1 - q for x >= 0 or NaN, q below: these gradients satisfy g(x) + g(-x) = 1. */
// @ts-ignore: decorator
@inline
function mirror(q: v128, x: v128): v128 {
  return v128.bitselect(q, f32x4.sub(constant(C, 0), q), f32x4.lt(x, f32x4.splat(0)));
}

/** Phi(x) + x phi(x) */
// @ts-ignore: decorator
@inline
function geluSlope(x: v128): v128 {
  const a = tailArgument(f32x4.abs(x));
  const unit = tailUnit(a);
  const rest = f32x4.sub(f32x4.mul(unit, tailFactor(a, unit)), f32x4.mul(a, constant(C, 1)));
  return mirror(f32x4.mul(tailExp(a), rest), x);
}

// @ts-ignore: decorator
@inline
function geluTanhSlope(x: v128): v128 {
  const one = constant(C, 0);
  const a = f32x4.pmin(f32x4.abs(x), constant(C, 5));
  const square = f32x4.mul(a, a);
  const u = f32x4.mul(a, f32x4.add(constant(C, 2), f32x4.mul(square, constant(C, 3))));
  const du = f32x4.mul(a, f32x4.add(constant(C, 2), f32x4.mul(square, constant(C, 4))));
  const e = expDown(f32x4.neg(u));
  const r = f32x4.div(one, f32x4.add(one, e));
  return mirror(f32x4.mul(f32x4.mul(e, r), f32x4.sub(one, f32x4.mul(du, r))), x);
}

// @ts-ignore: decorator
@inline
function siluSlope(x: v128): v128 {
  const one = constant(C, 0);
  const a = f32x4.pmin(f32x4.abs(x), constant(C, 6));
  const e = expDown(f32x4.neg(a));
  const r = f32x4.div(one, f32x4.add(one, e));
  return mirror(f32x4.mul(f32x4.mul(e, r), f32x4.sub(one, f32x4.mul(a, r))), x);
}

/** dy times the slope at x, which is the output for tanh and sigmoid. */
// @ts-ignore: decorator
@inline
function applyBackward(op: i32, x: v128, dy: v128): v128 {
  const one = constant(C, 0);
  if (op == GELU_BACKWARD) return f32x4.mul(dy, geluSlope(x));
  if (op == GELU_TANH_BACKWARD) return f32x4.mul(dy, geluTanhSlope(x));
  if (op == SILU_BACKWARD) return f32x4.mul(dy, siluSlope(x));
  if (op == TANH_BACKWARD) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(x, x)));
  return f32x4.mul(dy, f32x4.mul(x, f32x4.sub(one, x)));
}

// @ts-ignore: decorator
@inline
function map(op: i32, x: usize, y: usize, length: i32): void {
  let i = length;
  for (; i >= 16; i -= 16, x += 64, y += 64) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    const x3 = v128.load(x, 48);
    const y0 = apply(op, x0);
    const y1 = apply(op, x1);
    const y2 = apply(op, x2);
    const y3 = apply(op, x3);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  for (; i > 0; i -= 4, x += 16, y += 16) {
    const v = apply(op, i < 4 ? loadPart(x, i) : v128.load(x));
    if (i < 4) storePart(y, v, i);
    else v128.store(y, v);
  }
}

// @ts-ignore: decorator
@inline
function mapBackward(op: i32, x: usize, dy: usize, dx: usize, length: i32): void {
  let i = length;
  for (; i >= 16; i -= 16, x += 64, dy += 64, dx += 64) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    const x3 = v128.load(x, 48);
    const d0 = v128.load(dy);
    const d1 = v128.load(dy, 16);
    const d2 = v128.load(dy, 32);
    const d3 = v128.load(dy, 48);
    const y0 = applyBackward(op, x0, d0);
    const y1 = applyBackward(op, x1, d1);
    const y2 = applyBackward(op, x2, d2);
    const y3 = applyBackward(op, x3, d3);
    v128.store(dx, y0);
    v128.store(dx, y1, 16);
    v128.store(dx, y2, 32);
    v128.store(dx, y3, 48);
  }
  for (; i > 0; i -= 4, x += 16, dy += 16, dx += 16) {
    const v = i < 4 ? applyBackward(op, loadPart(x, i), loadPart(dy, i)) : applyBackward(op, v128.load(x), v128.load(dy));
    if (i < 4) storePart(dx, v, i);
    else v128.store(dx, v);
  }
}

/** Whether all of x are what `expMiddle` (op EXP) or `logNormal` take; those of a chunk's last odd floats may say no for nothing. */
// @ts-ignore: decorator
@inline
function ordinary(op: i32, x: usize, length: i32): bool {
  let worst = i32x4.splat(0);
  for (let i = length; i > 0; i -= 4, x += 16) {
    const v = i < 4 ? loadPart(x, i) : v128.load(x);
    worst = i32x4.max_u(worst, op == EXP ? i32x4.shl(v, 1) : i32x4.sub(v, constant(RANGE, 0)));
  }
  return !v128.any_true(i32x4.gt_u(worst, constant(RANGE, op == EXP ? 1 : 2)));
}

function mapExp(x: usize, y: usize, length: i32): void {
  map(EXP, x, y, length);
}

function mapExpMiddle(x: usize, y: usize, length: i32): void {
  map(EXP_MIDDLE, x, y, length);
}

function mapLog(x: usize, y: usize, length: i32): void {
  map(LOG, x, y, length);
}

function mapLogNormal(x: usize, y: usize, length: i32): void {
  map(LOG_NORMAL, x, y, length);
}

// exp and log go in chunks: those without an unusual argument, which is nearly all, take a shorter function of the same values.

export function exp_f32(x: usize, y: usize, length: i32): void {
  for (; length > 0; length -= CHUNK, x += CHUNK << 2, y += CHUNK << 2) {
    const count = min(length, CHUNK);
    if (ordinary(EXP, x, count)) mapExpMiddle(x, y, count);
    else mapExp(x, y, count);
  }
}

export function log_f32(x: usize, y: usize, length: i32): void {
  for (; length > 0; length -= CHUNK, x += CHUNK << 2, y += CHUNK << 2) {
    const count = min(length, CHUNK);
    if (ordinary(LOG, x, count)) mapLogNormal(x, y, count);
    else mapLog(x, y, count);
  }
}

export function tanh_f32(x: usize, y: usize, length: i32): void {
  map(TANH, x, y, length);
}

export function erf_f32(x: usize, y: usize, length: i32): void {
  map(ERF, x, y, length);
}

export function sigmoid_f32(x: usize, y: usize, length: i32): void {
  map(SIGMOID, x, y, length);
}

export function gelu_f32(x: usize, y: usize, length: i32): void {
  map(GELU, x, y, length);
}

export function gelu_tanh_f32(x: usize, y: usize, length: i32): void {
  map(GELU_TANH, x, y, length);
}

export function silu_f32(x: usize, y: usize, length: i32): void {
  map(SILU, x, y, length);
}

export function softplus_f32(x: usize, y: usize, length: i32): void {
  map(SOFTPLUS, x, y, length);
}

export function gelu_backward_f32(x: usize, dy: usize, dx: usize, length: i32): void {
  mapBackward(GELU_BACKWARD, x, dy, dx, length);
}

export function gelu_tanh_backward_f32(x: usize, dy: usize, dx: usize, length: i32): void {
  mapBackward(GELU_TANH_BACKWARD, x, dy, dx, length);
}

export function silu_backward_f32(x: usize, dy: usize, dx: usize, length: i32): void {
  mapBackward(SILU_BACKWARD, x, dy, dx, length);
}

export function tanh_backward_f32(y: usize, dy: usize, dx: usize, length: i32): void {
  mapBackward(TANH_BACKWARD, y, dy, dx, length);
}

export function sigmoid_backward_f32(y: usize, dy: usize, dx: usize, length: i32): void {
  mapBackward(SIGMOID_BACKWARD, y, dy, dx, length);
}

export function pow_f32(x: usize, y: usize, length: i32, exponent: f64): void {
  // The same bits, sooner: a float32 product is rounded once.
  if (exponent == 2) return map(SQUARE, x, y, length);
  for (let i = 0; i < length; i++, x += 4, y += 4) store<f32>(y, <f32>power(<f64>load<f32>(x), exponent));
}

export function pow_elementwise_f32(a: usize, b: usize, y: usize, length: i32): void {
  for (let i = 0; i < length; i++, a += 4, b += 4, y += 4) store<f32>(y, <f32>power(<f64>load<f32>(a), <f64>load<f32>(b)));
}

export function binary_cross_entropy_f32(logits: usize, target: usize, loss: usize, dlogits: usize, length: i32): void {
  const one = constant(C, 0);
  const zero = f32x4.splat(0);
  for (let i = length; i > 0; i -= 4, logits += 16, target += 16, loss += 16, dlogits += 16) {
    const x = i < 4 ? loadPart(logits, i) : v128.load(logits);
    const t = i < 4 ? loadPart(target, i) : v128.load(target);
    const e = expDown(f32x4.neg(f32x4.abs(x)));
    const value = f32x4.add(f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(x, t)), logOnePlus(e));
    const share = f32x4.div(v128.bitselect(e, one, f32x4.lt(x, zero)), f32x4.add(one, e));
    const slope = f32x4.sub(share, t);
    if (i < 4) {
      storePart(loss, value, i);
      storePart(dlogits, slope, i);
    } else {
      v128.store(loss, value);
      v128.store(dlogits, slope);
    }
  }
}
