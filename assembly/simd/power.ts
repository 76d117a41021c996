// a^b in float64, scalar, relative error about 1e-11: far below what float32 shows. The cases of C's pow.

const SQRT_HALF: i64 = 0x3fe6a09e667f3bcd;

/** log2 of a normal number above 0: 2 atanh((m - 1) / (m + 1)) / ln 2 + exponent, m from sqrt(1/2) to sqrt(2). */
// @ts-ignore: decorator
@inline
function log2(a: f64): f64 {
  const bits = reinterpret<i64>(a) - SQRT_HALF;
  const exponent = bits >> 52;
  const m = reinterpret<f64>(reinterpret<i64>(a) - (exponent << 52));
  const f = (m - 1) / (m + 1);
  const z = f * f;
  let q: f64 = 1.0 / 17;
  q = q * z + 1.0 / 15;
  q = q * z + 1.0 / 13;
  q = q * z + 1.0 / 11;
  q = q * z + 1.0 / 9;
  q = q * z + 1.0 / 7;
  q = q * z + 1.0 / 5;
  q = q * z + 1.0 / 3;
  q = q * z + 1;
  return <f64>exponent + f * q * 2.8853900817779268;
}

/** 2^t for |t| <= 1000, by the Taylor series up to the tenth power. */
// @ts-ignore: decorator
@inline
function exp2(t: f64): f64 {
  const n = nearest<f64>(t);
  const r = (t - n) * 0.6931471805599453;
  let q: f64 = 1.0 / 3628800;
  q = q * r + 1.0 / 362880;
  q = q * r + 1.0 / 40320;
  q = q * r + 1.0 / 5040;
  q = q * r + 1.0 / 720;
  q = q * r + 1.0 / 120;
  q = q * r + 1.0 / 24;
  q = q * r + 1.0 / 6;
  q = q * r + 0.5;
  q = q * r + 1;
  q = q * r + 1;
  return q * reinterpret<f64>((<i64>n + 1023) << 52);
}

/** a^b for an `a` that was a float32: whole b work for negative a, others give NaN; a^0 = 1^b = 1. */
export function power(a: f64, b: f64): f64 {
  if (b == 0 || a == 1) return 1;
  if (a != a || b != b) return NaN;
  const whole = trunc<f64>(b) == b;
  const odd = whole && abs<f64>(b) < 9007199254740992 && trunc<f64>(b * 0.5) * 2 != b;
  const x = abs<f64>(a);
  if (x == 0 || x == Infinity) {
    const y: f64 = (x == 0) == b > 0 ? 0 : Infinity;
    return odd ? copysign<f64>(y, a) : y;
  }
  if (abs<f64>(b) == Infinity) return x == 1 ? 1 : x > 1 == b > 0 ? Infinity : 0;
  if (a < 0 && !whole) return NaN;
  const y = exp2(max<f64>(-1000, min<f64>(1000, b * log2(x))));
  return a < 0 && odd ? -y : y;
}
