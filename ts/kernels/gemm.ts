// Matrix products C = A B + bias, row-major. An element is bias + sum over k, formed block by block of 256 in ascending k:
// ((bias + block 0) + block 1) + ..., whatever m and n are.
import { kernel, type Numbers } from "./kernel.ts";

const numbers = ["m", "n", "k"] as const;

export type Sizes = Numbers<typeof numbers>;

const panels = (width: number, most: number): number => Math.min(Math.ceil(width / 16) * 16, most);

/** Plan, spare tile, bias panel and alignment, then one block of B in panels of 16 columns. */
const scratch = ({ n, k }: Sizes): number => 128 + panels(n, 512) * Math.min(k, 256);

/** The same, and one block of A. */
const scratchTn = ({ m, n, k }: Sizes): number => 128 + (panels(n, 512) + (n > 32 ? panels(m, 64) : 0)) * Math.min(k, 256);

const buffers = { a: "in", b: "in", bias: "in?", c: "out" } as const;

const lengths = ({ m, n, k }: Sizes) => ({ a: m * k, b: k * n, bias: n, c: m * n });

/** C[m,n] = A[m,k] B[k,n] + bias[n]. */
export const gemmNn = /* @__PURE__ */ kernel({
  name: "gemm_nn_f32",
  buffers,
  numbers,
  lengths,
  scratch,
});

/** C[m,n] = A[k,m]^T B[k,n] + bias[n]. */
export const gemmTn = /* @__PURE__ */ kernel({
  name: "gemm_tn_f32",
  buffers,
  numbers,
  lengths,
  scratch: scratchTn,
});

/** C[m,n] = A[m,k] B[n,k]^T + bias[n]. */
export const gemmNt = /* @__PURE__ */ kernel({
  name: "gemm_nt_f32",
  buffers,
  numbers,
  lengths,
  scratch,
});
