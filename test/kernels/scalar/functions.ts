// exp, log, tanh, erf and their parts as assembly/simd/transcendental.ts and power.ts have them: the same polynomials, rounded after
// every operation. The coefficients stand here a second time on purpose: a change of one of them is a change of the contract.
import { f, madd, pmax, pmin } from "./scalar.ts";

const EXP = [0.001381835900247097, 0.008368715643882751, 0.04166829586029053, 0.1666652113199234, 0.4999999403953552].map(f);
const LN2_HIGH = f(0.693359375);
const LN2_LOW = f(-0.00021219444170128554);
const INVERSE_LN2 = f(1.4426950216293335);
const ROUNDER = 12582912;
const LEAST_NORMAL_LOG = f(-87.3365478515625);
const LOG = [
  -0.0763639509677887, 0.12762197852134705, -0.1315961331129074, 0.14201581478118896, -0.166234090924263, 0.2000124156475067,
  -0.2500081956386566, 0.3333333134651184,
].map(f);
const TANH = [-0.005897966679185629, 0.02079862542450428, -0.05378471687436104, 0.13331936299800873, -0.33333298563957214].map(f);
const ERF = [
  7.236068631755188e-5, -0.0007824739441275597, 0.005167731083929539, -0.026843518018722534, 0.11283364146947861, -0.37612611055374146,
  0.12837916612625122,
].map(f);
const ERF_TAIL = [
  -1.34890501612972e-6, 7.624748377565993e-6, -2.166058720831643e-6, -7.099123467924073e-5, 0.0001895339082693681, -8.23166556074284e-5,
  -0.0006878100684843957, 0.0023751959670335054, -0.004554997198283672, 0.005958957131952047, -0.005460936576128006, 0.003401512512937188,
  -0.0013079154305160046, 0.00023602119472343475,
].map(f);
const TAIL = [
  -0.08596935123205185, 0.32612720131874084, -0.444540798664093, 0.3057400584220886, -0.20071014761924744, 0.037275467067956924,
  0.09562690556049347, 0.201716348528862, -0.06667643785476685, -0.894644558429718, 1.125,
].map(f);
const LOG1P = [0.1400318592786789, 0.14001548290252686, 0.2001071721315384, 0.3333320915699005, 1].map(f);

const word = new Float32Array(1);
const whole = new Int32Array(word.buffer);

function bits(x: number): number {
  word[0] = x;
  return whole[0];
}

function float(pattern: number): number {
  whole[0] = pattern;
  return word[0];
}

/** Horner's rule, highest power first. */
function poly(coefficients: readonly number[], x: number): number {
  let q = coefficients[0];
  for (let i = 1; i < coefficients.length; i++) q = f(coefficients[i] + f(q * x));
  return q;
}

/** x / ln 2 rounded to a whole number, plus 1.5 * 2^23. */
function powersOf(x: number): number {
  return f(f(x * INVERSE_LN2) + ROUNDER);
}

function restOf(x: number, powers: number): number {
  const n = f(powers - ROUNDER);
  return f(f(x - f(n * LN2_HIGH)) - f(n * LN2_LOW));
}

function expOfRest(r: number): number {
  return f(1 + madd(f(r * r), poly(EXP, r), r));
}

/** e^r 2^n times a power of two given by its bits. */
function scaled(powers: number, r: number, unit: number): number {
  return f(expOfRest(r) * float((bits(powers) << 23) + unit));
}

const ONE = bits(1);

export function exp(x: number): number {
  const v = pmin(pmax(x, -104), 89);
  const powers = powersOf(v);
  const all = bits(powers) << 23;
  const half = (all >> 1) & 0xff800000;
  const first = f(expOfRest(restOf(v, powers)) * float(all - half + ONE));
  return f(first * float(half + ONE));
}

/** e^x for x <= 0. */
export function expDown(x: number): number {
  const v = pmax(x, -104);
  const powers = powersOf(v);
  return f(scaled(powers, restOf(v, powers), bits(16777216)) * f(2 ** -24));
}

/** e^x, 0 where that is below 2^-126. */
export function expNormal(x: number): number {
  const powers = powersOf(x);
  return x < LEAST_NORMAL_LOG ? 0 : scaled(powers, restOf(x, powers), ONE);
}

