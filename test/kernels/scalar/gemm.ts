// Matrix products: an element is ((bias + block 0) + block 1) + ..., a block a sum of 256 products from 0 in ascending k.
import * as kernels from "../../../ts/definitions/gemm.ts";
import { f, scalar, type Floats, type Scalar } from "./scalar.ts";

const BLOCK = 256;

type Buffers = Floats<typeof kernels.gemmNn.buffers>;
type Steps = readonly [row: number, column: number];

function product(
  { a, b, bias, c }: Buffers,
  { m, n, k }: Readonly<Record<"m" | "n" | "k", number>>,
  [aRow, aColumn]: Steps,
  [bRow, bColumn]: Steps,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let element = bias === null ? 0 : bias[j];
      let from = 0;
      do {
        let sum = 0;
        for (let l = from; l < Math.min(from + BLOCK, k); l++) sum = f(sum + f(a[i * aRow + l * aColumn] * b[l * bRow + j * bColumn]));
        element = f(element + sum);
        from += BLOCK;
      } while (from < k);
      c[i * n + j] = element;
    }
  }
}

export const gemm: readonly Scalar[] = [
  scalar(kernels.gemmNn, (buffers, sizes) => product(buffers, sizes, [sizes.k, 1], [sizes.n, 1])),
  scalar(kernels.gemmTn, (buffers, sizes) => product(buffers, sizes, [1, sizes.m], [sizes.n, 1])),
  scalar(kernels.gemmNt, (buffers, sizes) => product(buffers, sizes, [sizes.k, 1], [1, sizes.k])),
];
