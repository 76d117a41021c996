// Kernels of one float32 on bit patterns from all of its range: digests of what they give (every NaN taken as one) and the largest error.
import { createHash, type Hash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { CONTRACT } from "../../ts/contract.ts";
import * as activation from "../../ts/definitions/activation.ts";
import * as elementwise from "../../ts/definitions/elementwise.ts";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import { softmax } from "../../ts/definitions/softmax.ts";
import { asKernel, type Sizes, type Wasm } from "./harness.ts";
import { scalars } from "./scalar/index.ts";

export interface Case {
  readonly name: string;
  readonly kernel: DefinedKernel;
  readonly numbers: Sizes;
  /** Value of the other inputs; by default 1. */
  readonly other?: number;
  /** Largest error against the float64 definition in last places of the true value, and where it holds. */
  readonly bound: number;
  readonly where?: (x: number) => boolean;
  /** Too slow for all 2^32. */
  readonly sampleOnly?: boolean;
}

/** Kernels that round once, or not at all. */
const HALF = 0.5;
const powers = [2, 3, -1, 0.5, -0.5, 2.5];
const allOf = [2, 3, 0.5];

const simple = (kernel: unknown, bound: number, where?: (x: number) => boolean): Case => {
  const any = asKernel(kernel);
  return { name: any.name, kernel: any, numbers: {}, bound, ...(where && { where }) };
};

/** With the arguments on which each is well conditioned. */
export const cases: readonly Case[] = [
  simple(activation.exp, 1),
  simple(activation.log, 1),
  simple(activation.tanh, 1.4),
  simple(activation.erf, 1.5),
  simple(activation.sigmoid, 2.4),
  simple(activation.gelu, 4.5, (x) => x > -13),
  simple(activation.geluTanh, 4, (x) => x > -1),
  simple(activation.silu, 3.3, (x) => x > -80),
  simple(activation.softplus, 3.6),
  simple(activation.geluBackward, 4, (x) => x > -0.1),
  simple(activation.geluTanhBackward, 4, (x) => x > -0.3),
  simple(activation.siluBackward, 4, (x) => x > -0.8),
  simple(activation.tanhBackward, 1, (x) => Math.abs(x) < 0.7),
  simple(activation.sigmoidBackward, 1.5, (x) => Math.abs(x) < 0.99 && Math.abs(x) > 1e-30),
  ...powers.map((exponent) => ({
    ...simple(activation.pow, 0.501),
    name: `pow_f32 ${exponent}`,
    numbers: { exponent },
    sampleOnly: !allOf.includes(exponent),
  })),
  { ...simple(activation.binaryCrossEntropy, 4, (x) => x < 0), other: 0, name: "binary_cross_entropy_f32 0" },
  simple(elementwise.relu, HALF),
  simple(elementwise.absolute, HALF),
  simple(elementwise.sign, HALF),
  simple(elementwise.sqrt, HALF),
  simple(elementwise.reciprocal, HALF),
  { ...simple(elementwise.affine, 1.5, (x) => x > 0 && x > 1e-30), numbers: { scale: 1.25, shift: 0.75 } },
  { ...simple(elementwise.clamp, HALF), numbers: { low: -0.5, high: 6 } },
  { ...simple(softmax, 4, (x) => x > -80), name: "softmax_f32 of (x, 0)" },
];

const START = 65536;
/** Arguments a call. */
export const CHUNK = 2 ** 20;

/** Whether a case takes its arguments in pairs with 0, as a row of softmax. */
const inPairs = ({ kernel }: Case): boolean => kernel.name === "softmax_f32";

const outputOf = (kernel: DefinedKernel): string => kernel.order.find((name) => kernel.buffers[name] === "out")!;

/** Runs a case on at most CHUNK arguments; the result is a view of the memory, valid until the next run. */
export function apply(wasm: Wasm, given: Case, x: Float32Array): Float32Array {
  const { kernel, numbers, other = 1 } = given;
  const pairs = inPairs(given);
  const length = pairs ? 2 * x.length : x.length;
  const views = kernel.order.map((_, index) => {
    const from = START / 4 + index * length;
    return wasm.floats.subarray(from, from + length);
  });
  kernel.order.forEach((name, index) => {
    if (index > 0 || pairs) views[index].fill(!kernel.buffers[name].startsWith("in") ? NaN : index > 0 ? other : 0);
  });
  if (pairs) x.forEach((value, i) => (views[0][2 * i] = value));
  else views[0].set(x);
  const all: Sizes = pairs ? { rows: x.length, cols: 2 } : { ...numbers, length };
  wasm.exports[kernel.name](...views.map((view) => view.byteOffset), ...kernel.numbers.map((name) => all[name]));
  const y = views[kernel.order.indexOf(outputOf(kernel))];
  if (pairs) for (let i = 0; i < x.length; i++) y[i] = y[2 * i];
  return y.subarray(0, x.length);
}

/** What a definition of a case gives: the one in float64, or with `Type` Float32Array the scalar one. */
function defined<T extends Float64Array | Float32Array>(
  given: Case,
  x: Float32Array,
  Type: { new (length: number): T },
  run: (buffers: Record<string, T>, numbers: Sizes) => void,
): T {
  const { kernel, numbers, other = 1 } = given;
  const pairs = inPairs(given);
  const length = pairs ? 2 * x.length : x.length;
  const buffers = Object.fromEntries(kernel.order.map((name) => [name, new Type(length)]));
  kernel.order.forEach((name, index) => {
    if (index > 0 && kernel.buffers[name].startsWith("in")) buffers[name].fill(other);
  });
  const first = buffers[kernel.order[0]];
  x.forEach((value, i) => (first[pairs ? 2 * i : i] = value));
  run(buffers, pairs ? { rows: x.length, cols: 2 } : { ...numbers, length });
  const y = buffers[outputOf(kernel)];
  if (pairs) for (let i = 0; i < x.length; i++) y[i] = y[2 * i];
  return y.subarray(0, x.length) as T;
}

/** The float64 definition of a case. */
export function define(given: Case, x: Float32Array): Float64Array {
  return defined(given, x, Float64Array, (buffers, numbers) =>
    given.kernel.define(buffers as Parameters<DefinedKernel["define"]>[0], numbers),
  );
}

/** The scalar float32 definition of a case. */
export function defineScalar(given: Case, x: Float32Array): Float32Array {
  const { run } = scalars.find(({ kernel }) => kernel.name === given.kernel.name)!;
  return defined(given, x, Float32Array, run);
}

const NAN = 0x7fc00000;

/** A running digest of results, the NaNs made one. */
export class ResultDigest {
  readonly #hash: Hash = createHash("sha256");
  #nans = 0;

  add(y: Float32Array): this {
    const words = new Uint32Array(y.buffer, y.byteOffset, y.length);
    for (let i = 0; i < words.length; i++) {
      if ((words[i] & 0x7fffffff) <= 0x7f800000) continue;
      words[i] = NAN;
      this.#nans++;
    }
    // A copy: no engine hashes shared memory.
    this.#hash.update(new Uint8Array(words.slice().buffer));
    return this;
  }

  get nans(): number {
    return this.#nans;
  }

  /** The first 32 hexadecimal digits. */
  digest(): string {
    return this.#hash.digest("hex").slice(0, 32);
  }
}

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);
const places = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (Math.max(1, Math.min(254, exponent)) - 150));

