// Convolutions: an image's output and input gradient have the same bits alone and in a batch; the weight gradient takes its images
// in order; 1x1 convolutions of up to 256 channels are matrix products.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ConvSizes } from "../../ts/kernels/conv.ts";
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from "../../ts/definitions/conv.ts";
import { gemmNn } from "../../ts/definitions/gemm.ts";
import { asKernel, makeInputs, openWasm, runKernel, sameBits } from "./harness.ts";

const conv = suite("kernels/conv");
const wasm = openWasm();
const forward = asKernel(conv2d);
const inputGradient = asKernel(conv2dInputGradient);
const weightGradient = asKernel(conv2dWeightGradient);

const base: ConvSizes = {
  ...{ n: 5, h: 8, w: 8, c: 16, k: 16, r: 3, s: 3 },
  ...{ strideH: 1, strideW: 1, padH: 1, padW: 1, dilationH: 1, dilationW: 1, groups: 1 },
};

const shapes: readonly ConvSizes[] = [
  base,
  { ...base, h: 7, w: 5, c: 3, k: 10 },
  { ...base, h: 17, w: 17, c: 40, k: 20, strideH: 2, strideW: 2 },
  { ...base, h: 4, w: 4, c: 33, k: 48, n: 20 },
  { ...base, h: 1, w: 1, c: 5, k: 7, r: 1, s: 1, padH: 0, padW: 0, n: 300 },
  { ...base, c: 12, k: 24, groups: 3, dilationH: 2 },
  { ...base, c: 6, k: 6, groups: 6 },
];

const image = (batch: Float32Array, n: number, at: number): Float32Array =>
  batch.slice((at * batch.length) / n, ((at + 1) * batch.length) / n);

conv("an image alone has the bits that it has in a batch", () => {
  for (const sizes of shapes) {
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

conv("a channel's weight gradient does not depend on the other channels", () => {
  const sizes = { ...base, h: 11, w: 13, c: 5, k: 21 };
  const inputs = makeInputs(weightGradient, sizes, 4);
  const all = runKernel(wasm, weightGradient, inputs, sizes)["dfilter"];
  for (const channel of [0, 7, 15, 16, 20]) {
    const dy = inputs["dy"].filter((_, i) => i % 21 === channel);
    const alone = runKernel(wasm, weightGradient, { ...inputs, dy }, { ...sizes, k: 1 })["dfilter"];
    assert.ok(
      sameBits(
        alone,
        all.filter((_, i) => i % 21 === channel),
      ),
      `channel ${channel}`,
    );
  }
});

conv("a batch followed by images of zeros has the same weight gradient", () => {
  for (const sizes of shapes) {
    const inputs = makeInputs(weightGradient, sizes, 6);
    const short = runKernel(wasm, weightGradient, inputs, sizes)["dfilter"];
    const grow = (values: Float32Array): Float32Array => {
      const longer = new Float32Array((values.length / sizes.n) * (sizes.n + 3));
      longer.set(values);
      return longer;
    };
    const long = { x: grow(inputs["x"]), dy: grow(inputs["dy"]) };
    const longer = runKernel(wasm, weightGradient, long, { ...sizes, n: sizes.n + 3 })["dfilter"];
    assert.ok(sameBits(longer, short), JSON.stringify(sizes));
  }
});

conv("a 1x1 convolution of up to 256 channels has the bits of the matrix product", () => {
  const sizes = { ...base, c: 70, k: 34, r: 1, s: 1, padH: 0, padW: 0 };
  const { x, filter, bias } = makeInputs(forward, sizes, 8);
  const { y } = runKernel(wasm, forward, { x, filter, bias }, sizes);
  const product = runKernel(wasm, asKernel(gemmNn), { a: x, b: filter, bias }, { m: 5 * 64, n: 34, k: 70 });
  assert.ok(sameBits(product["c"], y));
});

conv.run();
