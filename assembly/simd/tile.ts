// The micro-kernel of matrix products and convolutions: C[m, 0..16] = old[m, 0..16] + sum over k of A[m, k] B[k, 0..16].
// m and k are each three nested counts with byte steps of their own, so that A is read where it lies: the rows of a matrix, the
// pixels of an image, the taps of a filter. B is a panel, its rows of 16 floats a fixed step apart. A sum starts at 0, takes k in order in
// one accumulator and is added to old once.

import { madd } from "./lanes";
import { contractEight } from "./narrow-tile";

/** Address of the word that says which tile runs: 0 for two rows, 1 for four, which only pays where V8 widens it. Same bits. */
const WIDE: usize = 68;

/** Bytes of a plan: counts and steps of m in A and C and of k in A, places of the rows of a tile, then a spare tile of 4 x 16 floats. */
export const PLAN: usize = 384;
/** A tile's rows: of each its place in A and in C. */
const ROWS: usize = 72;
/** Where the rows of a narrow tile lie in C. */
const NARROW: usize = 104;
const SPARE: usize = 128;

/** Whether V8 joins neighboring vectors to 256 bits here. */
// @ts-ignore: decorator
@inline
export function isWide(): bool {
  return load<i32>(WIDE) != 0;
}

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
function tile2(plan: usize, b: usize, start: usize): void {
  let a0 = load<usize>(plan, 72);
  let a1 = load<usize>(plan, 80);
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
  const c0 = load<usize>(plan, 76);
  const old0 = start ? start : c0;
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
  const c1 = load<usize>(plan, 84);
  const old1 = start ? start : c1;
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

/** Four rows of C: 8 accumulators of 256 bits. */
// @ts-ignore: decorator
@inline
function tile4(plan: usize, b: usize, start: usize): void {
  let a0 = load<usize>(plan, 72);
  let a1 = load<usize>(plan, 80);
  let a2 = load<usize>(plan, 88);
  let a3 = load<usize>(plan, 96);
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
  let v20 = f32x4.splat(0);
  let v21 = f32x4.splat(0);
  let v22 = f32x4.splat(0);
  let v23 = f32x4.splat(0);
  let v30 = f32x4.splat(0);
  let v31 = f32x4.splat(0);
  let v32 = f32x4.splat(0);
  let v33 = f32x4.splat(0);
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
        const x2 = v128.load32_splat(a2);
        v20 = madd(x2, b0, v20);
        v21 = madd(x2, b1, v21);
        v22 = madd(x2, b2, v22);
        v23 = madd(x2, b3, v23);
        const x3 = v128.load32_splat(a3);
        v30 = madd(x3, b0, v30);
        v31 = madd(x3, b1, v31);
        v32 = madd(x3, b2, v32);
        v33 = madd(x3, b3, v33);
        b += stepB;
        a0 += step2;
        a1 += step2;
        a2 += step2;
        a3 += step2;
      }
      a0 += step1;
      a1 += step1;
      a2 += step1;
      a3 += step1;
    }
    a0 += step0;
    a1 += step0;
    a2 += step0;
    a3 += step0;
  }
  // Loads, additions and stores of neighbors stand together, which lets V8 join them to 256 bits.
  const c0 = load<usize>(plan, 76);
  const old0 = start ? start : c0;
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
  const c1 = load<usize>(plan, 84);
  const old1 = start ? start : c1;
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
  const c2 = load<usize>(plan, 92);
  const old2 = start ? start : c2;
  const u20 = v128.load(old2);
  const u21 = v128.load(old2, 16);
  const u22 = v128.load(old2, 32);
  const u23 = v128.load(old2, 48);
  const s20 = f32x4.add(u20, v20);
  const s21 = f32x4.add(u21, v21);
  const s22 = f32x4.add(u22, v22);
  const s23 = f32x4.add(u23, v23);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c2, s22, 32);
  v128.store(c2, s23, 48);
  const c3 = load<usize>(plan, 100);
  const old3 = start ? start : c3;
  const u30 = v128.load(old3);
  const u31 = v128.load(old3, 16);
  const u32 = v128.load(old3, 32);
  const u33 = v128.load(old3, 48);
  const s30 = f32x4.add(u30, v30);
  const s31 = f32x4.add(u31, v31);
  const s32 = f32x4.add(u32, v32);
  const s33 = f32x4.add(u33, v33);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
  v128.store(c3, s32, 32);
  v128.store(c3, s33, 48);
}

/** Copies `width` floats. */
// @ts-ignore: decorator
@inline
function copyRow(to: usize, from: usize, width: i32): void {
  for (let i = 0; i < width; ++i) store<f32>(to + ((<usize>i) << 2), load<f32>(from + ((<usize>i) << 2)));
}

/**
 * All rows of C for one panel b, two or four at a time. `start` is a panel of 16 floats to start every row from, or 0 to add to C.
 * Only the first `width` columns (1 to 16) are valid; panels of 8 have tiles of their own, other narrower ones go through the spare tile.
 */
export function contract(plan: usize, a: usize, b: usize, start: usize, c: usize, width: i32): void {
  if (width == 8) {
    contractEight(plan, a, b, start, c, isWide() ? 8 : 4);
    return;
  }
  const m1 = load<i32>(plan, 4);
  const m2 = load<i32>(plan, 8);
  const a0 = load<usize>(plan, 12);
  const a1 = load<usize>(plan, 16);
  const a2 = load<usize>(plan, 20);
  const c0 = load<usize>(plan, 24);
  const c1 = load<usize>(plan, 28);
  const c2 = load<usize>(plan, 32);
  const most = isWide() ? 4 : 2;
  let i1 = m1;
  let i2 = m2;
  let left = load<i32>(plan, 36);
  while (left > 0) {
    const rows = left >= most ? most : min(left, 2);
    let spare = plan + SPARE;
    for (let row = 0; row < rows; ++row, spare += 64) {
      const place = plan + ((<usize>row) << 3);
      store<usize>(place, a, ROWS);
      store<usize>(place, c, ROWS + 4);
      if (width < 16) {
        store<usize>(plan + ((<usize>row) << 2), c, NARROW);
        store<usize>(place, spare, ROWS + 4);
        if (!start) copyRow(spare, c, width);
      }
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
    // The two ends differ, or the optimizer would join the last stores of both tiles and V8 would not find their pairs.
    if (rows == 4) {
      tile4(plan, b, start);
      left -= 4;
    } else {
      if (rows == 1) {
        // The second row repeats the first and is thrown away.
        store<usize>(plan, load<usize>(plan, ROWS), ROWS + 8);
        store<usize>(plan, plan + SPARE + 64, ROWS + 12);
      }
      tile2(plan, b, start);
      left -= rows;
    }
    if (width < 16) {
      for (let row = 0; row < rows; ++row) {
        copyRow(load<usize>(plan + ((<usize>row) << 2), NARROW), plan + SPARE + ((<usize>row) << 6), width);
      }
    }
  }
}
