// What samples of normal deviates leave out: NaN, signed zeros and in-place calls of the elementwise kernels, and strided copies
// between random layouts.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as family from "../../ts/definitions/elementwise.ts";
import { stridedCopy } from "../../ts/kernels/elementwise.ts";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import { asKernel, makeInputs, openWasm, runKernel, sameBits } from "./harness.ts";

const elementwise = suite("kernels/elementwise");
const wasm = openWasm();

function run(kernel: unknown, inputs: Record<string, readonly number[]>, numbers: Record<string, number> = {}): number[] {
  const { order } = asKernel(kernel);
  const arrays = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, Float32Array.from(values)]));
  const length = Object.values(arrays)[0].length;
  return [...runKernel(wasm, asKernel(kernel), arrays, { length, ...numbers })[order[order.length - 1]]];
}

elementwise("NaN stays NaN, except in comparisons", () => {
  const a = [NaN, 1, NaN, 2, 3];
  const b = [1, NaN, NaN, 1, 5];
  assert.equal(run(family.maximum, { a, b }), [NaN, NaN, NaN, 2, 5]);
  assert.equal(run(family.minimum, { a, b }), [NaN, NaN, NaN, 1, 3]);
  assert.equal(run(family.greater, { a, b }), [0, 0, 0, 1, 0]);
  assert.equal(run(family.greaterEqual, { a, b }), [0, 0, 0, 1, 0]);
  assert.equal(run(family.equal, { a, b: a }), [0, 1, 0, 1, 1]);
  assert.equal(run(family.addRelu, { a, b }), [NaN, NaN, NaN, 3, 8]);
  const x = [NaN, -1, 0, 2, -Infinity, Infinity];
  assert.equal(run(family.relu, { x }), [NaN, 0, 0, 2, 0, Infinity]);
  assert.equal(run(family.sign, { x }), [NaN, -1, 0, 1, -1, 1]);
  assert.equal(run(family.clamp, { x }, { low: -0.5, high: 1.5 }), [NaN, -0.5, 0, 1.5, -0.5, 1.5]);
  assert.equal(run(family.sqrt, { x }), [NaN, NaN, 0, Math.fround(Math.SQRT2), NaN, Infinity]);
  assert.equal(run(family.reluBackward, { x, dy: [1, 2, 3, 4, 5, 6] }), [1, 0, 0, 4, 0, 6]);
  assert.equal(run(family.where, { condition: [0, -0, 1, NaN], a: [1, 2, 3, 4], b: [5, NaN, NaN, 8] }), [5, NaN, 3, 4]);
});

elementwise("the output may be any input", () => {
  for (const member of Object.values(family)) {
    if (typeof member !== "object") continue;
    const kernel: DefinedKernel = asKernel(member);
    if (!kernel.numbers.includes("length")) continue;
    const numbers = { length: 37, scale: 2, shift: 3, low: -1, high: 1 };
    const inputs = makeInputs(kernel, numbers, 5);
    const output = kernel.order[kernel.order.length - 1];
    const apart = runKernel(wasm, kernel, inputs, numbers)[output];
    for (const shared of kernel.order.filter((name) => kernel.buffers[name] === "in")) {
      if (kernel.buffers[output] === "inout") continue;
      const at = 65536;
      const offsets = kernel.order.map((_, i) => (at + i * 64) * 4);
      kernel.order.forEach((name, i) => wasm.floats.set(inputs[name] ?? [], offsets[i] / 4));
      offsets[offsets.length - 1] = offsets[kernel.order.indexOf(shared)];
      wasm.exports[kernel.name](...offsets, ...kernel.numbers.map((name) => numbers[name as keyof typeof numbers]));
      const start = offsets[offsets.length - 1] / 4;
      assert.ok(sameBits(wasm.floats.slice(start, start + 37), apart), `${kernel.name} into ${shared}`);
    }
  }
});

elementwise("strided copies between random layouts", () => {
  let state = 1;
  const below = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * n);
  };
  for (let round = 0; round < 3000; round++) {
    const rank = 1 + below(6);
    const sizes = Array.from({ length: rank }, () => 1 + below(rank < 4 ? 19 : 5));
    // x and y are each a permutation of the axes, with gaps; an axis of x may be broadcast or flipped.
    const layout = (): number[] => {
      const order = sizes.map((_, j) => j);
      for (let j = rank - 1; j > 0; j--) {
        const k = below(j + 1);
        [order[j], order[k]] = [order[k], order[j]];
      }
      const strides = new Array<number>(rank).fill(0);
      let step = below(4) === 0 ? 2 : 1;
      for (const j of order) {
        strides[j] = step;
        step *= sizes[j] + (below(3) === 0 ? 1 : 0);
      }
      return strides;
    };
    const yStrides = layout();
    let xOffset = below(5);
    const xStrides = layout().map((stride, j) => {
      if (below(6) === 0) return 0;
      if (below(6) !== 0) return stride;
      xOffset += stride * (sizes[j] - 1);
      return -stride;
    });
    const numbers = stridedCopy(sizes, xStrides, yStrides, xOffset, below(5));
    const inputs = makeInputs(asKernel(family.copyStrided), numbers, round + 1);
    const y = Float64Array.from(inputs.y);
    family.copyStrided.define({ x: Float64Array.from(inputs.x), y }, numbers);
    const output = runKernel(wasm, asKernel(family.copyStrided), inputs, numbers).y;
    assert.ok(sameBits(output, Float32Array.from(y)), JSON.stringify({ sizes, xStrides, yStrides }));
  }
});

elementwise.run();
