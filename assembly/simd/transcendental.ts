// exp, log, tanh, erf and their parts on four floats at once, from polynomials fitted for the least largest relative error.
// Errors in units in the last place of the true value: exp 1.0, log 1.0, tanh 1.4, erf 1.5. NaN gives NaN. No branch, so that
// a loop over two or more vectors can be widened. Constants are splatted from memory, highest power first.
import { madd } from "./lanes";

// ln 2 in two parts (the first has few bits, so n times it is exact), 1 / ln 2, 1.5 * 2^23, 1, the exponent's bits, the range
// of exp, ln 2^-126, 2^24, 2^-24; then (e^r - 1 - r) / r^2.
const EXP: usize = memory.data<f32>(
  [
    0.693359375,
    -0.00021219444170128554,
    1.4426950216293335,
    12582912,
    1,
    reinterpret<f32>(0xff800000),
    -104,
    89,
    -87.3365478515625,
    16777216,
    5.960464477539063e-8,
    0.001381835900247097,
    0.008368715643882751,
    0.04166829586029053,
    0.1666652113199234,
    0.4999999403953552,
  ],
  16,
);

// 2^-126, 2^23, 23, infinity, -infinity, 0.5, the bits of sqrt(1/2), those of the fraction; then (ln(1 + f) - f + f^2 / 2) / f^3.
const LOG: usize = memory.data<f32>(
  [
    1.1754943508222875e-38,
    8388608,
    23,
    reinterpret<f32>(0x7f800000),
    reinterpret<f32>(0xff800000),
    0.5,
    reinterpret<f32>(0x3f3504f3),
    reinterpret<f32>(0x007fffff),
    -0.0763639509677887,
    0.12762197852134705,
    -0.1315961331129074,
    0.14201581478118896,
    -0.166234090924263,
    0.2000124156475067,
    -0.2500081956386566,
    0.3333333134651184,
  ],
  16,
);

// The largest argument, the end of the polynomial, 2, the sign bit; then (tanh(x) - x) / x^3 in x^2.
const TANH: usize = memory.data<f32>(
  [
    10,
    0.6,
    2,
    reinterpret<f32>(0x80000000),
    -0.005897966679185629,
    0.02079862542450428,
    -0.05378471687436104,
    0.13331936299800873,
    -0.33333298563957214,
  ],
  16,
);

// The end of the first polynomial, the largest argument, the middle of the second; (erf(x) - x) / x in x^2; 1 - erf(a) in a - 2.6.
const ERF: usize = memory.data<f32>(
  [
    1.1, 4.1, 2.5999999046325684, 7.236068631755188e-5, -0.0007824739441275597, 0.005167731083929539, -0.026843518018722534,
    0.11283364146947861, -0.37612611055374146, 0.12837916612625122, -1.34890501612972e-6, 7.624748377565993e-6, -2.166058720831643e-6,
    -7.099123467924073e-5, 0.0001895339082693681, -8.23166556074284e-5, -0.0006878100684843957, 0.0023751959670335054,
    -0.004554997198283672, 0.005958957131952047, -0.005460936576128006, 0.003401512512937188, -0.0013079154305160046,
    0.00023602119472343475,
  ],
  16,
);

// The largest argument, a mask of the 12 leading bits of a fraction, -0.5, the 2.25 of w = a / (a + 2.25);
// then (a + 2.25) e^(a^2 / 2) Phi(-a) in w.
const TAIL: usize = memory.data<f32>(
  [
    16,
    reinterpret<f32>(0xfffff000),
    -0.5,
    2.25,
    -0.08596935123205185,
    0.32612720131874084,
    -0.444540798664093,
    0.3057400584220886,
    -0.20071014761924744,
    0.037275467067956924,
    0.09562690556049347,
    0.201716348528862,
    -0.06667643785476685,
    -0.894644558429718,
    1.125,
  ],
  16,
);

// atanh(s) / s in s^2 up to 1/9.
const LOG1P: usize = memory.data<f32>([0.1400318592786789, 0.14001548290252686, 0.2001071721315384, 0.3333320915699005, 1], 16);

/** Constant i of a table, in all lanes. */
// @ts-ignore: decorator
@inline
export function constant(table: usize, i: usize): v128 {
  return v128.load32_splat(table + (i << 2));
}

// @ts-ignore: decorator
@inline
function poly4(t: usize, i: usize, x: v128): v128 {
  let q = madd(constant(t, i), x, constant(t, i + 1));
  q = madd(q, x, constant(t, i + 2));
  q = madd(q, x, constant(t, i + 3));
  return madd(q, x, constant(t, i + 4));
}

