// Reads the golden numbers and compares with them: a tensor by its norm, three sums with fixed weights and eight of its values.
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import type { StateDict } from "../../ts/nn/index.ts";
import { signed } from "./hash.ts";

/** What is kept of a tensor (in PyTorch's layout). */
export interface Digest {
  readonly norm: number;
  readonly largest: number;
  readonly sums: readonly number[];
  readonly values: readonly number[];
}

export type Digests = Readonly<Record<string, Digest>>;

/** A file of this folder. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as T;
}

/** Largest difference of two lists, relative to the largest value wanted. */
export function difference(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  assert.is(got.length, wanted.length, "number of values");
  let worst = 0;
  let largest = 0;
  for (let at = 0; at < wanted.length; at++) {
    const error = Math.abs(got[at] - wanted[at]);
    if (!(error <= worst)) worst = error;
    largest = Math.max(largest, Math.abs(wanted[at]));
  }
  return largest === 0 ? worst : worst / largest;
}

/** Largest difference of a tensor from its digest, relative to its largest value (its norm, for sums), or to `floor` where that is more. */
export function fromDigest(key: string, values: ArrayLike<number>, digest: Digest, floor: number): number {
  const all = Float64Array.from(values);
  const norm = Math.sqrt(all.reduce((sum, value) => sum + value * value, 0));
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const places = signed(`${key} places`, 8).map((value) => Math.trunc(((value + 1) / 2) * all.length));
  const sums = digest.sums.map((_, i) => signed(`${key} sum ${i}`, all.length).reduce((sum, weight, at) => sum + weight * all[at], 0));
  const scale = Math.max(digest.largest, floor);
  const errors = [
    Math.abs(largest - digest.largest) / scale,
    ...digest.values.map((value, at) => Math.abs(all[places[at]] - value) / scale),
    Math.abs(norm - digest.norm) / Math.max(digest.norm, scale),
    ...digest.sums.map((sum, at) => Math.abs(sums[at] - sum) / Math.max(digest.norm, scale)),
  ];
  return errors.reduce((worst, error) => (error <= worst ? worst : error), 0);
}

/** Largest difference of all tensors from their digests. The floor is the given share of the largest value of all. */
export function fromDigests(state: StateDict, wanted: Digests, floorShare = 1e-4): { error: number; key: string } {
  assert.equal(Object.keys(state).sort(), Object.keys(wanted).sort(), "keys");
  const floor = floorShare * Object.values(wanted).reduce((most, { largest }) => Math.max(most, largest), 0);
  let worst = { error: 0, key: "" };
  for (const [key, digest] of Object.entries(wanted)) {
    const error = fromDigest(key, state[key].values, digest, floor);
    if (!(error <= worst.error)) worst = { error, key };
  }
  return worst;
}
