// A part of PyTorch's own sample inputs: outputs and gradients in float64 to 1e-12 of the largest value, in float32 to 8 eps32 times the sum
// of the absolute terms (operators that are linear in each input) or the largest value.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createReferenceBackend, createWasmBackend } from "../../ts/backend/index.ts";
import { readKernels } from "../../ts/node.ts";
import { golden } from "./numbers.ts";
import { operators } from "./opinfo-ops.ts";
import { compareAll, lineOf, type Case } from "./opinfo.ts";

const opinfo = suite("golden/opinfo");

opinfo("the golden part of PyTorch's samples", () => {
  const cases = golden<readonly Case[]>("opinfo.json");
  const wasm = createWasmBackend(new WebAssembly.Module(readKernels()));
  const found = compareAll(cases, createReferenceBackend(), wasm);
  console.log(`\n${lineOf(found)}`);
  assert.equal(found.failed, []);
  assert.equal([...found.compared.keys()].sort(), Object.keys(operators).sort());
  assert.ok(found.tensors > 2 * cases.length && found.worst.float32 > 0);
});

opinfo.run();