// @ts-ignore: decorator
@inline
function poly5(t: usize, i: usize, x: v128): v128 {
  return madd(poly4(t, i, x), x, constant(t, i + 5));
}

// @ts-ignore: decorator
@inline
function poly6(t: usize, i: usize, x: v128): v128 {
  return madd(poly5(t, i, x), x, constant(t, i + 6));
}

// @ts-ignore: decorator
@inline
function poly7(t: usize, i: usize, x: v128): v128 {
  return madd(poly6(t, i, x), x, constant(t, i + 7));
}

// @ts-ignore: decorator
@inline
function poly10(t: usize, i: usize, x: v128): v128 {
  const q = madd(poly7(t, i, x), x, constant(t, i + 8));
  return madd(madd(q, x, constant(t, i + 9)), x, constant(t, i + 10));
}

/** x / ln 2 rounded to whole numbers n, plus 1.5 * 2^23: the low bits are those of n. */
// @ts-ignore: decorator
@inline
function wholePowers(x: v128): v128 {
  return f32x4.add(f32x4.mul(x, constant(EXP, 2)), constant(EXP, 3));
}

/** x - n ln 2 */
// @ts-ignore: decorator
@inline
function rest(x: v128, powers: v128): v128 {
  const n = f32x4.sub(powers, constant(EXP, 3));
  return f32x4.sub(f32x4.sub(x, f32x4.mul(n, constant(EXP, 0))), f32x4.mul(n, constant(EXP, 1)));
}

/** e^r for |r| <= ln(2) / 2 */
// @ts-ignore: decorator
@inline
function expOfRest(r: v128): v128 {
  return f32x4.add(constant(EXP, 4), madd(f32x4.mul(r, r), poly4(EXP, 11, r), r));
}

/** e^r 2^n for n of a normal float; others are not meant. */
// @ts-ignore: decorator
@inline
function scale(powers: v128, r: v128): v128 {
  return f32x4.mul(expOfRest(r), i32x4.add(i32x4.shl(powers, 23), constant(EXP, 4)));
}

/** e^x over the whole range. 2^n goes in as two factors: results below 2^-126 are rounded once, those above the range infinite. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const v = f32x4.pmin(f32x4.pmax(x, constant(EXP, 6)), constant(EXP, 7));
  const powers = wholePowers(v);
  const whole = i32x4.shl(powers, 23);
  const half = v128.and(i32x4.shr_s(whole, 1), constant(EXP, 5));
  const first = f32x4.mul(expOfRest(rest(v, powers)), i32x4.add(i32x4.sub(whole, half), constant(EXP, 4)));
  return f32x4.mul(first, i32x4.add(half, constant(EXP, 4)));
}

/** e^x for |x| <= 87, not NaN: as `exp`. */
// @ts-ignore: decorator
@inline
export function expMiddle(x: v128): v128 {
  const powers = wholePowers(x);
  return i32x4.add(expOfRest(rest(x, powers)), i32x4.shl(powers, 23));
}

/** e^x for x <= 0: as `exp`. */
// @ts-ignore: decorator
@inline
export function expDown(x: v128): v128 {
  const v = f32x4.pmax(x, constant(EXP, 6));
  const powers = wholePowers(v);
  const raised = f32x4.mul(expOfRest(rest(v, powers)), i32x4.add(i32x4.shl(powers, 23), constant(EXP, 9)));
  return f32x4.mul(raised, constant(EXP, 10));
}

/** e^x for x <= 88, 0 where that is below 2^-126. */
// @ts-ignore: decorator
@inline
export function expNormal(x: v128): v128 {
  const powers = wholePowers(x);
  return v128.andnot(scale(powers, rest(x, powers)), f32x4.lt(x, constant(EXP, 8)));
}

/** ln(m 2^(n + powers)) for x = m 2^n, given its bits less those of sqrt(1/2). */
// @ts-ignore: decorator
@inline
function logOfBits(bits: v128, powers: v128): v128 {
  const f = f32x4.sub(i32x4.add(v128.and(bits, constant(LOG, 7)), constant(LOG, 6)), constant(EXP, 4));
  const square = f32x4.mul(f, f);
  const bend = f32x4.mul(square, f32x4.sub(f32x4.mul(f, poly7(LOG, 8, f)), constant(LOG, 5)));
  const low = f32x4.add(f, f32x4.add(bend, f32x4.mul(powers, constant(EXP, 1))));
  return f32x4.add(f32x4.mul(powers, constant(EXP, 0)), low);
}

