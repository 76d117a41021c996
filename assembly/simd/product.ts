// Products of plain matrices, 16 columns at a time: C[m, 0..16] = sum over k of A[m, k] B[k, 0..16], or added to C. A sum takes k in
// order in one accumulator. Two rows at a time suit vectors of 128 bits, four suit engines that join them to 256; same bits.

import { madd } from "./lanes";
import { isWide } from "./tile";

/** Two rows at a time. */
function set2(a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, rows: i32, k: i32): void {
  for (let row = 0; row < rows; row += 2) {
    let a0 = a;
    let a1 = a + aRow;
    let p = b;
    let v00 = f32x4.splat(0);
    let v01 = f32x4.splat(0);
    let v02 = f32x4.splat(0);
    let v03 = f32x4.splat(0);
    let v10 = f32x4.splat(0);
    let v11 = f32x4.splat(0);
    let v12 = f32x4.splat(0);
    let v13 = f32x4.splat(0);
    for (let i = k; i > 0; --i) {
      const b0 = v128.load(p);
      const b1 = v128.load(p, 16);
      const b2 = v128.load(p, 32);
      const b3 = v128.load(p, 48);
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
      p += bStep;
      a0 += aStep;
      a1 += aStep;
    }
    const c0 = c;
    v128.store(c0, v00);
    v128.store(c0, v01, 16);
    v128.store(c0, v02, 32);
    v128.store(c0, v03, 48);
    const c1 = c + cRow;
    v128.store(c1, v10);
    v128.store(c1, v11, 16);
    v128.store(c1, v12, 32);
    v128.store(c1, v13, 48);
    a += 2 * aRow;
    c += 2 * cRow;
  }
}

/** Four rows at a time. */
function set4(a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, rows: i32, k: i32): void {
  for (let row = 0; row < rows; row += 4) {
    let a0 = a;
    let a1 = a + aRow;
    let a2 = a + 2 * aRow;
    let a3 = a + 3 * aRow;
    let p = b;
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
    for (let i = k; i > 0; --i) {
      const b0 = v128.load(p);
      const b1 = v128.load(p, 16);
      const b2 = v128.load(p, 32);
      const b3 = v128.load(p, 48);
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
      p += bStep;
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
    }
    const c0 = c;
    v128.store(c0, v00);
    v128.store(c0, v01, 16);
    v128.store(c0, v02, 32);
    v128.store(c0, v03, 48);
    const c1 = c + cRow;
    v128.store(c1, v10);
    v128.store(c1, v11, 16);
    v128.store(c1, v12, 32);
    v128.store(c1, v13, 48);
    const c2 = c + 2 * cRow;
    v128.store(c2, v20);
    v128.store(c2, v21, 16);
    v128.store(c2, v22, 32);
    v128.store(c2, v23, 48);
    const c3 = c + 3 * cRow;
    v128.store(c3, v30);
    v128.store(c3, v31, 16);
    v128.store(c3, v32, 32);
    v128.store(c3, v33, 48);
    a += 4 * aRow;
    c += 4 * cRow;
  }
}

/** Two rows at a time, added to C. */
function add2(a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, rows: i32, k: i32): void {
  for (let row = 0; row < rows; row += 2) {
    let a0 = a;
    let a1 = a + aRow;
    let p = b;
    let v00 = f32x4.splat(0);
    let v01 = f32x4.splat(0);
    let v02 = f32x4.splat(0);
    let v03 = f32x4.splat(0);
    let v10 = f32x4.splat(0);
    let v11 = f32x4.splat(0);
    let v12 = f32x4.splat(0);
    let v13 = f32x4.splat(0);
    for (let i = k; i > 0; --i) {
      const b0 = v128.load(p);
      const b1 = v128.load(p, 16);
      const b2 = v128.load(p, 32);
      const b3 = v128.load(p, 48);
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
      p += bStep;
      a0 += aStep;
      a1 += aStep;
    }
    const c0 = c;
    const u00 = v128.load(c0);
    const u01 = v128.load(c0, 16);
    const u02 = v128.load(c0, 32);
    const u03 = v128.load(c0, 48);
    const s00 = f32x4.add(u00, v00);
    const s01 = f32x4.add(u01, v01);
    const s02 = f32x4.add(u02, v02);
    const s03 = f32x4.add(u03, v03);
    v128.store(c0, s00);
    v128.store(c0, s01, 16);
    v128.store(c0, s02, 32);
    v128.store(c0, s03, 48);
    const c1 = c + cRow;
    const u10 = v128.load(c1);
    const u11 = v128.load(c1, 16);
    const u12 = v128.load(c1, 32);
    const u13 = v128.load(c1, 48);
    const s10 = f32x4.add(u10, v10);
    const s11 = f32x4.add(u11, v11);
    const s12 = f32x4.add(u12, v12);
    const s13 = f32x4.add(u13, v13);
    v128.store(c1, s10);
    v128.store(c1, s11, 16);
    v128.store(c1, s12, 32);
    v128.store(c1, s13, 48);
    a += 2 * aRow;
    c += 2 * cRow;
  }
}

