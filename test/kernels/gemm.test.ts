// The bits of a matrix product's row do not depend on the other rows, nor those of a column on the other columns.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gemmNn, gemmNt, gemmTn } from "../../ts/definitions/gemm.ts";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import { asKernel, makeInputs, openWasm, runKernel, sameBits } from "./harness.ts";

const gemm = suite("kernels/gemm");
const wasm = openWasm();

const forms: readonly { kernel: DefinedKernel; aByRow: boolean; bByRow: boolean }[] = [
  { kernel: asKernel(gemmNn), aByRow: true, bByRow: true },
  { kernel: asKernel(gemmTn), aByRow: false, bByRow: true },
  { kernel: asKernel(gemmNt), aByRow: true, bByRow: false },
];

/** Column `at` of a [rows, columns] matrix. */
const column = (matrix: Float32Array, columns: number, at: number): Float32Array => matrix.filter((_, i) => i % columns === at);

const row = (matrix: Float32Array, columns: number, at: number): Float32Array => matrix.slice(at * columns, (at + 1) * columns);

for (const { kernel, aByRow, bByRow } of forms) {
  gemm(`${kernel.name}: a row alone and a column alone have the same bits`, () => {
    for (const [m, n, k] of [
      [67, 37, 519],
      [5, 10, 64],
      [3, 530, 40],
    ]) {
      const inputs = makeInputs(kernel, { m, n, k }, m);
      const { c } = runKernel(wasm, kernel, inputs, { m, n, k });
      for (const i of [0, 1, m >> 1, m - 1]) {
        const a = aByRow ? row(inputs["a"], k, i) : column(inputs["a"], m, i);
        const alone = runKernel(wasm, kernel, { ...inputs, a }, { m: 1, n, k });
        assert.ok(sameBits(alone["c"], row(c, n, i)), `row ${i} of ${m}`);
      }
      for (const j of [0, 3, 15, 16, n - 1].filter((j) => j < n)) {
        const b = bByRow ? column(inputs["b"], n, j) : row(inputs["b"], k, j);
        const bias = inputs["bias"].slice(j, j + 1);
        const alone = runKernel(wasm, kernel, { ...inputs, b, bias }, { m, n: 1, k });
        assert.ok(sameBits(alone["c"], column(c, n, j)), `column ${j} of ${n}`);
      }
    }
  });
}

gemm("the forms of one product have the same bits", () => {
  const sizes = { m: 21, n: 35, k: 300 };
  const inputs = makeInputs(forms[0].kernel, sizes, 5);
  const { m, n, k } = sizes;
  const transpose = (matrix: Float32Array, rows: number, columns: number): Float32Array =>
    matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
  const nn = runKernel(wasm, forms[0].kernel, inputs, sizes)["c"];
  const tn = runKernel(wasm, forms[1].kernel, { ...inputs, a: transpose(inputs["a"], m, k) }, sizes)["c"];
  const nt = runKernel(wasm, forms[2].kernel, { ...inputs, b: transpose(inputs["b"], k, n) }, sizes)["c"];
  assert.ok(sameBits(tn, nn));
  assert.ok(sameBits(nt, nn));
});

gemm.run();
