// What the kernels of ts/kernels/gemm.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/gemm.ts";
import type { Sizes } from "../kernels/gemm.ts";
import { defined } from "./definition.ts";

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

const terms = ({ k }: Sizes): number => k + 1;

export const gemmNn = /* @__PURE__ */ defined(kernels.gemmNn, {
  samples,
  terms,
  define: ({ a, b, bias, c }, sizes) => define(a, b, bias, c, sizes, [sizes.k, 1], [sizes.n, 1]),
});

export const gemmTn = /* @__PURE__ */ defined(kernels.gemmTn, {
  samples,
  terms,
  define: ({ a, b, bias, c }, sizes) => define(a, b, bias, c, sizes, [1, sizes.m], [sizes.n, 1]),
});

export const gemmNt = /* @__PURE__ */ defined(kernels.gemmNt, {
  samples,
  terms,
  define: ({ a, b, bias, c }, sizes) => define(a, b, bias, c, sizes, [sizes.k, 1], [1, sizes.k]),
});
