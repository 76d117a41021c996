// Elementwise arithmetic, comparison and relu; the output may be any input. Four vectors an iteration, all loads before all stores,
// then one vector at a time. NaN stays NaN (comparisons give 0): smaller and larger are by compare and select.
import { loadPart, storePart } from "./lanes";
import { constant } from "./transcendental";

export { copy_strided_f32 } from "./copy-strided";

// 1 and the sign bit.
const C: usize = memory.data<f32>([1, reinterpret<f32>(0x80000000)], 16);

const AFFINE = 0;
const RELU = 1;
const ABSOLUTE = 2;
const SIGN = 3;
const SQRT = 4;
const RECIPROCAL = 5;
const CLAMP = 6;

const ADD = 0;
const SUBTRACT = 1;
const MULTIPLY = 2;
const DIVIDE = 3;
const MAXIMUM = 4;
const MINIMUM = 5;
const GREATER = 6;
const GREATER_EQUAL = 7;
const EQUAL = 8;
const ADD_RELU = 9;
const RELU_BACKWARD = 10;

const MULTIPLY_ADD = 0;
const WHERE = 1;

/** s and t are scale and shift, or low and high. */
// @ts-ignore: decorator
@inline
function one(op: i32, x: v128, s: v128, t: v128): v128 {
  if (op == AFFINE) return f32x4.add(f32x4.mul(x, s), t);
  if (op == RELU) return f32x4.pmax(x, f32x4.splat(0));
  if (op == ABSOLUTE) return f32x4.abs(x);
  if (op == SIGN) {
    const unit = v128.or(constant(C, 0), v128.and(x, constant(C, 1)));
    return v128.bitselect(unit, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)));
  }
  if (op == SQRT) return f32x4.sqrt(x);
  if (op == RECIPROCAL) return f32x4.div(constant(C, 0), x);
  return f32x4.pmin(f32x4.pmax(x, s), t);
}

// @ts-ignore: decorator
@inline
function two(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b);
  if (op == SUBTRACT) return f32x4.sub(a, b);
  if (op == MULTIPLY) return f32x4.mul(a, b);
  if (op == DIVIDE) return f32x4.div(a, b);
  if (op == MAXIMUM) return v128.bitselect(b, f32x4.pmax(a, b), f32x4.ne(b, b));
  if (op == MINIMUM) return v128.bitselect(b, f32x4.pmin(a, b), f32x4.ne(b, b));
  if (op == GREATER) return v128.and(f32x4.gt(a, b), constant(C, 0));
  if (op == GREATER_EQUAL) return v128.and(f32x4.ge(a, b), constant(C, 0));
  if (op == EQUAL) return v128.and(f32x4.eq(a, b), constant(C, 0));
  if (op == ADD_RELU) return f32x4.pmax(f32x4.add(a, b), f32x4.splat(0));
  return v128.andnot(b, f32x4.le(a, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function three(op: i32, a: v128, b: v128, c: v128): v128 {
  if (op == MULTIPLY_ADD) return f32x4.add(f32x4.mul(a, b), c);
  return v128.bitselect(b, c, f32x4.ne(a, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function mapOne(op: i32, x: usize, y: usize, length: i32, s: v128, t: v128): void {
  let i = length;
  for (; i >= 16; i -= 16, x += 64, y += 64) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    const x3 = v128.load(x, 48);
    const y0 = one(op, x0, s, t);
    const y1 = one(op, x1, s, t);
    const y2 = one(op, x2, s, t);
    const y3 = one(op, x3, s, t);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  for (; i >= 4; i -= 4, x += 16, y += 16) v128.store(y, one(op, v128.load(x), s, t));
  if (i > 0) storePart(y, one(op, loadPart(x, i), s, t), i);
}

// @ts-ignore: decorator
@inline
function mapTwo(op: i32, a: usize, b: usize, y: usize, length: i32): void {
  let i = length;
  for (; i >= 16; i -= 16, a += 64, b += 64, y += 64) {
    const a0 = v128.load(a);
    const a1 = v128.load(a, 16);
    const a2 = v128.load(a, 32);
    const a3 = v128.load(a, 48);
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    const y0 = two(op, a0, b0);
    const y1 = two(op, a1, b1);
    const y2 = two(op, a2, b2);
    const y3 = two(op, a3, b3);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  for (; i >= 4; i -= 4, a += 16, b += 16, y += 16) v128.store(y, two(op, v128.load(a), v128.load(b)));
  if (i > 0) storePart(y, two(op, loadPart(a, i), loadPart(b, i)), i);
}

// @ts-ignore: decorator
@inline
function mapThree(op: i32, a: usize, b: usize, c: usize, y: usize, length: i32): void {
  let i = length;
  for (; i >= 16; i -= 16, a += 64, b += 64, c += 64, y += 64) {
    const a0 = v128.load(a);
    const a1 = v128.load(a, 16);
    const a2 = v128.load(a, 32);
    const a3 = v128.load(a, 48);
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    const c0 = v128.load(c);
    const c1 = v128.load(c, 16);
    const c2 = v128.load(c, 32);
    const c3 = v128.load(c, 48);
    const y0 = three(op, a0, b0, c0);
    const y1 = three(op, a1, b1, c1);
    const y2 = three(op, a2, b2, c2);
    const y3 = three(op, a3, b3, c3);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
  }
  for (; i >= 4; i -= 4, a += 16, b += 16, c += 16, y += 16) {
    v128.store(y, three(op, v128.load(a), v128.load(b), v128.load(c)));
  }
  if (i > 0) storePart(y, three(op, loadPart(a, i), loadPart(b, i), loadPart(c, i)), i);
}

export function add_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(ADD, a, b, y, length);
}

export function subtract_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(SUBTRACT, a, b, y, length);
}

export function multiply_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(MULTIPLY, a, b, y, length);
}

export function divide_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(DIVIDE, a, b, y, length);
}

export function maximum_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(MAXIMUM, a, b, y, length);
}

export function minimum_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(MINIMUM, a, b, y, length);
}

