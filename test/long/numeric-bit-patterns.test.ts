// Kernels of one float32 on all 2^32 bit patterns but NaNs: the digests of the numerics contract, in this engine. In JavaScriptCore:
// `bun test/long/numeric-bit-patterns.test.ts`. KERNEL=exp chooses by the start of the name.
// about 20 minutes
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CONTRACT } from "../../ts/contract.ts";
import { apply, cases, CHUNK, commit, committed, largestError, patterns, ResultDigest } from "../kernels/bit-patterns.ts";
import { openWasm } from "../kernels/harness.ts";

const ALL = 2 ** 32;
const THIN = 4096;
const REPORT_SECONDS = 20;

const bits = suite("long/numeric-bit-patterns");
const only = process.env["KERNEL"] ?? "";
const chosen = cases.filter(({ name, sampleOnly }) => !sampleOnly && name.startsWith(only));

bits("every bit pattern", () => {
  assert.ok(chosen.length > 0, `no kernel's name starts with ${only}`);
  const wasm = openWasm();
  const running = chosen.map((given) => ({ given, digest: new ResultDigest(), worst: 0 }));
  const begin = performance.now();
  let told = begin;
  let count = 0;
  for (let from = 0; from < ALL; from += CHUNK) {
    const x = patterns(from, CHUNK);
    if (x.length === 0) continue;
    count += x.length;
    // Another place in each chunk.
    const first = (from / CHUNK) * 37;
    const thin = Float32Array.from({ length: Math.floor(x.length / THIN) }, (_, i) => x[i * THIN + (first % THIN)]);
    for (const each of running) {
      const y = apply(wasm, each.given, x);
      const own = Float32Array.from({ length: thin.length }, (_, i) => y[i * THIN + (first % THIN)]);
      each.worst = Math.max(each.worst, largestError(each.given, thin, own));
      each.digest.add(y);
    }
    const now = performance.now();
    if (now - told < REPORT_SECONDS * 1000) continue;
    told = now;
    console.log(`${(((from + CHUNK) / ALL) * 100).toFixed(1)} % in ${((now - begin) / 1000).toFixed(0)} s`);
  }
  assert.is(count, ALL - 2 * (2 ** 23 - 1));
  const digests = Object.fromEntries(running.map(({ given, digest }) => [given.name, digest.digest()]));
  commit("all", digests);
  const { all, contract } = committed();
  assert.equal(digests, Object.fromEntries(chosen.map(({ name }) => [name, all[name]])));
  assert.is(contract, CONTRACT, "digests of another contract");
  const errors = running.map(({ given, worst }) => `${given.name} ${worst.toFixed(2)}`).join(", ");
  console.log(
    `\nbit patterns: ${chosen.length} kernels and options on all ${count} patterns each; largest errors in last places: ${errors}`,
  );
});

bits.run();
