// Elementary functions in float64, made only of + - * / and exact operations, so that every engine returns the same bits:
// Math.exp, Math.sin and their kin may differ between engines in the last bit. For schedules, initial weights, normal deviates.
// Relative errors stay under 5e-16 (tested densely). Special cases (0, infinities, NaN, negative bases) are those of Math.*.

const INV_LN2 = 1.4426950408889634;
/** ln 2 in two parts. The first has 21 zero bits at its end, so that its product with an exponent is exact. */
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const PI = 3.141592653589793;
/** 2^27 + 1: splits a float64 into two halves whose products are exact (Dekker). */
const SPLITTER = 134217729;
const SQRT2 = 1.4142135623730951;
const SMALLEST_NORMAL = 2.2250738585072014e-308;

/** 2^k for k = -1074 .. 1023 at index k + 1074, by exact doubling. */
const POWERS_OF_TWO = powersOfTwo();

// 1/n!, the Taylor coefficients of exp, sin and cos. (18! is still exact.)
const F3 = 1 / 6;
const F4 = 1 / 24;
const F5 = 1 / 120;
const F6 = 1 / 720;
const F7 = 1 / 5040;
const F8 = 1 / 40320;
const F9 = 1 / 362880;
const F10 = 1 / 3628800;
const F11 = 1 / 39916800;
const F12 = 1 / 479001600;
const F13 = 1 / 6227020800;
const F14 = 1 / 87178291200;
const F15 = 1 / 1307674368000;
const F16 = 1 / 20922789888000;
const F17 = 1 / 355687428096000;
const F18 = 1 / 6402373705728000;

const bits = new DataView(new ArrayBuffer(8));

function powersOfTwo(): Float64Array {
  const table = new Float64Array(2098);
  table[1074] = 1;
  for (let k = 1075; k < 2098; k++) table[k] = table[k - 1] * 2;
  for (let k = 1073; k >= 0; k--) table[k] = table[k + 1] / 2;
  return table;
}

/** value 2^k, rounded at most once. */
function scale(value: number, k: number): number {
  if (k > 1023) return value * 2 * POWERS_OF_TWO[k - 1 + 1074];
  if (k < -1074) return value * 0.5 * POWERS_OF_TWO[k + 1 + 1074];
  return value * POWERS_OF_TWO[k + 1074];
}

/** e^(high + low), low being a correction far below high. */
function expOfSum(high: number, low: number): number {
  if (high !== high) return high;
  if (high > 709.8) return Infinity;
  if (high < -745.2) return 0;
  const k = Math.floor(high * INV_LN2 + 0.5);
  const reduced = high - k * LN2_HIGH;
  const rest = low - k * LN2_LOW;
  const r = reduced + rest;
  const z = r * r;
  // Even and odd terms apart: two short chains instead of a long one.
  const even = (((((F14 * z + F12) * z + F10) * z + F8) * z + F6) * z + F4) * z + 0.5;
  const odd = ((((F13 * z + F11) * z + F9) * z + F7) * z + F5) * z + F3;
  return scale(1 + (reduced + (rest + (even + odd * r) * z)), k);
}

/** e^x. */
export function exp(x: number): number {
  return expOfSum(x, 0);
}

// The logarithm of the last call of splitLog, as a sum of two numbers (about 70 bits).
let logHigh = 0;
let logLow = 0;

