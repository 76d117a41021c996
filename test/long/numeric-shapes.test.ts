// 5,000 random shapes of all kernels against their scalar definitions, bit by bit, with both tiles: convolutions with strides, borders,
// dilations and groups, Winograd, norms, pools, reductions, products. KERNEL=conv2d chooses by the start of the name, SEED others.
// about 1 minute
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeInputs, openWasm } from "../kernels/harness.ts";
import { checkBits, layoutsFor } from "../kernels/scalar/compare.ts";
import { scalars } from "../kernels/scalar/index.ts";
import { drawsOf, randomSizes } from "../kernels/scalar/random-sizes.ts";

const SHAPES = 5000;
/** Kernels that take several paths through their sizes get more of the shapes. */
const SHARES: Readonly<Record<string, number>> = { gemm: 8, conv2d: 12 };

const shapes = suite("long/numeric-shapes");
const only = process.env["KERNEL"] ?? "";
const seed = Number(process.env["SEED"] ?? 1);
const chosen = scalars.filter(({ kernel }) => kernel.name.startsWith(only));
const shareOf = (name: string): number => SHARES[name.split("_")[0]] ?? 1;
const allShares = scalars.reduce((sum, { kernel }) => sum + shareOf(kernel.name), 0);
let tried = 0;
let calls = 0;

for (const [number, given] of chosen.entries()) {
  const { kernel } = given;
  const count = Math.ceil((SHAPES * shareOf(kernel.name)) / allShares);
  shapes(`${kernel.name} on ${count} shapes`, () => {
    const wasm = openWasm();
    const draw = drawsOf(seed * 1000 + number);
    const begin = performance.now();
    for (let i = 0; i < count; i++) {
      const numbers = randomSizes(kernel, draw);
      calls += checkBits(wasm, given, makeInputs(kernel, numbers, seed + i), numbers, layoutsFor(kernel, i));
      tried++;
    }
    const seconds = (performance.now() - begin) / 1000;
    if (seconds > 1) console.log(`${kernel.name}: ${count} shapes in ${seconds.toFixed(1)} s`);
  });
}

shapes("counts", () => {
  assert.ok(only !== "" || tried >= SHAPES);
  console.log(`\nshapes: ${tried} of ${chosen.length} kernels, ${calls} calls compared bit by bit with the scalar definitions`);
});

shapes.run();
