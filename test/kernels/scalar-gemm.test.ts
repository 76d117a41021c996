// Matrix products of every m, n and k from 1 to 17, in each form, with and without a bias, with both tiles, and where sums and panels are cut:
// the bits of the scalar definition.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeInputs, openWasm } from "./harness.ts";
import { checkBits, layoutsFor } from "./scalar/compare.ts";
import { gemm as forms } from "./scalar/gemm.ts";

const gemm = suite("kernels/scalar-gemm");
const wasm = openWasm();
const LARGEST = 17;
let calls = 0;
let shapes = 0;

for (const given of forms) {
  const { kernel } = given;

  gemm(`${kernel.name}: every size from 1 to ${LARGEST}`, () => {
    for (let m = 1; m <= LARGEST; m++)
      for (let n = 1; n <= LARGEST; n++)
        for (let k = 1; k <= LARGEST; k++) {
          const numbers = { m, n, k };
          const inputs = makeInputs(kernel, numbers, (m * 18 + n) * 18 + k);
          const [aligned, bare, ...ends] = layoutsFor(kernel, "all");
          assert.ok(aligned.withOptional && !bare.withOptional);
          const layouts = [(m + n + k) % 2 === 0 ? aligned : ends[(m + 3 * n + 7 * k) % ends.length], bare];
          calls += checkBits(wasm, given, inputs, numbers, layouts);
          shapes++;
        }
  });

  gemm(`${kernel.name}: around its blocks`, () => {
    for (const m of [1, 8, 9, 63, 64, 65])
      for (const n of [16, 33, 511, 512, 513])
        for (const k of [255, 256, 257, 513]) {
          if (m * n > 20000 && k > 256) continue;
          const inputs = makeInputs(kernel, { m, n, k }, m + n + k);
          calls += checkBits(wasm, given, inputs, { m, n, k }, layoutsFor(kernel, m + n + k));
          shapes++;
        }
  });
}

gemm("counts", () => {
  assert.ok(shapes > 3 * LARGEST ** 3);
  console.log(
    `\nmatrix products: ${shapes} shapes of ${forms.length} forms, ${calls} calls compared bit by bit with the scalar definition`,
  );
});

gemm.run();