/** ln x of a positive finite x: x = m 2^e with m in [sqrt 1/2, sqrt 2), ln m = 2 atanh((m-1)/(m+1)). */
function splitLog(x: number): void {
  let exponent = 0;
  if (x < SMALLEST_NORMAL) {
    x *= 18014398509481984; // 2^54
    exponent = -54;
  }
  bits.setFloat64(0, x);
  const word = bits.getInt32(0);
  exponent += (word >>> 20) - 1023;
  bits.setInt32(0, (word & 0xfffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m >= SQRT2) {
    m *= 0.5;
    exponent++;
  }
  const f = m - 1; // exact
  const g = m + 1;
  const gLow = m - (g - 1); // what the sum lost
  const s = f / g;
  // s + sLow = f / (g + gLow) to twice the precision: the remainder f - s g is exact by Dekker's product.
  const sTop = s * SPLITTER - (s * SPLITTER - s);
  const gTop = g * SPLITTER - (g * SPLITTER - g);
  const sRest = s - sTop;
  const gRest = g - gTop;
  const product = s * g;
  const productLow = sTop * gTop - product + sTop * gRest + sRest * gTop + sRest * gRest;
  const sLow = (f - product - productLow - s * gLow) / g;
  const z = s * s;
  const zz = z * z;
  const even = ((((1 / 23) * zz + 1 / 19) * zz + 1 / 15) * zz + 1 / 11) * zz * zz + (1 / 7) * zz + 1 / 3;
  const odd = ((((1 / 21) * zz + 1 / 17) * zz + 1 / 13) * zz + 1 / 9) * zz + 1 / 5;
  const series = even + odd * z;
  const low = 2 * (sLow + s * z * series);
  // e ln2_high + 2 s: exact sum in two parts (the larger term first: |2 s| <= 0.35 < |e| ln 2).
  const big = exponent * LN2_HIGH;
  const small = 2 * s;
  const sum = exponent === 0 ? small : big + small;
  const lost = exponent === 0 ? 0 : small - (sum - big);
  const rest = lost + (low + exponent * LN2_LOW);
  logHigh = sum + rest;
  logLow = rest - (logHigh - sum);
}

/** The natural logarithm of x. */
export function log(x: number): number {
  if (x > 0 && x < Infinity) {
    splitLog(x);
    return logHigh;
  }
  return x === 0 ? -Infinity : x > 0 ? x : NaN;
}

/** x^y as JavaScript defines it, to the last bit or two also where the exponent is large. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (x !== x || y !== y) return NaN;
  const magnitude = Math.abs(x);
  const huge = Math.abs(y) === Infinity;
  if (magnitude === 1 && huge) return NaN;
  const integer = Math.floor(y) === y;
  if (x < 0 && x > -Infinity && !integer) return NaN;
  const odd = integer && Math.abs(y) < 9007199254740992 && y % 2 !== 0;
  const sign = odd && (x < 0 || (x === 0 && 1 / x < 0)) ? -1 : 1;
  if (magnitude === 0 || magnitude === Infinity || huge) {
    const grows = magnitude > 1 === y > 0;
    return sign * (grows ? Infinity : 0);
  }
  splitLog(magnitude);
  if (Math.abs(logHigh * y) > 1000) return sign * (logHigh > 0 === y > 0 ? Infinity : 0);
  // y (logHigh + logLow) = product + rest
  const product = y * logHigh;
  const yTop = Math.abs(y) < 1e290 ? y * SPLITTER - (y * SPLITTER - y) : y;
  const lTop = logHigh * SPLITTER - (logHigh * SPLITTER - logHigh);
  const yRest = y - yTop;
  const lRest = logHigh - lTop;
  const rest = yTop * lTop - product + yTop * lRest + yRest * lTop + yRest * lRest + y * logLow;
  return sign * expOfSum(product, rest);
}

/** sin(pi r) for |r| <= 1/4. */
function sinPiNear(r: number): number {
  const x = PI * r;
  const z = x * x;
  const tail = F3 - z * (F5 - z * (F7 - z * (F9 - z * (F11 - z * (F13 - z * (F15 - z * F17))))));
  return x - x * z * tail;
}

/** cos(pi r) for |r| <= 1/4. */
function cosPiNear(r: number): number {
  const x = PI * r;
  const z = x * x;
  const tail = F4 - z * (F6 - z * (F8 - z * (F10 - z * (F12 - z * (F14 - z * (F16 - z * F18))))));
  return 1 - z * (0.5 - z * tail);
}

/** x less whole turns where doubling it would round, else x itself (the remainder is slow). Exact. */
function reduceTurn(x: number): number {
  return Math.abs(x) < 1e15 ? x : x % 2;
}

/** sin(pi x); exact at multiples of 1/2. */
export function sinPi(x: number): number {
  if (!(Math.abs(x) < Infinity)) return NaN;
  const turn = reduceTurn(x);
  const quarter = Math.floor(2 * turn + 0.5);
  const r = turn - quarter * 0.5; // exact, |r| <= 1/4
  switch (quarter & 3) {
    case 0:
      return sinPiNear(r);
    case 1:
      return cosPiNear(r);
    case 2:
      return -sinPiNear(r);
    default:
      return -cosPiNear(r);
  }
}

/** cos(pi x); exact at multiples of 1/2. cos(2 pi t) is cosPi(2 * t). */
export function cosPi(x: number): number {
  if (!(Math.abs(x) < Infinity)) return NaN;
  const turn = reduceTurn(x);
  const quarter = Math.floor(2 * turn + 0.5);
  const r = turn - quarter * 0.5;
  switch (quarter & 3) {
    case 0:
      return cosPiNear(r);
    case 1:
      return -sinPiNear(r);
    case 2:
      return -cosPiNear(r);
    default:
      return sinPiNear(r);
  }
}
