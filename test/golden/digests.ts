// The golden digests: what four small models from three seeds come to under the numerics contract that the file names.
import { readFileSync } from "node:fs";
import * as perpend from "../../ts/node.ts";
import { cases, openHere, outcomesOf } from "../runtimes/cases.ts";

export const GOLDEN = new URL("./digests.json", import.meta.url);

export interface GoldenDigests {
  readonly contract: string;
  /** SHA-256 of build/strict.wasm. */
  readonly wasm: string;
  /** By case and seed: the chain of digests after the last step, and the bits of the loss on held-out images as a float64. */
  readonly digests: Readonly<Record<string, string>>;
}

export function goldenFile(): GoldenDigests {
  return JSON.parse(readFileSync(GOLDEN, "utf8")) as GoldenDigests;
}

/** The digests as they come out here, on the calling thread. */
export async function computeDigests(): Promise<Record<string, string>> {
  const runs = Object.keys(cases).flatMap((name) => [1, 2, 3].map((seed) => [name, seed] as const));
  const outcomes = await outcomesOf(perpend, runs, (_name, given) => openHere(perpend, given));
  return Object.fromEntries(runs.map(([name, seed], index) => [`${name}, seed ${seed}`, outcomes[index]]));
}

/** What keeps new digests from being recorded over old ones: under one contract none may change or go. */
export function objections(old: GoldenDigests | null, { contract, digests }: GoldenDigests): string[] {
  if (old === null || old.contract !== contract) {
    const isOlder = old !== null && Number(contract) <= Number(old.contract);
    return isOlder ? [`contract ${contract} after ${old.contract}, wanted a higher number`] : [];
  }
  return Object.entries(old.digests).flatMap(([name, digest]) => {
    const now = digests[name];
    return now === digest ? [] : [`${name}: ${now ?? "no longer there"}, recorded is ${digest}`];
  });
}
