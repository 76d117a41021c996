// Results do not change unnoticed: four small models from three seeds come to the recorded digests.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CONTRACT } from "../../ts/contract.ts";
import { computeDigests, goldenFile, objections, type GoldenDigests } from "./digests.ts";

const test = suite("golden digests");
const golden = goldenFile();

test("they are of this contract, a digest a model and seed", () => {
  assert.is(golden.contract, CONTRACT, "a new contract needs new digests: node --import tsx test/golden/make-digests.ts");
  const digests = Object.values(golden.digests);
  assert.is(digests.length, 12);
  assert.is(new Set(digests).size, 12);
  for (const digest of digests) assert.match(digest, /^[0-9a-f]{64}-[0-9a-f]{16}$/);
  assert.match(golden.wasm, /^[0-9a-f]{64}$/);
});

test("every model and seed comes to its recorded digest", async () => {
  const found = await computeDigests();
  assert.equal(Object.keys(found), Object.keys(golden.digests));
  for (const [name, digest] of Object.entries(golden.digests))
    assert.is(
      found[name],
      digest,
      `${name}: ${found[name]}, recorded is ${digest}. Results have changed. If that is wanted, take the next contract in ts/contract.ts, say there ` +
        "what changed, and record the digests by node --import tsx test/golden/make-digests.ts",
    );
});

test("a digest cannot be recorded anew under the same contract", () => {
  const old: GoldenDigests = { contract: "3", wasm: "w", digests: { a: "1", b: "2" } };
  assert.equal(objections(null, old), []);
  assert.equal(objections(old, { ...old, wasm: "x", digests: { a: "1", b: "2", c: "3" } }), []);
  assert.equal(objections(old, { ...old, digests: { a: "1", b: "9" } }), ["b: 9, recorded is 2"]);
  assert.equal(objections(old, { ...old, digests: { a: "1" } }), ["b: no longer there, recorded is 2"]);
  assert.equal(objections(old, { ...old, contract: "4", digests: { a: "8" } }), []);
  assert.equal(objections(old, { ...old, contract: "2", digests: { a: "8" } }), ["contract 2 after 3, wanted a higher number"]);
});

test.run();
