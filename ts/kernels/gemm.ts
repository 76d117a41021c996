// Matrix products C = A B + bias, row-major. An element is bias + sum over k, formed block by block of 256 in ascending k:
// ((bias + block 0) + block 1) + ..., whatever m and n are.

import { kernel } from "./kernel.ts";
import type { Numbers } from "./kernel.ts";

const numbers = ["m", "n", "k"] as const;

type Sizes = Numbers<typeof numbers>;

const panels = (width: number, most: number): number => Math.min(Math.ceil(width / 16) * 16, most);

/** Plan, spare tile, bias panel and alignment, then one block of B in panels of 16 columns. */
const scratch = ({ n, k }: Sizes): number => 128 + panels(n, 512) * Math.min(k, 256);

/** The same, and one block of A. */
const scratchTn = ({ m, n, k }: Sizes): number => 128 + (panels(n, 512) + (n > 32 ? panels(m, 64) : 0)) * Math.min(k, 256);

const samples: readonly Sizes[] = [
  { m: 0, n: 4, k: 4 },
  { m: 4, n: 0, k: 4 },
  { m: 3, n: 5, k: 0 },
  { m: 1, n: 1, k: 1 },
  { m: 2, n: 16, k: 4 },
  { m: 1, n: 15, k: 3 },
  { m: 3, n: 17, k: 5 },
  { m: 4, n: 32, k: 8 },
  { m: 5, n: 33, k: 7 },
  { m: 13, n: 10, k: 64 },
  { m: 7, n: 3, k: 255 },
  { m: 8, n: 16, k: 256 },
  { m: 9, n: 18, k: 257 },
  { m: 66, n: 20, k: 30 },
  { m: 65, n: 31, k: 515 },
  { m: 3, n: 530, k: 12 },
  { m: 83, n: 49, k: 270 },
];

function define(
  a: Float64Array,
  b: Float64Array,
  bias: Float64Array | null,
  c: Float64Array,
  { m, n, k }: Sizes,
  [aRow, aColumn]: readonly [number, number],
  [bRow, bColumn]: readonly [number, number],
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = bias === null ? 0 : bias[j];
      for (let l = 0; l < k; l++) sum += a[i * aRow + l * aColumn] * b[l * bRow + j * bColumn];
      c[i * n + j] = sum;
    }
  }
}

const buffers = { a: "in", b: "in", bias: "in?", c: "out" } as const;
const lengths = ({ m, n, k }: Sizes) => ({ a: m * k, b: k * n, bias: n, c: m * n });
const terms = ({ k }: Sizes): number => k + 1;

/** C[m,n] = A[m,k] B[k,n] + bias[n]. */
export const gemmNn = /* @__PURE__ */ kernel({
  name: "gemm_nn_f32",
  buffers,
  numbers,
  lengths,
  scratch,
  samples,
  terms,
  define: ({ a, b, bias, c }, sizes) => define(a, b, bias, c, sizes, [sizes.k, 1], [sizes.n, 1]),
});

/** C[m,n] = A[k,m]^T B[k,n] + bias[n]. */
export const gemmTn = /* @__PURE__ */ kernel({
  name: "gemm_tn_f32",
  buffers,
  numbers,
  lengths,
  scratch: scratchTn,
  samples,
  terms,
  define: ({ a, b, bias, c }, sizes) => define(a, b, bias, c, sizes, [1, sizes.m], [sizes.n, 1]),
});

/** C[m,n] = A[m,k] B[n,k]^T + bias[n]. */
export const gemmNt = /* @__PURE__ */ kernel({
  name: "gemm_nt_f32",
  buffers,
  numbers,
  lengths,
  scratch,
  samples,
  terms,
  define: ({ a, b, bias, c }, sizes) => define(a, b, bias, c, sizes, [sizes.k, 1], [1, sizes.k]),
});
