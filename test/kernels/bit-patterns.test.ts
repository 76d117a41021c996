// Kernels of one float32 on 2^22 bit patterns from all of its range, NaNs left out: the digests of the numerics contract, the same bits in
// another order of arguments, those of the scalar definition, and the largest error. After a change of the contract: WRITE_DIGESTS=1.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CONTRACT } from "../../ts/contract.ts";
import {
  apply,
  cases,
  CHUNK,
  commit,
  committed,
  defineScalar,
  largestError,
  ResultDigest,
  samplePatterns,
  type Case,
} from "./bit-patterns.ts";
import { openWasm } from "./harness.ts";

const bits = suite("kernels/bit-patterns");
const wasm = openWasm();
const x = samplePatterns();
/** Coprime to the number of patterns: i -> i STEP mod it is a permutation. */
const STEP = 1000003;
const THIN = 61;

const thin = Float32Array.from({ length: Math.ceil(x.length / THIN) }, (_, i) => x[i * THIN]);
const order = Uint32Array.from({ length: x.length }, (_, i) => (i * STEP) % x.length);
const mixed = Float32Array.from(order, (at) => x[at]);
const digests: Record<string, string> = {};
const errors: string[] = [];

function results(given: Case, from: Float32Array): Float32Array {
  const y = new Float32Array(from.length);
  for (let at = 0; at < from.length; at += CHUNK) y.set(apply(wasm, given, from.subarray(at, at + CHUNK)), at);
  return y;
}

bits("the sample has every class of numbers", () => {
  assert.is(new Set(order).size, x.length);
  assert.ok(x.length > 4e6 && x.every((value) => value === value));
  for (const value of [0, -0, 2 ** -149, -(2 ** -149), Infinity, -Infinity]) assert.ok(x.some((own) => Object.is(own, value)));
  assert.ok(x.filter((value) => value !== 0 && Math.abs(value) < 2 ** -126).length > 15000, "subnormals");
});

for (const given of cases)
  bits(given.name, () => {
    const y = results(given, x);
    const again = results(given, mixed);
    for (let i = 0; i < order.length; i++) {
      const value = y[order[i]];
      // Zeros of both signs divide to different infinities.
      if (again[i] === value ? value !== 0 || 1 / again[i] === 1 / value : again[i] !== again[i] && value !== value) continue;
      assert.unreachable(`${given.name} of ${mixed[i]} is ${value} and, among others, ${again[i]}`);
    }
    const own = Float32Array.from({ length: thin.length }, (_, i) => y[i * THIN]);
    const wanted = defineScalar(given, thin);
    own.forEach((value, i) => {
      if (!Object.is(value, wanted[i]))
        assert.unreachable(`${given.name} of ${thin[i]} is ${value}, by its scalar definition ${wanted[i]}`);
    });
    errors.push(`${given.name} ${largestError(given, thin, own).toFixed(2)}`);
    digests[given.name] = new ResultDigest().add(y).digest();
  });

bits("the digests are those of the numerics contract", () => {
  commit("sample", digests);
  const { contract, sample } = committed();
  assert.equal(digests, sample, "other bits need another number in ts/contract.ts");
  assert.is(contract, CONTRACT, "digests of another contract");
  console.log(
    `\nbit patterns: ${cases.length} kernels and options on ${x.length} patterns each; largest errors in last places: ${errors.join(", ")}`,
  );
});

bits.run();
