// Pooling: ties, NaN and windows in the padding; gradients are the adjoints; an image or channel alone has the same bits.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import {
  averagePool2d,
  averagePool2dBackward,
  globalAveragePool,
  globalAveragePoolBackward,
  maxPool2d,
  maxPool2dBackward,
} from "../../ts/definitions/pool.ts";
import { asKernel, type Contents, makeInputs, normals, openWasm, runKernel, sameBits, type Sizes } from "./harness.ts";

const pool = suite("kernels/pool");
const wasm = openWasm();
const run = (kernel: unknown, inputs: Contents, numbers: Sizes): Record<string, Float32Array> =>
  runKernel(wasm, asKernel(kernel), inputs, numbers);

function gaussian(length: number, seed: number): Float32Array {
  const next = normals(seed);
  return Float32Array.from({ length }, next);
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** One 2x2 window over each of `c` equal channels. */
function oneWindow(values: readonly number[], c: number): { y: number; index: number } {
  const x = Float32Array.from({ length: 4 * c }, (_, i) => values[Math.floor(i / c)]);
  const { y, index } = run(maxPool2d, { x }, { n: 1, h: 2, w: 2, c, size: 2, stride: 2, padding: 0 });
  assert.ok(
    y.every((value) => Object.is(value, y[0])),
    "channels differ",
  );
  assert.ok(index.every((value) => value === index[0]));
  return { y: y[0], index: index[0] };
}

pool("the first of equal values is chosen, NaN before all, the first NaN before others", () => {
  for (const c of [1, 4, 19, 32]) {
    assert.equal(oneWindow([1, 3, 3, 2], c), { y: 3, index: 1 });
    assert.equal(oneWindow([5, 5, 5, 5], c), { y: 5, index: 0 });
    assert.equal(oneWindow([-0, 0, 0, -1], c), { y: -0, index: 0 });
    assert.equal(oneWindow([-Infinity, -Infinity, -Infinity, -Infinity], c), { y: -Infinity, index: 0 });
    assert.equal(oneWindow([1, NaN, 9, NaN], c), { y: NaN, index: 1 });
    assert.equal(oneWindow([NaN, 1, Infinity, 2], c), { y: NaN, index: 0 });
    assert.equal(oneWindow([1, 2, 3, NaN], c), { y: NaN, index: 3 });
  }
});

pool("padding is never chosen, and a window in the padding alone gives -Infinity and passes nothing back", () => {
  for (const c of [1, 16, 21]) {
    const padded = { n: 1, h: 3, w: 3, c, size: 3, stride: 2, padding: 1 };
    const x = gaussian(9 * c, c).map((value) => -10 - Math.abs(value));
    const { y } = run(maxPool2d, { x }, padded);
    assert.ok(y.every((value) => value <= -10));
    const outside = { n: 1, h: 1, w: 2, c, size: 1, stride: 1, padding: 1 };
    const z = gaussian(2 * c, c);
    const { y: far, index } = run(maxPool2d, { x: z }, outside);
    for (let at = 0; at < 12; at++) {
      const inside = at === 5 || at === 6;
      for (let j = 0; j < c; j++) {
        assert.is(far[at * c + j], inside ? z[(at - 5) * c + j] : -Infinity);
        assert.is(index[at * c + j], inside ? 0 : -1);
      }
    }
    const { dx } = run(maxPool2dBackward, { index, dy: new Float32Array(12 * c).fill(3) }, outside);
    assert.ok(dx.every((value) => value === 3));
  }
});

const windows: readonly Sizes[] = [
  { n: 3, h: 8, w: 6, c: 16, size: 2, stride: 2, padding: 0 },
  { n: 2, h: 9, w: 7, c: 37, size: 3, stride: 2, padding: 1 },
  { n: 2, h: 5, w: 6, c: 5, size: 3, stride: 1, padding: 1 },
  { n: 2, h: 7, w: 7, c: 20, size: 2, stride: 3, padding: 0 },
];

pool("the gradient of the mean is its adjoint", () => {
  for (const numbers of windows) {
    const x = makeInputs(asKernel(averagePool2d), numbers, 1)["x"];
    const { y } = run(averagePool2d, { x }, numbers);
    const dy = gaussian(y.length, 2);
    const { dx } = run(averagePool2dBackward, { dy }, numbers);
    assert.ok(Math.abs(dot(y, dy) - dot(x, dx)) < 1e-5 * Math.sqrt(dot(y, y) * dot(dy, dy)), JSON.stringify(numbers));
  }
  const numbers = { n: 3, pixels: 70, c: 18 };
  const x = gaussian(3 * 70 * 18, 3);
  const { y } = run(globalAveragePool, { x }, numbers);
  const dy = gaussian(y.length, 4);
  const { dx } = run(globalAveragePoolBackward, { dy }, numbers);
  assert.ok(Math.abs(dot(y, dy) - dot(x, dx)) < 1e-5 * Math.sqrt(dot(y, y) * dot(dy, dy)));
});

pool("the gradient of the maximum goes where the maximum came from", () => {
  for (const numbers of windows) {
    const x = makeInputs(asKernel(maxPool2d), numbers, 5)["x"];
    const { y, index } = run(maxPool2d, { x }, numbers);
    const dy = gaussian(y.length, 6);
    const { dx } = run(maxPool2dBackward, { index, dy }, numbers);
    // A maximum is linear in the values it chose.
    assert.ok(Math.abs(dot(y, dy) - dot(x, dx)) < 1e-5 * Math.sqrt(dot(y, y) * dot(dy, dy)), JSON.stringify(numbers));
    const chosen = new Set(y);
    dx.forEach((value, i) => assert.ok(value === 0 || chosen.has(x[i]), `element ${i}`));
  }
});

for (const kernel of [maxPool2d, averagePool2d, averagePool2dBackward, maxPool2dBackward].map(asKernel)) {
  pool(`${kernel.name}: an image alone and a channel alone have the same bits`, () => {
    for (const numbers of windows) checkParts(kernel, numbers);
  });
}

for (const kernel of [globalAveragePool, globalAveragePoolBackward].map(asKernel)) {
  pool(`${kernel.name}: an image alone and a channel alone have the same bits`, () => {
    for (const c of [3, 16, 37]) checkParts(kernel, { n: 3, pixels: 130, c });
  });
}

function checkParts(kernel: DefinedKernel, numbers: Sizes): void {
  const { n, c } = numbers as { n: number; c: number };
  const inputs = makeInputs(kernel, numbers, 9);
  const all = run(kernel, inputs, numbers);
  const select = (pick: (values: Float32Array) => Float32Array): Record<string, Float32Array> =>
    Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, pick(values)]));
  for (let i = 0; i < n; i++) {
    const image = (values: Float32Array): Float32Array => values.slice((i * values.length) / n, ((i + 1) * values.length) / n);
    const alone = run(kernel, select(image), { ...numbers, n: 1 });
    for (const [name, values] of Object.entries(all)) assert.ok(sameBits(alone[name], image(values)), `${name}, image ${i}`);
  }
  for (const j of [0, c >> 1, c - 1]) {
    const channel = (values: Float32Array): Float32Array => values.filter((_, i) => i % c === j);
    const alone = run(kernel, select(channel), { ...numbers, c: 1 });
    for (const [name, values] of Object.entries(all)) assert.ok(sameBits(alone[name], channel(values)), `${name}, channel ${j}`);
  }
}

pool("the mean of equal values is that value", () => {
  const numbers = { n: 2, pixels: 1000, c: 6 };
  const { y } = run(globalAveragePool, { x: new Float32Array(12000).fill(0.1) }, numbers);
  assert.ok(y.every((value) => Math.abs(value - 0.1) < 1e-7));
});

pool.run();