export function log(x: number): number {
  if (x === 0) return -Infinity;
  if (!(x > 0)) return NaN;
  if (x === Infinity) return x;
  const small = x < 2 ** -126;
  const pattern = bits(small ? f(x * 8388608) : x) - 0x3f3504f3;
  const powers = f((pattern >> 23) - (small ? 23 : 0));
  const g = f(float((pattern & 0x007fffff) + 0x3f3504f3) - 1);
  const bend = f(f(g * g) * f(f(g * poly(LOG, g)) - 0.5));
  const low = f(g + f(bend + f(powers * LN2_LOW)));
  return f(f(powers * LN2_HIGH) + low);
}

/** ln(1 + e) for 0 <= e <= 1. */
export function logOnePlus(e: number): number {
  const s = f(e / f(2 + e));
  return f(f(s + s) * poly(LOG1P, f(s * s)));
}

function withSign(y: number, x: number): number {
  return float(bits(y) | (bits(x) & 0x80000000));
}

export function tanh(x: number): number {
  const a = Math.abs(x);
  const square = f(x * x);
  if (a < f(0.6)) return withSign(madd(f(x * square), poly(TANH, square), x), x);
  const v = pmin(a, 10);
  const twice = f(v + v);
  const powers = powersOf(twice);
  const e = scaled(powers, restOf(twice, powers), ONE);
  return x !== x ? NaN : withSign(f(1 - f(2 / f(e + 1))), x);
}

export function erf(x: number): number {
  if (x !== x) return NaN;
  const a = Math.abs(x);
  if (a < f(1.1)) return madd(x, poly(ERF, f(x * x)), x);
  return withSign(f(1 - poly(ERF_TAIL, f(pmin(a, f(4.1)) - f(2.5999999046325684)))), x);
}

/** (e^(-a^2 / 2), 1 / (a + 2.25), F) with Phi(-a) = e^(-a^2 / 2) F / (a + 2.25), a = min(|x|, 16). */
export function tail(x: number): { readonly a: number; readonly e: number; readonly unit: number; readonly factor: number } {
  const a = pmin(Math.abs(x), 16);
  const high = float(bits(a) & 0xfffff000);
  const low = f(a - high);
  const square = f(f(high * high) * -0.5);
  const powers = powersOf(square);
  const r = f(restOf(square, powers) + f(f(f(a + high) * low) * -0.5));
  const e = square < LEAST_NORMAL_LOG ? 0 : scaled(powers, r, ONE);
  const unit = f(1 / f(a + 2.25));
  return { a, e, unit, factor: poly(TAIL, f(a * unit)) };
}

const wide = new Float64Array(1);
const wideBits = new BigInt64Array(wide.buffer);
const SQRT_HALF = 0x3fe6a09e667f3bcdn;

function log2(a: number): number {
  wide[0] = a;
  const exponent = (wideBits[0] - SQRT_HALF) >> 52n;
  wideBits[0] -= exponent << 52n;
  const m = wide[0];
  const g = (m - 1) / (m + 1);
  const z = g * g;
  let q = 1 / 17;
  for (const n of [15, 13, 11, 9, 7, 5, 3, 1]) q = q * z + 1 / n;
  return Number(exponent) + g * q * 2.8853900817779268;
}

function exp2(t: number): number {
  const n = t + 6755399441055744 - 6755399441055744;
  const r = (t - n) * 0.6931471805599453;
  let q = 1 / 3628800;
  for (const factorial of [362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1]) q = q * r + 1 / factorial;
  wideBits[0] = BigInt(n + 1023) << 52n;
  return q * wide[0];
}

/** C's pow of a float32, in float64. */
export function power(a: number, b: number): number {
  if (b === 0 || a === 1) return 1;
  if (a !== a || b !== b) return NaN;
  const isWhole = Math.trunc(b) === b;
  const isOdd = isWhole && Math.abs(b) < 9007199254740992 && Math.trunc(b * 0.5) * 2 !== b;
  const x = Math.abs(a);
  const isNegative = a < 0 || Object.is(a, -0);
  if (x === 0 || x === Infinity) {
    const y = (x === 0) === b > 0 ? 0 : Infinity;
    return isOdd && isNegative ? -y : y;
  }
  if (Math.abs(b) === Infinity) return x === 1 ? 1 : x > 1 === b > 0 ? Infinity : 0;
  if (a < 0 && !isWhole) return NaN;
  const y = exp2(Math.max(-1000, Math.min(1000, b * log2(x))));
  return a < 0 && isOdd ? -y : y;
}
