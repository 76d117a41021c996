// Philox4x32-10 against the known answers of Random123 1.09 (kat_vectors), in TypeScript and in wasm; dropout's mask, share and scale.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dropout, philox, philoxUniform } from "../../ts/definitions/random.ts";
import { asKernel, openWasm, runKernel, sameBits } from "./harness.ts";

const random = suite("kernels/random");
const wasm = openWasm();

type Four = readonly [number, number, number, number];

/** Counter, key, words. */
const known: readonly [Four, readonly [number, number], Four][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

const unit = (word: number) => (word >>> 8) / 16777216;

function uniforms(length: number, key: readonly [number, number], counter: readonly [number, number, number]): Float32Array {
  const [counter1, counter2, counter3] = counter;
  return runKernel(wasm, asKernel(philoxUniform), {}, { length, key0: key[0], key1: key[1], counter1, counter2, counter3 }).y;
}

function drop(x: Float32Array, rows: number, p: number, firstRow = 0): Float32Array {
  const numbers = { rows, cols: x.length / Math.max(1, rows), p, key0: 1, key1: 2, counter2: 3, counter3: 4, firstRow };
  return runKernel(wasm, asKernel(dropout), { x }, numbers).y;
}

random("philox gives the known answers", () => {
  for (const [counter, key, words] of known) assert.equal(philox(counter, key), [...words]);
});

random("the kernel gives the known answer at block 0", () => {
  const [, key, words] = known[0];
  assert.equal([...uniforms(4, key, [0, 0, 0])], words.map(unit));
});

random("the kernel's blocks are those of philox, with any key and counter", () => {
  for (const [counter, key] of known) {
    const [, c1, c2, c3] = counter;
    const y = uniforms(103, key, [c1, c2, c3]);
    for (let i = 0; i < y.length; i++) assert.is(y[i], unit(philox([i >> 2, c1, c2, c3], key)[i & 3]));
  }
});

random("uniforms fill [0, 1) evenly", () => {
  const y = uniforms(1 << 18, [123, 456], [7, 8, 9]);
  const bins = new Array<number>(64).fill(0);
  for (const u of y) bins[Math.floor(u * 64)]++;
  const expected = y.length / 64;
  const chi = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 63 degrees of freedom: mean 63, standard deviation 11.2.
  assert.ok(chi > 25 && chi < 120, `chi-squared ${chi}`);
});

random("dropout keeps a share of 1 - p and scales it, and p of 0 and 1 are exact", () => {
  const x = new Float32Array(1 << 16).fill(3);
  for (const p of [0.1, 0.5, 0.9]) {
    const y = drop(x, 16, p);
    const kept = y.filter((value) => value !== 0);
    assert.ok(Math.abs(kept.length / x.length - (1 - p)) < 0.01, `kept ${kept.length} at ${p}`);
    assert.ok(kept.every((value) => value === Math.fround(3 * Math.fround(1 / (1 - p)))));
  }
  assert.ok(sameBits(drop(x, 16, 0), x));
  assert.ok(drop(x, 16, 1).every((value) => Object.is(value, 0)));
  assert.ok(drop(new Float32Array(64).fill(NaN), 1, 0.5).some((value) => value === 0));
});

random("a row's mask is a function of its number", () => {
  const x = new Float32Array(7 * 21).fill(1);
  const all = drop(x, 7, 0.4, 100);
  for (let row = 0; row < 7; row++) {
    assert.ok(sameBits(drop(x.slice(0, 21), 1, 0.4, 100 + row), all.slice(row * 21, row * 21 + 21)), `row ${row}`);
  }
  assert.not.ok(sameBits(all.slice(0, 21), all.slice(21, 42)));
});

random.run();
