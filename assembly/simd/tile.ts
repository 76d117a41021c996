// The one micro-kernel of matrix products and convolutions: C[m, 0..16] = old[m, 0..16] + sum over k of A[m, k] B[k, 0..16].
// m and k are each three nested counts with byte steps of their own, so that A is read where it lies: the rows of a matrix, the
// pixels of an image, the taps of a filter. B is a panel, its rows of 16 floats a fixed step apart. A sum starts at 0, takes k in order in
// one accumulator and is added to old once.

import { madd } from "./lanes";

/** Bytes of a plan: counts and steps of m in A and C and of k in A, then a spare tile of 2 x 16 floats. */
export const PLAN: usize = 256;
const SPARE: usize = 128;

/** The counts of m, outermost first, and the distances in bytes between neighbors in A and C. */
// @ts-ignore: decorator
@inline
export function planRows(plan: usize, m0: i32, m1: i32, m2: i32, a0: usize, a1: usize, a2: usize, c0: usize, c1: usize, c2: usize): void {
  store<i32>(plan, m1, 4);
  store<i32>(plan, m2, 8);
  store<usize>(plan, a0 - <usize>m1 * a1, 12);
  store<usize>(plan, a1 - <usize>m2 * a2, 16);
  store<usize>(plan, a2, 20);
  store<usize>(plan, c0 - <usize>m1 * c1, 24);
  store<usize>(plan, c1 - <usize>m2 * c2, 28);
  store<usize>(plan, c2, 32);
  store<i32>(plan, m0 * m1 * m2, 36);
}

/** Only the first `count` rows of m. */
// @ts-ignore: decorator
@inline
export function planCount(plan: usize, count: i32): void {
  store<i32>(plan, count, 36);
}

/** The counts of k, outermost first, and the distances in bytes between neighbors in A and of the rows of B (64 if it is packed). */
// @ts-ignore: decorator
@inline
export function planSum(plan: usize, k0: i32, k1: i32, k2: i32, a0: usize, a1: usize, a2: usize, b: usize): void {
  store<i32>(plan, k0, 40);
  store<i32>(plan, k1, 44);
  store<i32>(plan, k2, 48);
  store<usize>(plan, a0 - <usize>k1 * a1, 52);
  store<usize>(plan, a1 - <usize>k2 * a2, 56);
  store<usize>(plan, a2, 60);
  store<usize>(plan, b, 64);
}

/** Two rows of C. 8 accumulators, 4 rows of B and 2 of A leave one of V8's 15 registers for the product. */
// @ts-ignore: decorator
@inline
function tile(plan: usize, a0: usize, a1: usize, b: usize, old0: usize, old1: usize, c0: usize, c1: usize): void {
  const k1 = load<i32>(plan, 44);
  const k2 = load<i32>(plan, 48);
  const step0 = load<usize>(plan, 52);
  const step1 = load<usize>(plan, 56);
  const step2 = load<usize>(plan, 60);
  const stepB = load<usize>(plan, 64);
  let v00 = f32x4.splat(0);
  let v01 = f32x4.splat(0);
  let v02 = f32x4.splat(0);
  let v03 = f32x4.splat(0);
  let v10 = f32x4.splat(0);
  let v11 = f32x4.splat(0);
  let v12 = f32x4.splat(0);
  let v13 = f32x4.splat(0);
  for (let i0 = load<i32>(plan, 40); i0 > 0; --i0) {
    for (let i1 = k1; i1 > 0; --i1) {
      for (let i2 = k2; i2 > 0; --i2) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const b2 = v128.load(b, 32);
        const b3 = v128.load(b, 48);
        const x0 = v128.load32_splat(a0);
        v00 = madd(x0, b0, v00);
        v01 = madd(x0, b1, v01);
        v02 = madd(x0, b2, v02);
        v03 = madd(x0, b3, v03);
        const x1 = v128.load32_splat(a1);
        v10 = madd(x1, b0, v10);
        v11 = madd(x1, b1, v11);
        v12 = madd(x1, b2, v12);
        v13 = madd(x1, b3, v13);
        b += stepB;
        a0 += step2;
        a1 += step2;
      }
      a0 += step1;
      a1 += step1;
    }
    a0 += step0;
    a1 += step0;
  }
  // Loads, additions and stores of neighbors stand together, which lets V8 join them to 256 bits.
  const u00 = v128.load(old0);
  const u01 = v128.load(old0, 16);
  const u02 = v128.load(old0, 32);
  const u03 = v128.load(old0, 48);
  const s00 = f32x4.add(u00, v00);
  const s01 = f32x4.add(u01, v01);
  const s02 = f32x4.add(u02, v02);
  const s03 = f32x4.add(u03, v03);
  v128.store(c0, s00);
  v128.store(c0, s01, 16);
  v128.store(c0, s02, 32);
  v128.store(c0, s03, 48);
  const u10 = v128.load(old1);
  const u11 = v128.load(old1, 16);
  const u12 = v128.load(old1, 32);
  const u13 = v128.load(old1, 48);
  const s10 = f32x4.add(u10, v10);
  const s11 = f32x4.add(u11, v11);
  const s12 = f32x4.add(u12, v12);
  const s13 = f32x4.add(u13, v13);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c1, s12, 32);
  v128.store(c1, s13, 48);
}

/** Copies `width` floats. */
// @ts-ignore: decorator
@inline
function copyRow(to: usize, from: usize, width: i32): void {
  for (let i = 0; i < width; ++i) store<f32>(to + ((<usize>i) << 2), load<f32>(from + ((<usize>i) << 2)));
}

/**
 * All rows of C for one panel b, two at a time. `old` is a panel of 16 floats to start every row from, or 0 to add to C.
 * Only the first `width` columns (1 to 16) are valid; narrower panels go through the spare tile.
 */
export function contract(plan: usize, a: usize, b: usize, old: usize, c: usize, width: i32): void {
  const m1 = load<i32>(plan, 4);
  const m2 = load<i32>(plan, 8);
  const a0 = load<usize>(plan, 12);
  const a1 = load<usize>(plan, 16);
  const a2 = load<usize>(plan, 20);
  const c0 = load<usize>(plan, 24);
  const c1 = load<usize>(plan, 28);
  const c2 = load<usize>(plan, 32);
  const spare = plan + SPARE;
  let i1 = m1;
  let i2 = m2;
  for (let left = load<i32>(plan, 36); left > 0; left -= 2) {
    const aFirst = a;
    const cFirst = c;
    a += a2;
    c += c2;
    if (--i2 == 0) {
      i2 = m2;
      a += a1;
      c += c1;
      if (--i1 == 0) {
        i1 = m1;
        a += a0;
        c += c0;
      }
    }
    let aSecond = aFirst;
    let cSecond: usize = 0;
    if (left > 1) {
      aSecond = a;
      cSecond = c;
      a += a2;
      c += c2;
      if (--i2 == 0) {
        i2 = m2;
        a += a1;
        c += c1;
        if (--i1 == 0) {
          i1 = m1;
          a += a0;
          c += c0;
        }
      }
    }
    const isWhole = width == 16;
    const to0 = isWhole ? cFirst : spare;
    const to1 = isWhole && cSecond ? cSecond : spare + 64;
    if (!isWhole && !old) {
      copyRow(spare, cFirst, width);
      if (cSecond) copyRow(spare + 64, cSecond, width);
    }
    tile(plan, aFirst, aSecond, b, old ? old : to0, old ? old : to1, to0, to1);
    if (!isWhole) {
      copyRow(cFirst, spare, width);
      if (cSecond) copyRow(cSecond, spare + 64, width);
    }
  }
}
