// Every kernel of every family on all of its samples: the wasm build agrees with the float64 definition, writes its outputs wholly
// and nothing else, and the build exports exactly the kernels of the table. FAMILY=norm checks one family.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";
import { families } from "./families.ts";
import { checkSample, loadFamily, openWasm } from "./harness.ts";

const contract = suite("kernels/contract");
const only = process.env["FAMILY"];
const wasm = openWasm();
const table: DefinedKernel[] = [];

for (const family of families) {
  const kernels = await loadFamily(family);
  if (kernels === null) continue;
  table.push(...kernels);
  if (only !== undefined && only !== family) continue;
  contract(`${family} has kernels`, () => {
    assert.ok(kernels.length > 0, `ts/definitions/${family}.ts exports no kernel`);
  });
  for (const kernel of kernels) {
    contract(`${kernel.name} agrees with its definition`, () => {
      assert.ok(kernel.samples.length > 0, `${kernel.name} has no sample`);
      kernel.samples.forEach((numbers, index) => checkSample(wasm, kernel, numbers, index + 1));
    });
  }
}

contract("the build exports the kernels of the table and no others", () => {
  if (only !== undefined) return;
  const names = table.map((kernel) => kernel.name);
  assert.equal(new Set(names).size, names.length, "two kernels share a name");
  const exports = Object.keys(wasm.exports).filter((name) => typeof wasm.exports[name] === "function" && !name.startsWith("calibrate_"));
  assert.equal(
    exports.filter((name) => !names.includes(name)),
    [],
    "exports without a kernel object",
  );
  assert.equal(
    names.filter((name) => !exports.includes(name)),
    [],
    "kernels that the build lacks",
  );
});

contract.run();
