// Matrix products C = A B + bias. B goes into panels of 16 columns block by block (256 of k, 512 of n), A is read in place.
// An element is ((bias + block 0) + block 1) + ..., each block a sum in ascending k: neither m nor n changes its bits.

import { aligned, packColumns, packRows, packVector, padded16 } from "./pack";
import { contract, PLAN, planCount, planRows, planSum } from "./tile";

const KC: i32 = 256;
const NC: i32 = 512;
const MC: i32 = 64;

/** Rows of C from which on B is packed, unless it is transposed. */
const PACKED: i32 = 9;

/** C = A B + bias. A is [k, m] where `aTransposed`, B is [n, k] where `bTransposed`. */
function gemm(
  a: usize,
  b: usize,
  bias: usize,
  c: usize,
  scratch: usize,
  m: i32,
  n: i32,
  k: i32,
  aTransposed: bool,
  bTransposed: bool,
): void {
  if (m <= 0 || n <= 0) return;
  const plan = aligned(scratch);
  const start = plan + PLAN;
  const panels = start + 64;
  const cRow = (<usize>n) << 2;
  const bRow = (<usize>(bTransposed ? k : n)) << 2;
  const aRow = (<usize>(aTransposed ? m : k)) << 2;
  const isPacked = bTransposed || m >= PACKED;
  const aPanels = panels + ((<usize>(min(padded16(n), NC) * min(k, KC))) << 2);
  for (let nb = 0; nb < n; nb += NC) {
    const nEnd = min(nb + NC, n);
    let kb = 0;
    do {
      const kc = min(k - kb, KC);
      const panel = (<usize>kc) << 6;
      const bBlock = bTransposed ? b + ((<usize>kb) << 2) : b + <usize>kb * bRow;
      for (let j = nb; j < nEnd; j += 16) {
        const to = panels + ((<usize>(j - nb)) >> 4) * panel;
        const width = min(n - j, 16);
        if (bTransposed) packColumns(to, bBlock + <usize>j * bRow, kc, width, bRow);
        else if (isPacked || width < 16) packRows(to, bBlock + ((<usize>j) << 2), kc, width, bRow);
      }
      for (let mb = 0; mb < m; mb += MC) {
        const mc = min(m - mb, MC);
        const aRows = <usize>mb * (aTransposed ? 4 : aRow);
        let aBlock = a + aRows + <usize>kb * (aTransposed ? aRow : 4);
        let aColumn = aTransposed ? aRow : 4;
        if (aTransposed && n > 32) {
          // Columns of A a power of two apart would fall on the same cache lines: they too go into panels.
          for (let i = 0; i < mc; i += 16) {
            packRows(aPanels + ((<usize>i) >> 4) * panel, aBlock + ((<usize>i) << 2), kc, min(mc - i, 16), aRow);
          }
          aBlock = aPanels;
          aColumn = 64;
          planRows(plan, 1, (mc + 15) >> 4, 16, 0, panel, 4, 0, cRow << 4, cRow);
          planCount(plan, mc);
        } else {
          planRows(plan, 1, 1, mc, 0, 0, aTransposed ? 4 : aRow, 0, 0, cRow);
        }
        const cBlock = c + <usize>mb * cRow;
        for (let j = nb; j < nEnd; j += 16) {
          const width = min(n - j, 16);
          if (kb == 0) packVector(start, bias ? bias + ((<usize>j) << 2) : 0, 1, width);
          let from = panels + ((<usize>(j - nb)) >> 4) * panel;
          let bStep: usize = 64;
          if (!isPacked && width == 16) {
            from = bBlock + ((<usize>j) << 2);
            bStep = bRow;
          }
          planSum(plan, 1, 1, kc, 0, 0, aColumn, bStep);
          contract(plan, aBlock, from, kb == 0 ? start : 0, cBlock + ((<usize>j) << 2), width);
        }
      }
      kb += KC;
    } while (kb < k);
  }
}

/** C[m,n] = A[m,k] B[k,n] + bias[n]. */
export function gemm_nn_f32(a: usize, b: usize, bias: usize, c: usize, scratch: usize, m: i32, n: i32, k: i32): void {
  gemm(a, b, bias, c, scratch, m, n, k, false, false);
}

/** C[m,n] = A[k,m]^T B[k,n] + bias[n]. */
export function gemm_tn_f32(a: usize, b: usize, bias: usize, c: usize, scratch: usize, m: i32, n: i32, k: i32): void {
  gemm(a, b, bias, c, scratch, m, n, k, true, false);
}

/** C[m,n] = A[m,k] B[n,k]^T + bias[n]. */
export function gemm_nt_f32(a: usize, b: usize, bias: usize, c: usize, scratch: usize, m: i32, n: i32, k: i32): void {
  gemm(a, b, bias, c, scratch, m, n, k, false, true);
}
