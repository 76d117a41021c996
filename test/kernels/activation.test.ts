// Activations on every 1021st bit pattern of float32, subnormals, infinities and NaNs among them, and on a fine grid where they bend:
// the error against the float64 definition in units in the last place of the true value; the values at the edges; powers as C has them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as family from "../../ts/definitions/activation.ts";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import { asKernel, openWasm, runKernel, sameBits } from "./harness.ts";

const activation = suite("kernels/activation");
const wasm = openWasm();
const CHUNK = 65536;

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);
const places = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (Math.max(1, Math.min(254, exponent)) - 150));

/** The size of the last place of the float32 nearest to x. */
function lastPlace(x: number): number {
  word[0] = x;
  return places[(wordBits[0] >>> 23) & 255];
}

/** Error of y in last places of the true value, infinite where one of them is NaN or infinite and the other not. */
function errorOf(y: number, truth: number): number {
  const nearest = Math.fround(truth);
  if (Object.is(y, nearest) && !Number.isFinite(nearest)) return 0;
  const e = Math.abs(y - truth) / lastPlace(truth);
  return e === e ? e : Infinity;
}

/** Runs a kernel of one input and the incoming gradient 1, if it takes one. */
function apply(kernel: DefinedKernel, x: Float32Array): Float32Array {
  const dy = new Float32Array(x.length).fill(1);
  return runKernel(wasm, kernel, { x, dy }, { length: x.length })[kernel.order[kernel.order.length - 1]];
}

function define(kernel: DefinedKernel, x: Float32Array): Float64Array {
  const output = new Float64Array(x.length);
  const name = kernel.order[kernel.order.length - 1];
  kernel.define({ x: Float64Array.from(x), dy: new Float64Array(x.length).fill(1), [name]: output }, { length: x.length });
  return output;
}

/** Fails where an error is beyond `bound`, among the arguments that `takes` takes; returns how many there were. */
function check(kernel: DefinedKernel, x: Float32Array, bound: number, takes: (x: number) => boolean): number {
  const y = apply(kernel, x);
  const truth = define(kernel, x);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    if (!takes(x[i])) continue;
    count++;
    const error = errorOf(y[i], truth[i]);
    if (!(error <= bound)) assert.unreachable(`${kernel.name} of ${x[i]} is ${y[i]}, ${error} last places from ${truth[i]}`);
  }
  return count;
}

/** Every step-th of the 2^32 bit patterns, then a grid from -20 to 20. */
function sweep(kernel: DefinedKernel, step: number, bound: number, takes: (x: number) => boolean = () => true): void {
  const bits = new Uint32Array(CHUNK);
  let count = 0;
  for (let from = 0; from < 2 ** 32; from += CHUNK * step) {
    for (let i = 0; i < CHUNK; i++) bits[i] = Math.min(from + i * step, 2 ** 32 - 1);
    count += check(kernel, new Float32Array(bits.buffer), bound, takes);
  }
  for (let from = -20; from < 20; from += 10) {
    const grid = Float32Array.from({ length: CHUNK }, (_, i) => from + (i * 10) / CHUNK);
    count += check(kernel, grid, bound, takes);
  }
  assert.ok(count > 1000, `${kernel.name}: ${count} arguments tried`);
}

for (const kernel of [family.exp, family.log, family.tanh, family.erf]) {
  activation(`${kernel.name} is within 2 last places everywhere`, () => sweep(asKernel(kernel), 1021, 2));
}

// Each with the arguments on which it is well conditioned: not at a zero, not where e^x magnifies the argument's own rounding.
const rest: readonly [DefinedKernel, number, (x: number) => boolean][] = [
  [asKernel(family.sigmoid), 2.5, () => true],
  [asKernel(family.softplus), 4, () => true],
  [asKernel(family.silu), 4, (x) => x > -80],
  [asKernel(family.gelu), 4.2, (x) => x > -5],
  [asKernel(family.gelu), 5, (x) => x > -13],
  [asKernel(family.geluTanh), 4, (x) => x > -1],
  [asKernel(family.siluBackward), 4, (x) => x > -0.8],
  [asKernel(family.siluBackward), 6, (x) => x < -2 && x > -80],
  [asKernel(family.geluBackward), 4, (x) => x > -0.1],
  [asKernel(family.geluBackward), 6, (x) => x < -1.1 && x > -13],
  [asKernel(family.geluTanhBackward), 4, (x) => x > -0.3],
];

for (const [kernel, bound, takes] of rest) {
  activation(`${kernel.name} is within ${bound} last places`, () => sweep(kernel, 65521, bound, takes));
}

