// The micro-kernel for panels of which 8 columns are valid: C[m, 0..8] = old[m, 0..8] + sum over k of A[m, k] B[k, 0..8]. It reads the plan
// and the panel of the one for 16 columns (tile.ts) and takes the same chain of roundings, in tiles of 4 rows, or of 8 where V8 widens it.
import { madd } from "./lanes";

/** Where a tile's rows lie in the plan: of each its place in A and in C. */
const ROWS: usize = 72;
/** 8 floats for rows that repeat another one and are thrown away. */
const THROWN: usize = 192;

/** Four rows of C: 8 accumulators of 128 bits. */
// @ts-ignore: decorator
@inline
function fourRows(plan: usize, b: usize, start: usize): void {
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
  let v10 = f32x4.splat(0);
  let v11 = f32x4.splat(0);
  let v20 = f32x4.splat(0);
  let v21 = f32x4.splat(0);
  let v30 = f32x4.splat(0);
  let v31 = f32x4.splat(0);
  for (let i0 = load<i32>(plan, 40); i0 > 0; --i0) {
    for (let i1 = k1; i1 > 0; --i1) {
      for (let i2 = k2; i2 > 0; --i2) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a0);
        v00 = madd(x0, b0, v00);
        v01 = madd(x0, b1, v01);
        const x1 = v128.load32_splat(a1);
        v10 = madd(x1, b0, v10);
        v11 = madd(x1, b1, v11);
        const x2 = v128.load32_splat(a2);
        v20 = madd(x2, b0, v20);
        v21 = madd(x2, b1, v21);
        const x3 = v128.load32_splat(a3);
        v30 = madd(x3, b0, v30);
        v31 = madd(x3, b1, v31);
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
  const c0 = load<usize>(plan, 76);
  const old0 = start ? start : c0;
  const u00 = v128.load(old0);
  const u01 = v128.load(old0, 16);
  const s00 = f32x4.add(u00, v00);
  const s01 = f32x4.add(u01, v01);
  v128.store(c0, s00);
  v128.store(c0, s01, 16);
  const c1 = load<usize>(plan, 84);
  const old1 = start ? start : c1;
  const u10 = v128.load(old1);
  const u11 = v128.load(old1, 16);
  const s10 = f32x4.add(u10, v10);
  const s11 = f32x4.add(u11, v11);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  const c2 = load<usize>(plan, 92);
  const old2 = start ? start : c2;
  const u20 = v128.load(old2);
  const u21 = v128.load(old2, 16);
  const s20 = f32x4.add(u20, v20);
  const s21 = f32x4.add(u21, v21);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  const c3 = load<usize>(plan, 100);
  const old3 = start ? start : c3;
  const u30 = v128.load(old3);
  const u31 = v128.load(old3, 16);
  const s30 = f32x4.add(u30, v30);
  const s31 = f32x4.add(u31, v31);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}

/** Eight rows of C at equal distances: 8 accumulators of 256 bits. Places are counted from the first row: V8 has few registers for addresses. */
// @ts-ignore: decorator
@inline
function eightRows(plan: usize, a: usize, b: usize, start: usize, c: usize, stepA: usize, stepC: usize): void {
  const k1 = load<i32>(plan, 44);
  const k2 = load<i32>(plan, 48);
  const step0 = load<usize>(plan, 52);
  const step1 = load<usize>(plan, 56);
  const step2 = load<usize>(plan, 60);
  const stepB = load<usize>(plan, 64);
  let v00 = f32x4.splat(0);
  let v01 = f32x4.splat(0);
  let v10 = f32x4.splat(0);
  let v11 = f32x4.splat(0);
  let v20 = f32x4.splat(0);
  let v21 = f32x4.splat(0);
  let v30 = f32x4.splat(0);
  let v31 = f32x4.splat(0);
  let v40 = f32x4.splat(0);
  let v41 = f32x4.splat(0);
  let v50 = f32x4.splat(0);
  let v51 = f32x4.splat(0);
  let v60 = f32x4.splat(0);
  let v61 = f32x4.splat(0);
  let v70 = f32x4.splat(0);
  let v71 = f32x4.splat(0);
  for (let i0 = load<i32>(plan, 40); i0 > 0; --i0) {
    for (let i1 = k1; i1 > 0; --i1) {
      for (let i2 = k2; i2 > 0; --i2) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const x0 = v128.load32_splat(a);
        v00 = madd(x0, b0, v00);
        v01 = madd(x0, b1, v01);
        const a1 = a + stepA;
        const x1 = v128.load32_splat(a1);
        v10 = madd(x1, b0, v10);
        v11 = madd(x1, b1, v11);
        const a2 = a1 + stepA;
        const x2 = v128.load32_splat(a2);
        v20 = madd(x2, b0, v20);
        v21 = madd(x2, b1, v21);
        const a3 = a2 + stepA;
        const x3 = v128.load32_splat(a3);
        v30 = madd(x3, b0, v30);
        v31 = madd(x3, b1, v31);
        const a4 = a3 + stepA;
        const x4 = v128.load32_splat(a4);
        v40 = madd(x4, b0, v40);
        v41 = madd(x4, b1, v41);
        const a5 = a4 + stepA;
        const x5 = v128.load32_splat(a5);
        v50 = madd(x5, b0, v50);
        v51 = madd(x5, b1, v51);
        const a6 = a5 + stepA;
        const x6 = v128.load32_splat(a6);
        v60 = madd(x6, b0, v60);
        v61 = madd(x6, b1, v61);
        const a7 = a6 + stepA;
        const x7 = v128.load32_splat(a7);
        v70 = madd(x7, b0, v70);
        v71 = madd(x7, b1, v71);
        b += stepB;
        a += step2;
      }
      a += step1;
    }
    a += step0;
  }
  let old = start ? start : c;
  const stepOld: usize = start ? 0 : stepC;
  const u00 = v128.load(old);
  const u01 = v128.load(old, 16);
  const s00 = f32x4.add(u00, v00);
  const s01 = f32x4.add(u01, v01);
  v128.store(c, s00);
  v128.store(c, s01, 16);
  c += stepC;
  old += stepOld;
  const u10 = v128.load(old);
  const u11 = v128.load(old, 16);
  const s10 = f32x4.add(u10, v10);
  const s11 = f32x4.add(u11, v11);
  v128.store(c, s10);
  v128.store(c, s11, 16);
  c += stepC;
  old += stepOld;
  const u20 = v128.load(old);
  const u21 = v128.load(old, 16);
  const s20 = f32x4.add(u20, v20);
  const s21 = f32x4.add(u21, v21);
  v128.store(c, s20);
  v128.store(c, s21, 16);
  c += stepC;
  old += stepOld;
  const u30 = v128.load(old);
  const u31 = v128.load(old, 16);
  const s30 = f32x4.add(u30, v30);
  const s31 = f32x4.add(u31, v31);
  v128.store(c, s30);
  v128.store(c, s31, 16);
  c += stepC;
  old += stepOld;
  const u40 = v128.load(old);
  const u41 = v128.load(old, 16);
  const s40 = f32x4.add(u40, v40);
  const s41 = f32x4.add(u41, v41);
  v128.store(c, s40);
  v128.store(c, s41, 16);
  c += stepC;
  old += stepOld;
  const u50 = v128.load(old);
  const u51 = v128.load(old, 16);
  const s50 = f32x4.add(u50, v50);
  const s51 = f32x4.add(u51, v51);
  v128.store(c, s50);
  v128.store(c, s51, 16);
  c += stepC;
  old += stepOld;
  const u60 = v128.load(old);
  const u61 = v128.load(old, 16);
  const s60 = f32x4.add(u60, v60);
  const s61 = f32x4.add(u61, v61);
  v128.store(c, s60);
  v128.store(c, s61, 16);
  c += stepC;
  old += stepOld;
  const u70 = v128.load(old);
  const u71 = v128.load(old, 16);
  const s70 = f32x4.add(u70, v70);
  const s71 = f32x4.add(u71, v71);
  v128.store(c, s70);
  v128.store(c, s71, 16);
}