/** Error of y in last places of the true value, infinite where one of them is NaN or infinite and the other not. */
export function errorOf(y: number, truth: number): number {
  const nearest = Math.fround(truth);
  if (!Number.isFinite(nearest)) return Object.is(y, nearest) ? 0 : Infinity;
  word[0] = truth;
  const error = Math.abs(y - truth) / places[(wordBits[0] >>> 23) & 255];
  return error === error ? error : Infinity;
}

/** The bit patterns of a sample: one from each 2^10 neighbors, NaNs left out, and the ends of the classes of numbers. */
export function samplePatterns(): Float32Array {
  const words = new Uint32Array(2 ** 22 + EDGES.length);
  let count = 0;
  for (let i = 0; i < 2 ** 22; i++) {
    const bits = ((i << 10) | (Math.imul(i, 0x9e3779b1) >>> 22)) >>> 0;
    if ((bits & 0x7fffffff) <= 0x7f800000) words[count++] = bits;
  }
  words.set(EDGES, count);
  return new Float32Array(words.buffer, 0, count + EDGES.length);
}

/** Zeros, the least and the largest subnormal, the least normal, the largest finite, infinity; 1 and its neighbors; both signs. */
const EDGES: readonly number[] = [0, 1, 0x007fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0x3f7fffff, 0x3f800000, 0x3f800001].flatMap(
  (bits) => [bits, (bits | 0x80000000) >>> 0],
);

/** Bit patterns from `from` on, `count` of them, NaNs left out. */
export function patterns(from: number, count: number): Float32Array {
  const words = new Uint32Array(count);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const bits = from + i;
    if (bits % 2147483648 <= 0x7f800000) words[kept++] = bits;
  }
  return new Float32Array(words.buffer, 0, kept);
}

/** The largest error of results against the float64 definition where it is bounded; throws beyond the bound. */
export function largestError(given: Case, x: Float32Array, y: Float32Array): number {
  const truth = define(given, x);
  let worst = 0;
  for (let i = 0; i < x.length; i++) {
    if (given.where && !given.where(x[i])) continue;
    const error = errorOf(y[i], truth[i]);
    if (!(error <= given.bound)) throw new Error(`${given.name} of ${x[i]} is ${y[i]}, ${error} last places from ${truth[i]}`);
    worst = Math.max(worst, error);
  }
  return worst;
}

/** The committed digests: of the sample and of all 2^32 patterns, by case, and the numerics contract that they belong to. */
export interface BitDigests {
  readonly contract: string;
  readonly sample: Readonly<Record<string, string>>;
  readonly all: Readonly<Record<string, string>>;
}

const file = new URL("bit-patterns.json", import.meta.url);

export function committed(): BitDigests {
  return JSON.parse(readFileSync(file, "utf8")) as BitDigests;
}

/** Writes digests where `WRITE_DIGESTS` is set in the environment: after a change of the numerics contract. */
export function commit(part: "sample" | "all", digests: Readonly<Record<string, string>>): void {
  if (process.env["WRITE_DIGESTS"] === undefined) return;
  const before = existsSync(file) ? committed() : { sample: {}, all: {} };
  writeFileSync(file, `${JSON.stringify({ ...before, contract: CONTRACT, [part]: { ...before[part], ...digests } }, null, 2)}\n`);
}
