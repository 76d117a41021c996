// Winograd's convolution: an image has the same bits alone and in a batch, tiles of two and four rows give the same bits, the error is what
// the documentation states, and the table gives each layer to one algorithm whatever the batch.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { usesWinograd } from "../../ts/autograd/ops/convolution-table.ts";
import { conv2d, conv2dWeightGradient } from "../../ts/definitions/conv.ts";
import { conv2dWinograd, conv2dWinogradInputGradient, conv2dWinogradWeightGradient } from "../../ts/definitions/winograd.ts";
import { asKernel, makeInputs, openWasm, runKernel, sameBits } from "./harness.ts";

const winograd = suite("kernels/winograd");
const wasm = openWasm();
const forward = asKernel(conv2dWinograd);
const inputGradient = asKernel(conv2dWinogradInputGradient);
const weightGradient = asKernel(conv2dWinogradWeightGradient);
const unit = { r: 3, s: 3, strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 };
/** Word 17 of the memory chooses the tile. */
const WIDE = 17;

const image = (batch: Float32Array, n: number, at: number): Float32Array =>
  batch.slice((at * batch.length) / n, ((at + 1) * batch.length) / n);

winograd("an image alone has the bits that it has in a batch", () => {
  for (const sizes of [
    { n: 7, h: 8, w: 8, c: 16, k: 32 },
    { n: 9, h: 6, w: 7, c: 32, k: 16 },
    { n: 3, h: 21, w: 13, c: 16, k: 16 },
  ]) {
    for (const [kernel, input, output] of [
      [forward, "x", "y"],
      [inputGradient, "dy", "dx"],
    ] as const) {
      const inputs = makeInputs(kernel, sizes, 3);
      const batch = runKernel(wasm, kernel, inputs, sizes)[output];
      for (const at of [0, 1, sizes.n - 1]) {
        const one = { ...inputs, [input]: image(inputs[input], sizes.n, at) };
        const alone = runKernel(wasm, kernel, one, { ...sizes, n: 1 })[output];
        assert.ok(sameBits(alone, image(batch, sizes.n, at)), `${kernel.name}, image ${at} of ${JSON.stringify(sizes)}`);
      }
    }
  }
});

winograd("tiles of two and of four rows give the same bits", () => {
  for (const kernel of [forward, inputGradient, weightGradient]) {
    for (const sizes of [
      { n: 3, h: 8, w: 8, c: 64, k: 32 },
      { n: 2, h: 9, w: 11, c: 16, k: 48 },
    ]) {
      const inputs = makeInputs(kernel, sizes, 5);
      const output = kernel.order[kernel.order.length - 1];
      const plain = runKernel(wasm, kernel, inputs, sizes)[output];
      wasm.words[WIDE] = 1;
      const wide = runKernel(wasm, kernel, inputs, sizes)[output];
      wasm.words[WIDE] = 0;
      assert.ok(sameBits(plain, wide), `${kernel.name} ${JSON.stringify(sizes)}`);
    }
  }
});

/** Largest error of an output against its float64 definition, relative to the largest value. */
function errorOf(kernel: ReturnType<typeof asKernel>, sizes: Readonly<Record<string, number>>): number {
  const inputs: Record<string, Float32Array | null> = makeInputs(kernel, sizes, 11);
  if ("bias" in inputs) inputs["bias"] = null;
  const output = kernel.order[kernel.order.length - 1];
  const got = runKernel(wasm, kernel, inputs, sizes)[output];
  const buffers: Record<string, Float64Array | null> = {};
  for (const name of kernel.order) {
    const input = inputs[name];
    buffers[name] = name === output ? new Float64Array(got.length) : input && Float64Array.from(input);
  }
  kernel.define(buffers as Parameters<typeof kernel.define>[0], sizes);
  const wanted = buffers[output]!;
  let scale = 0;
  let error = 0;
  wanted.forEach((value, index) => {
    scale = Math.max(scale, Math.abs(value));
    error = Math.max(error, Math.abs(value - got[index]));
  });
  return error / scale;
}

winograd("the error is at most 1e-5 of the largest value, and more than that of a direct convolution", () => {
  const sizes = { n: 2, h: 16, w: 16, c: 32, k: 32 };
  const direct = errorOf(asKernel(conv2d), { ...sizes, ...unit });
  const found = errorOf(forward, sizes);
  assert.ok(found < 1e-5 && found > direct, `forward ${found}, direct ${direct}`);
  assert.ok(errorOf(inputGradient, sizes) < 1e-5);
  const directWeight = errorOf(asKernel(conv2dWeightGradient), { ...sizes, ...unit });
  const weight = errorOf(weightGradient, sizes);
  assert.ok(weight < 3e-5 && weight > directWeight, `weight gradient ${weight}, direct ${directWeight}`);
});

winograd("the table looks at the layer, not at the batch", () => {
  const layer = { ...unit, n: 128, h: 32, w: 32, c: 16, k: 16 };
  for (const pass of ["forward", "inputGradient", "weightGradient"] as const) {
    for (const n of [0, 1, 5, 128]) assert.is(usesWinograd({ ...layer, n }, pass), true);
    for (const other of [
      { strideH: 2, strideW: 2 },
      { padH: 0 },
      { padW: 2 },
      { dilationW: 2 },
      { groups: 2 },
      { r: 1, s: 1, padH: 0, padW: 0 },
      { c: 3 },
      { k: 20 },
      { h: 5, w: 5 },
      { h: 3 },
      { c: 1024 },
    ])
      assert.is(usesWinograd({ ...layer, ...other }, pass), false, `${pass} ${JSON.stringify(other)}`);
  }
  const last = { ...layer, h: 4, w: 4, c: 512, k: 512 };
  assert.is(usesWinograd(last, "forward"), true);
  assert.is(usesWinograd(last, "weightGradient"), false);
});

winograd.run();
