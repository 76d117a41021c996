// Every kernel against its scalar definition, bit by bit: on its samples in all layouts, at every length from 0 to 130 along each of its
// axes, with both tiles of matrix products. Guard words around buffers, inputs unchanged, outputs and scratch NaN before the call.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import { families } from "./families.ts";
import { loadFamily, makeInputs, openWasm } from "./harness.ts";
import { checkBits, layoutsFor } from "./scalar/compare.ts";
import { scalars } from "./scalar/index.ts";
import { sizesAt } from "./scalar/lengths.ts";

const LENGTHS = 130;

const scalar = suite("kernels/scalar");
const wasm = openWasm();
const only = process.env["KERNEL"];
const chosen = scalars.filter(({ kernel }) => only === undefined || kernel.name.startsWith(only));
/** Kernels that use the tile; the others are run once. */
const tilesOf = ({ name }: DefinedKernel): number[] => (/^(gemm|conv2d|attention)_/.test(name) ? [0, 1] : [0]);
let calls = 0;
let cases = 0;

scalar("every kernel has one scalar definition", async () => {
  const kernels = (await Promise.all(families.map(loadFamily))).flatMap((family) => family ?? []);
  assert.equal(scalars.map(({ kernel }) => kernel.name).sort(), kernels.map(({ name }) => name).sort());
});

for (const given of chosen) {
  const { kernel } = given;
  scalar(`${kernel.name} on its samples`, () => {
    kernel.samples.forEach((numbers, index) => {
      calls += checkBits(wasm, given, makeInputs(kernel, numbers, index + 1), numbers, layoutsFor(kernel, "all"), tilesOf(kernel));
      cases++;
    });
  });

  scalar(`${kernel.name} at every length`, () => {
    let turn = 0;
    for (let length = 0; length <= LENGTHS; length++) {
      for (const numbers of sizesAt(kernel, length)) {
        const inputs = makeInputs(kernel, numbers, 1000 + length);
        calls += checkBits(wasm, given, inputs, numbers, layoutsFor(kernel, turn++), tilesOf(kernel));
        cases++;
      }
    }
    assert.ok(turn > 60);
  });
}

scalar("the walk met every kernel", () => {
  assert.ok(only !== undefined || cases > 131 * scalars.length);
  console.log(
    `\nscalar definitions: ${chosen.length} kernels, ${cases} cases, ${calls} calls compared bit by bit, lengths 0 to ${LENGTHS}`,
  );
});

scalar.run();
