// The four lanes of a v128: multiply-add, and loads and stores of fewer than four floats.

/** a * b + c, rounded twice. The relaxed build may round once. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return f32x4.relaxed_madd(a, b, c);
  } else {
    return f32x4.add(c, f32x4.mul(a, b));
  }
}

/** The first `count` (1 to 3) floats at p, the other lanes 0. Reads nothing behind them. */
// @ts-ignore: decorator
@inline
export function loadPart(p: usize, count: i32): v128 {
  let v = v128.load32_zero(p);
  if (count > 1) v = v128.load_lane<f32>(p, v, 1, 4);
  if (count > 2) v = v128.load_lane<f32>(p, v, 2, 8);
  return v;
}

/** Writes the first `count` (1 to 3) lanes of v at p and nothing behind them. */
// @ts-ignore: decorator
@inline
export function storePart(p: usize, v: v128, count: i32): void {
  v128.store_lane<f32>(p, v, 0);
  if (count > 1) v128.store_lane<f32>(p, v, 1, 4);
  if (count > 2) v128.store_lane<f32>(p, v, 2, 8);
}

/** The first `count` floats at p, from four on all four lanes. */
// @ts-ignore: decorator
@inline
export function loadUpTo(p: usize, count: i32): v128 {
  return count < 4 ? loadPart(p, count) : v128.load(p);
}

/** Writes the first `count` lanes of v at p, from four on all of them. */
// @ts-ignore: decorator
@inline
export function storeUpTo(p: usize, v: v128, count: i32): void {
  if (count < 4) storePart(p, v, count);
  else v128.store(p, v);
}

/** The sum of the lanes as (v0 + v2) + (v1 + v3). */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}