/** ln x for normal x above 0. */
// @ts-ignore: decorator
@inline
export function logNormal(x: v128): v128 {
  const bits = i32x4.sub(x, constant(LOG, 6));
  return logOfBits(bits, f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23)));
}

/** ln x: -infinity of 0, NaN below. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const small = f32x4.lt(x, constant(LOG, 0));
  const bits = i32x4.sub(v128.bitselect(f32x4.mul(x, constant(LOG, 1)), x, small), constant(LOG, 6));
  const y = logOfBits(bits, f32x4.sub(f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23)), v128.and(constant(LOG, 2), small)));
  const zero = f32x4.splat(0);
  const known = v128.bitselect(x, v128.or(y, v128.not(f32x4.gt(x, zero))), f32x4.eq(x, constant(LOG, 3)));
  return v128.bitselect(constant(LOG, 4), known, f32x4.eq(x, zero));
}

/** ln(1 + e) for 0 <= e <= 1, as 2 atanh(e / (2 + e)). */
// @ts-ignore: decorator
@inline
export function logOnePlus(e: v128): v128 {
  const s = f32x4.div(e, f32x4.add(constant(TANH, 2), e));
  return f32x4.mul(f32x4.add(s, s), poly4(LOG1P, 0, f32x4.mul(s, s)));
}

/** y with the sign of x. */
// @ts-ignore: decorator
@inline
function withSign(y: v128, x: v128): v128 {
  return v128.or(y, v128.and(x, constant(TANH, 3)));
}

// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const square = f32x4.mul(x, x);
  const near = madd(f32x4.mul(x, square), poly4(TANH, 4, square), x);
  const a = f32x4.abs(x);
  const v = f32x4.pmin(a, constant(TANH, 0));
  const twice = f32x4.add(v, v);
  const powers = wholePowers(twice);
  const e = scale(powers, rest(twice, powers));
  const one = constant(EXP, 4);
  const far = f32x4.sub(one, f32x4.div(constant(TANH, 2), f32x4.add(e, one)));
  return withSign(v128.bitselect(near, far, f32x4.lt(a, constant(TANH, 1))), x);
}

/** The argument at which `tailExp` and `tailFactor` are to be taken: min(a, 16). */
// @ts-ignore: decorator
@inline
export function tailArgument(a: v128): v128 {
  return f32x4.pmin(a, constant(TAIL, 0));
}

/** e^(-a^2 / 2) for 0 <= a <= 16, with the square's rounding error made good; 0 where that is below 2^-126. */
// @ts-ignore: decorator
@inline
export function tailExp(a: v128): v128 {
  const high = v128.and(a, constant(TAIL, 1));
  const low = f32x4.sub(a, high);
  const x = f32x4.mul(f32x4.mul(high, high), constant(TAIL, 2));
  const powers = wholePowers(x);
  const r = f32x4.add(rest(x, powers), f32x4.mul(f32x4.mul(f32x4.add(a, high), low), constant(TAIL, 2)));
  return v128.andnot(scale(powers, r), f32x4.lt(x, constant(EXP, 8)));
}

/** 1 / (a + 2.25), the factor between the polynomial of `tailFactor` and the tail. */
// @ts-ignore: decorator
@inline
export function tailUnit(a: v128): v128 {
  return f32x4.div(constant(EXP, 4), f32x4.add(a, constant(TAIL, 3)));
}

/** F with Phi(-a) = e^(-a^2 / 2) F / (a + 2.25), Phi the normal distribution function, 0 <= a <= 16; unit is `tailUnit(a)`. */
// @ts-ignore: decorator
@inline
export function tailFactor(a: v128, unit: v128): v128 {
  return poly10(TAIL, 4, f32x4.mul(a, unit));
}

// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const near = madd(x, poly6(ERF, 3, f32x4.mul(x, x)), x);
  const a = f32x4.abs(x);
  const t = f32x4.sub(f32x4.pmin(a, constant(ERF, 1)), constant(ERF, 2));
  const high = poly10(ERF, 10, t);
  const tail = madd(madd(madd(high, t, constant(ERF, 21)), t, constant(ERF, 22)), t, constant(ERF, 23));
  return v128.bitselect(near, withSign(f32x4.sub(constant(EXP, 4), tail), x), f32x4.lt(a, constant(ERF, 0)));
}
