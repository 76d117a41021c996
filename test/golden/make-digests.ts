// Records the golden digests and the hash of the kernels: node --import tsx test/golden/make-digests.ts, after npm run build:wasm.
// Under the same contract it refuses to change a digest; a new contract (ts/contract.ts) says what changed.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { CONTRACT } from "../../ts/contract.ts";
import { sha256 } from "../../ts/sha256.ts";
import { computeDigests, GOLDEN, goldenFile, objections, type GoldenDigests } from "./digests.ts";

const wasm = sha256(readFileSync(new URL("../../build/strict.wasm", import.meta.url)));
const golden: GoldenDigests = { contract: CONTRACT, wasm, digests: await computeDigests() };
const old = existsSync(GOLDEN) ? goldenFile() : null;
const found = objections(old, golden);
if (found.length > 0) {
  console.error(found.join("\n"));
  console.error(
    `Nothing was written: ${found.length} of ${Object.keys(golden.digests).length} golden digests are not those of contract ${CONTRACT}. A change that alters ` +
      "results takes the next contract in ts/contract.ts and says there what changed.",
  );
  process.exitCode = 1;
} else {
  writeFileSync(GOLDEN, `${JSON.stringify(golden, null, 2)}\n`);
  const changed = old === null || old.contract !== CONTRACT ? "all digests" : old.wasm === wasm ? "nothing new" : "the hash of the kernels";
  console.log(`contract ${CONTRACT}: ${changed} recorded, ${Object.keys(golden.digests).length} digests`);
}
