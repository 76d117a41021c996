// The order of the sums as assembly/simd/reduce.ts states it, emulated number by number: equal bits. NaN, ties and infinities.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as family from "../../ts/definitions/reduce.ts";
import { asKernel, normals, openWasm, runKernel, sameBits } from "./harness.ts";

const reduce = suite("kernels/reduce");
const wasm = openWasm();

function deviates(length: number, seed: number): Float32Array {
  const next = normals(seed);
  return Float32Array.from({ length }, () => next());
}

function run(kernel: unknown, inputs: Record<string, Float32Array>, numbers: Record<string, number>): Float32Array {
  const { order } = asKernel(kernel);
  return runKernel(wasm, asKernel(kernel), inputs, numbers)[order[order.length - 1]];
}

const add = (a: number, b: number): number => Math.fround(a + b);

/** Sixteen numbers by (v0 + v1) + (v2 + v3) and (l0 + l2) + (l1 + l3). */
function join(lanes: readonly number[]): number {
  const l = [0, 1, 2, 3].map((j) => add(add(lanes[j], lanes[4 + j]), add(lanes[8 + j], lanes[12 + j])));
  return add(add(l[0], l[2]), add(l[1], l[3]));
}

function rowSum(x: Float32Array): number {
  const totals = new Array<number>(16).fill(0);
  for (let from = 0; from < x.length; from += 2048) {
    const lanes = new Array<number>(16).fill(0);
    for (let j = from; j < Math.min(from + 2048, x.length); j++) lanes[j % 16] = add(lanes[j % 16], x[j]);
    lanes.forEach((lane, i) => (totals[i] = add(totals[i], lane)));
  }
  return join(totals);
}

function columnSum(x: Float32Array): number {
  let total = 0;
  for (let from = 0; from < x.length; from += 128) {
    let sum = 0;
    for (const value of x.subarray(from, from + 128)) sum = add(sum, value);
    total = add(total, sum);
  }
  return total;
}

/** By definition of the tree: pairs (i, i + k) for k = 1, 2, 4, ... */
function treeSum(parts: readonly number[]): number {
  const sums = [...parts];
  for (let k = 1; k < sums.length; k *= 2) for (let i = 0; i + k < sums.length; i += 2 * k) sums[i] = add(sums[i], sums[i + k]);
  return sums[0];
}

function sumOfSquares(x: Float32Array): number {
  const lanes = new Array<number>(16).fill(0);
  x.forEach((value, j) => (lanes[j % 16] += value * value));
  const [even, odd] = [0, 1].map((lane) => {
    const p = [0, 1, 2, 3, 4, 5, 6, 7].map((pair) => lanes[2 * pair + lane]);
    return p[0] + p[1] + (p[2] + p[3]) + (p[4] + p[5] + (p[6] + p[7]));
  });
  return Math.fround(even + odd);
}

reduce("row sums have the stated order", () => {
  for (const length of [0, 1, 5, 15, 16, 37, 100, 2047, 2048, 2049, 5001]) {
    const x = deviates(3 * length, length + 1);
    const expected = Float32Array.from({ length: 3 }, (_, row) => rowSum(x.subarray(row * length, (row + 1) * length)));
    assert.ok(sameBits(run(family.reduceSum, { x }, { outer: 3, length, inner: 1 }), expected), `length ${length}`);
  }
});

reduce("column sums have the stated order, whatever the number of columns", () => {
  for (const inner of [2, 3, 4, 7, 16, 21, 64]) {
    for (const length of [1, 127, 128, 129, 400]) {
      const x = deviates(length * inner, length + inner);
      const expected = Float32Array.from({ length: inner }, (_, i) => columnSum(x.filter((__, j) => j % inner === i)));
      assert.ok(sameBits(run(family.reduceSum, { x }, { outer: 1, length, inner }), expected), `${length} by ${inner}`);
    }
  }
});

reduce("shards are added in the fixed tree", () => {
  for (let count = 1; count <= 40; count++) {
    const width = 7;
    const parts = deviates(count * width, count);
    const expected = Float32Array.from({ length: width }, (_, j) =>
      treeSum(Array.from({ length: count }, (__, s) => parts[s * width + j])),
    );
    assert.ok(sameBits(run(family.treeSum, { parts }, { count, width }), expected), `${count} parts`);
  }
});

reduce("sums of squares have the stated order", () => {
  for (const length of [0, 1, 7, 16, 29, 1000, 4099]) {
    const x = deviates(length, length + 5);
    assert.is(run(family.sumOfSquares, { x }, { length })[0], sumOfSquares(x), `length ${length}`);
  }
  const x = new Float32Array(40).fill(1e25);
  assert.is(run(family.sumOfSquares, { x }, { length: 40 })[0], Infinity);
});

reduce("NaN is the largest, the first of equals is found", () => {
  for (const inner of [1, 3, 5, 8]) {
    for (const length of [1, 2, 5, 11, 24]) {
      for (let at = 0; at < length; at++) {
        const x = deviates(length * inner, at + length);
        x.fill(9, at * inner, (at + 1) * inner);
        x.fill(9, (length - 1) * inner);
        const numbers = { outer: 1, length, inner };
        assert.equal([...run(family.argmax, { x }, numbers)], new Array(inner).fill(at));
        assert.equal([...run(family.reduceMax, { x }, numbers)], new Array(inner).fill(9));
        x.fill(NaN, at * inner, (at + 1) * inner);
        assert.equal([...run(family.argmax, { x }, numbers)], new Array(inner).fill(at));
        assert.equal([...run(family.reduceMax, { x }, numbers)], new Array(inner).fill(NaN));
        x.fill(-Infinity);
        assert.equal([...run(family.argmax, { x }, numbers)], new Array(inner).fill(0));
        assert.equal([...run(family.reduceMax, { x }, numbers)], new Array(inner).fill(-Infinity));
      }
    }
  }
});

reduce("only NaN and infinities count as not finite", () => {
  const x = Float32Array.of(NaN, Infinity, -Infinity, 3.4e38, -3.4e38, 0, -0, 1e-45, 1, NaN, 2);
  assert.is(run(family.nonfinite, { x }, { length: x.length })[0], 4);
});

reduce.run();
