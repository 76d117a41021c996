// Matrix products C = A B + bias. B goes into panels of 16 columns block by block (256 of k, 1024 of n), A is read in place.
// An element is ((bias + block 0) + block 1) + ..., each block a sum in ascending k: neither m nor n changes its bits.

import { aligned, packColumns, packRows, packVector } from "./pack";
import { contract, PLAN, planRows, planSum } from "./tile";

const KC: i32 = 256;
const NC: i32 = 1024;
const MC: i32 = 64;

/** A[i, l] is at a + i aRow + l aColumn. B is [k, n], or [n, k] where `transposed`. */
function gemm(
  a: usize,
  b: usize,
  bias: usize,
  c: usize,
  scratch: usize,
  m: i32,
  n: i32,
  k: i32,
  aRow: usize,
  aColumn: usize,
  transposed: bool,
): void {
  if (m <= 0 || n <= 0) return;
  const plan = aligned(scratch);
  const start = plan + PLAN;
  const panels = start + 64;
  const cRow = (<usize>n) << 2;
  const bRow = (<usize>(transposed ? k : n)) << 2;
  for (let nb = 0; nb < n; nb += NC) {
    const nEnd = min(nb + NC, n);
    let kb = 0;
    do {
      const kc = min(k - kb, KC);
      const panel = (<usize>kc) << 6;
      for (let j = nb; j < nEnd; j += 16) {
        const to = panels + (<usize>(j - nb) >> 4) * panel;
        if (transposed) packColumns(to, b + <usize>j * bRow + ((<usize>kb) << 2), kc, min(n - j, 16), bRow);
        else packRows(to, b + <usize>kb * bRow + ((<usize>j) << 2), kc, min(n - j, 16), bRow);
      }
      planSum(plan, 1, 1, kc, 0, 0, aColumn);
      for (let mb = 0; mb < m; mb += MC) {
        planRows(plan, 1, 1, min(m - mb, MC), 0, 0, aRow, 0, 0, cRow);
        const aBlock = a + <usize>mb * aRow + <usize>kb * aColumn;
        const cBlock = c + <usize>mb * cRow;
        for (let j = nb; j < nEnd; j += 16) {
          const width = min(n - j, 16);
          if (kb == 0) packVector(start, bias ? bias + ((<usize>j) << 2) : 0, 1, width);
          const from = panels + (<usize>(j - nb) >> 4) * panel;
          contract(plan, aBlock, from, kb == 0 ? start : 0, cBlock + ((<usize>j) << 2), width);
        }
      }
      kb += KC;
    } while (kb < k);
  }
}

/** C[m,n] = A[m,k] B[k,n] + bias[n]. */
export function gemm_nn_f32(a: usize, b: usize, bias: usize, c: usize, scratch: usize, m: i32, n: i32, k: i32): void {
  gemm(a, b, bias, c, scratch, m, n, k, (<usize>k) << 2, 4, false);
}

/** C[m,n] = A[k,m]^T B[k,n] + bias[n]. */
export function gemm_tn_f32(a: usize, b: usize, bias: usize, c: usize, scratch: usize, m: i32, n: i32, k: i32): void {
  gemm(a, b, bias, c, scratch, m, n, k, 4, (<usize>m) << 2, false);
}

/** C[m,n] = A[m,k] B[n,k]^T + bias[n]. */
export function gemm_nt_f32(a: usize, b: usize, bias: usize, c: usize, scratch: usize, m: i32, n: i32, k: i32): void {
  gemm(a, b, bias, c, scratch, m, n, k, (<usize>k) << 2, 4, true);
}