function at(kernel: unknown, ...x: number[]): number[] {
  return [...apply(asKernel(kernel), Float32Array.from(x))];
}

activation("edges", () => {
  assert.equal(at(family.exp, 0, -0, -103.97, -104, -Infinity, 88.7, 88.8, Infinity), [
    1,
    1,
    2 ** -149,
    0,
    0,
    Math.fround(Math.exp(Math.fround(88.7))),
    Infinity,
    Infinity,
  ]);
  assert.equal(at(family.log, 1, 0, -0, Infinity), [0, -Infinity, -Infinity, Infinity]);
  assert.equal(at(family.log, -1, -Infinity, -(2 ** -149)), [NaN, NaN, NaN]);
  assert.equal(at(family.tanh, Infinity, -Infinity, 0, 2 ** -149), [1, -1, 0, 2 ** -149]);
  assert.equal(at(family.erf, Infinity, -Infinity, 0), [1, -1, 0]);
  assert.ok(Object.is(at(family.tanh, -0)[0], -0) && Object.is(at(family.erf, -0)[0], -0));
  assert.equal(at(family.sigmoid, Infinity, -Infinity, 0), [1, 0, 0.5]);
  assert.equal(at(family.softplus, Infinity, -Infinity), [Infinity, 0]);
  for (const kernel of [family.gelu, family.geluTanh, family.silu]) assert.equal(at(kernel, Infinity, 3e38), [Infinity, Math.fround(3e38)]);
  for (const kernel of [family.geluBackward, family.geluTanhBackward, family.siluBackward]) {
    assert.equal(at(kernel, Infinity, 3e38), [1, 1]);
    assert.equal(at(kernel, -Infinity, -3e38).map(Math.abs), [0, 0]);
  }
  for (const kernel of Object.values(family)) {
    if (typeof kernel === "object" && "x" in kernel.buffers) assert.equal(at(kernel, NaN, 1).map(Number.isNaN), [true, false], kernel.name);
  }
});

activation("exp and log give the same bits beside unusual arguments", () => {
  for (const kernel of [asKernel(family.exp), asKernel(family.log)]) {
    const x = Float32Array.from({ length: 1500 }, (_, i) => 0.001 + i * 0.055);
    const alone = apply(kernel, x);
    for (const [position, unusual] of [
      [0, NaN],
      [511, Infinity],
      [512, -1000],
      [1499, 2 ** -140],
    ]) {
      const other = x.slice();
      other[position] = unusual;
      const y = apply(kernel, other);
      y[position] = alone[position];
      assert.ok(sameBits(y, alone), `${kernel.name} with ${unusual} at ${position}`);
    }
    for (const [i, value] of x.subarray(0, 40).entries())
      assert.ok(sameBits(apply(kernel, Float32Array.of(value)), alone.subarray(i, i + 1)));
  }
});

activation("powers are those of C", () => {
  const special = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 2.5, Infinity, -Infinity, NaN, 16777216, 3e38, 1e-45, -1e-45];
  const pairs = special.flatMap((a) => special.map((b) => [Math.fround(a), Math.fround(b)]));
  for (let i = 0; i < 20000; i++) pairs.push([2 ** ((i % 277) - 140) * (1 + ((i * 7919) % 1000) / 1000), ((i * 104729) % 2000) / 250 - 4]);
  const a = Float32Array.from(pairs, ([first]) => first);
  const b = Float32Array.from(pairs, ([, second]) => second);
  const { y } = runKernel(wasm, asKernel(family.powElementwise), { a, b }, { length: a.length });
  for (let i = 0; i < a.length; i++) {
    const isOne = a[i] === 1 || (a[i] === -1 && Math.abs(b[i]) === Infinity);
    const truth = isOne ? 1 : Math.pow(a[i], b[i]);
    if (Math.fround(truth) === 0 && y[i] === 0)
      assert.ok(Object.is(y[i], Math.fround(truth)), `${a[i]} to ${b[i]} is ${y[i]}, wanted ${truth}`);
    assert.ok(errorOf(y[i], truth) <= 0.5001, `${a[i]} to ${b[i]} is ${y[i]}, wanted ${truth}`);
  }
  const x = Float32Array.of(-3, -2, 5);
  const power = (exponent: number) => [...runKernel(wasm, asKernel(family.pow), { x }, { length: 3, exponent }).y];
  assert.equal(power(3), [-27, -8, 125]);
  assert.equal(power(2), [9, 4, 25]);
  assert.equal(power(0), [1, 1, 1]);
  assert.equal(power(0.5), [NaN, NaN, Math.fround(Math.sqrt(5))]);
});

activation.run();