/** Four rows at a time, added to C. */
function add4(a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, rows: i32, k: i32): void {
  for (let row = 0; row < rows; row += 4) {
    let a0 = a;
    let a1 = a + aRow;
    let a2 = a + 2 * aRow;
    let a3 = a + 3 * aRow;
    let p = b;
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
    for (let i = k; i > 0; --i) {
      const b0 = v128.load(p);
      const b1 = v128.load(p, 16);
      const b2 = v128.load(p, 32);
      const b3 = v128.load(p, 48);
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
      p += bStep;
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
    }
    const c0 = c;
    const u00 = v128.load(c0);
    const u01 = v128.load(c0, 16);
    const u02 = v128.load(c0, 32);
    const u03 = v128.load(c0, 48);
    const s00 = f32x4.add(u00, v00);
    const s01 = f32x4.add(u01, v01);
    const s02 = f32x4.add(u02, v02);
    const s03 = f32x4.add(u03, v03);
    v128.store(c0, s00);
    v128.store(c0, s01, 16);
    v128.store(c0, s02, 32);
    v128.store(c0, s03, 48);
    const c1 = c + cRow;
    const u10 = v128.load(c1);
    const u11 = v128.load(c1, 16);
    const u12 = v128.load(c1, 32);
    const u13 = v128.load(c1, 48);
    const s10 = f32x4.add(u10, v10);
    const s11 = f32x4.add(u11, v11);
    const s12 = f32x4.add(u12, v12);
    const s13 = f32x4.add(u13, v13);
    v128.store(c1, s10);
    v128.store(c1, s11, 16);
    v128.store(c1, s12, 32);
    v128.store(c1, s13, 48);
    const c2 = c + 2 * cRow;
    const u20 = v128.load(c2);
    const u21 = v128.load(c2, 16);
    const u22 = v128.load(c2, 32);
    const u23 = v128.load(c2, 48);
    const s20 = f32x4.add(u20, v20);
    const s21 = f32x4.add(u21, v21);
    const s22 = f32x4.add(u22, v22);
    const s23 = f32x4.add(u23, v23);
    v128.store(c2, s20);
    v128.store(c2, s21, 16);
    v128.store(c2, s22, 32);
    v128.store(c2, s23, 48);
    const c3 = c + 3 * cRow;
    const u30 = v128.load(c3);
    const u31 = v128.load(c3, 16);
    const u32 = v128.load(c3, 32);
    const u33 = v128.load(c3, 48);
    const s30 = f32x4.add(u30, v30);
    const s31 = f32x4.add(u31, v31);
    const s32 = f32x4.add(u32, v32);
    const s33 = f32x4.add(u33, v33);
    v128.store(c3, s30);
    v128.store(c3, s31, 16);
    v128.store(c3, s32, 32);
    v128.store(c3, s33, 48);
    a += 4 * aRow;
    c += 4 * cRow;
  }
}

/**
 * C[m, 0..16] = sum over k of A[m, k] B[k, 0..16] for `rows` rows, a multiple of 4. Steps are distances in bytes: of the rows of A, B and C, and
 * of the elements of a row of A.
 */
export function product(a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, rows: i32, k: i32): void {
  if (isWide()) set4(a, aRow, aStep, b, bStep, c, cRow, rows, k);
  else set2(a, aRow, aStep, b, bStep, c, cRow, rows, k);
}

/** The same, added to C. */
export function addProduct(a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cRow: usize, rows: i32, k: i32): void {
  if (isWide()) add4(a, aRow, aStep, b, bStep, c, cRow, rows, k);
  else add2(a, aRow, aStep, b, bStep, c, cRow, rows, k);
}
