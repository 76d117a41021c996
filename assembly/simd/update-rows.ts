// What the orthogonal update computes of a row, for its kernels with factors and without. The coefficients of a row are float64, rounded once.
import { loadLanes, promoteHigh, storeLanes } from "./channel-sums";
import { madd } from "./lanes";
import { ROWS, twoQuotients } from "./row-sums";

/** x + (u - s x). */
// @ts-ignore: decorator
@inline
export function remove(x: v128, u: v128, minusS: v128): v128 {
  return f32x4.add(x, madd(minusS, x, u));
}

/** keep dy - t u + back x. */
// @ts-ignore: decorator
@inline
export function streamGradient(x: v128, u: v128, dy: v128, minusT: v128, keep: v128, back: v128): v128 {
  return madd(dy, keep, madd(minusT, u, f32x4.mul(back, x)));
}

/** Four float64 values as float32. */
// @ts-ignore: decorator
@inline
function four(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** From the half sums of up to ROWS rows at `scratch`: their s, and behind the sums -s. */
// @ts-ignore: decorator
@inline
export function writeShares(scratch: usize, s: usize, count: i32, bias: v128): void {
  const minusS = scratch + 16 * ROWS;
  for (let i = 0; i < count; i += 4, s += 16) {
    const sums = scratch + ((<usize>i) << 4);
    const shares = four(twoQuotients(sums, bias), twoQuotients(sums + 32, bias));
    storeLanes(s, shares, min(4, count - i));
    v128.store(minusS + ((<usize>i) << 2), f32x4.neg(shares));
  }
}

/** The same backward: behind the sums -t of the rows, then 1 - s, then 2 s t. */
// @ts-ignore: decorator
@inline
export function writeSlopes(scratch: usize, s: usize, count: i32, bias: v128): void {
  const one = f64x2.splat(1);
  let p = scratch + 16 * ROWS;
  for (let i = 0; i < count; i += 4, s += 16, p += 16) {
    const sums = scratch + ((<usize>i) << 4);
    const t0 = twoQuotients(sums, bias);
    const t1 = twoQuotients(sums + 32, bias);
    const shares = loadLanes(s, min(4, count - i));
    const share0 = f64x2.promote_low_f32x4(shares);
    const share1 = promoteHigh(shares);
    v128.store(p, f32x4.neg(four(t0, t1)));
    v128.store(p, four(f64x2.sub(one, share0), f64x2.sub(one, share1)), 4 * ROWS);
    v128.store(p, four(f64x2.mul(f64x2.add(share0, share0), t0), f64x2.mul(f64x2.add(share1, share1), t1)), 8 * ROWS);
  }
}