/** All rows of C for one panel b, `most` (4 or 8) at a time, 4 at the end. `start` is what every row starts from, or 0 to add to C. */
export function contractEight(plan: usize, a: usize, b: usize, start: usize, c: usize, most: i32): void {
  const m1 = load<i32>(plan, 4);
  const m2 = load<i32>(plan, 8);
  const a0 = load<usize>(plan, 12);
  const a1 = load<usize>(plan, 16);
  const a2 = load<usize>(plan, 20);
  const c0 = load<usize>(plan, 24);
  const c1 = load<usize>(plan, 28);
  const c2 = load<usize>(plan, 32);
  let i1 = m1;
  let i2 = m2;
  let left = load<i32>(plan, 36);
  while (left > 0) {
    if (most == 8 && min(i2, left) >= 8) {
      eightRows(plan, a, b, start, c, a2, c2);
      a += a2 << 3;
      c += c2 << 3;
      i2 -= 8;
      left -= 8;
      if (i2 == 0) {
        i2 = m2;
        a += a1;
        c += c1;
        if (--i1 == 0) {
          i1 = m1;
          a += a0;
          c += c0;
        }
      }
      continue;
    }
    const rows = min(left, 4);
    for (let row = 0; row < 4; ++row) {
      const place = plan + ((<usize>row) << 3);
      if (row >= rows) {
        store<usize>(place, load<usize>(plan, ROWS), ROWS);
        store<usize>(place, plan + THROWN, ROWS + 4);
        continue;
      }
      store<usize>(place, a, ROWS);
      store<usize>(place, c, ROWS + 4);
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
    fourRows(plan, b, start);
    left -= rows;
  }
}