export function greater_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(GREATER, a, b, y, length);
}

export function greater_equal_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(GREATER_EQUAL, a, b, y, length);
}

export function equal_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(EQUAL, a, b, y, length);
}

export function add_relu_f32(a: usize, b: usize, y: usize, length: i32): void {
  mapTwo(ADD_RELU, a, b, y, length);
}

export function relu_backward_f32(x: usize, dy: usize, dx: usize, length: i32): void {
  mapTwo(RELU_BACKWARD, x, dy, dx, length);
}

export function accumulate_f32(x: usize, y: usize, length: i32): void {
  mapTwo(ADD, y, x, y, length);
}

export function affine_f32(x: usize, y: usize, length: i32, scale: f64, shift: f64): void {
  mapOne(AFFINE, x, y, length, f32x4.splat(<f32>scale), f32x4.splat(<f32>shift));
}

export function clamp_f32(x: usize, y: usize, length: i32, low: f64, high: f64): void {
  mapOne(CLAMP, x, y, length, f32x4.splat(<f32>low), f32x4.splat(<f32>high));
}

export function relu_f32(x: usize, y: usize, length: i32): void {
  mapOne(RELU, x, y, length, f32x4.splat(0), f32x4.splat(0));
}

export function absolute_f32(x: usize, y: usize, length: i32): void {
  mapOne(ABSOLUTE, x, y, length, f32x4.splat(0), f32x4.splat(0));
}

export function sign_f32(x: usize, y: usize, length: i32): void {
  mapOne(SIGN, x, y, length, f32x4.splat(0), f32x4.splat(0));
}

export function sqrt_f32(x: usize, y: usize, length: i32): void {
  mapOne(SQRT, x, y, length, f32x4.splat(0), f32x4.splat(0));
}

export function reciprocal_f32(x: usize, y: usize, length: i32): void {
  mapOne(RECIPROCAL, x, y, length, f32x4.splat(0), f32x4.splat(0));
}

export function multiply_add_f32(a: usize, b: usize, c: usize, y: usize, length: i32): void {
  mapThree(MULTIPLY_ADD, a, b, c, y, length);
}

export function where_f32(condition: usize, a: usize, b: usize, y: usize, length: i32): void {
  mapThree(WHERE, condition, a, b, y, length);
}
