// Shaders by subgroups, in half precision and by Winograd's transforms: all are compiled, those that the driver has the features for are run against the kernels'
// definitions; an adapter without a feature that was asked for is refused.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createWebgpuBackend, DeviceError, type WebgpuOptions } from "../../ts/webgpu.ts";
import { checkFamilies } from "./contract.ts";
import { missing, runProgram } from "./driver.ts";

const test = suite("webgpu/variants");

function adapterWith(features: readonly string[], least = 0, most = least): GPUAdapter {
  const info = { subgroupMinSize: least, subgroupMaxSize: most };
  return { features: new Set(features), info, limits: {} } as unknown as GPUAdapter;
}

for (const [options, adapter, wanted] of [
  [
    { precision: "f16" },
    adapterWith(["subgroups"], 32),
    "precision f16 on an adapter without shader-f16, wanted another adapter or precision f32",
  ],
  [{ subgroups: "rows" }, adapterWith([]), "subgroups rows on an adapter without subgroups, wanted another adapter or subgroups none"],
  [
    { subgroups: "products" },
    adapterWith(["subgroups"], 8, 32),
    "subgroups products on an adapter whose subgroups have 8 to 32 invocations, wanted another adapter or subgroups rows",
  ],
] as const satisfies readonly (readonly [WebgpuOptions, GPUAdapter, string])[])
  test(`${JSON.stringify(options)} is refused where the adapter has not what it takes`, async () => {
    try {
      await createWebgpuBackend({ adapter, ...options });
    } catch (error) {
      assert.instance(error, DeviceError);
      assert.is((error as DeviceError).kind, "unavailable");
      assert.is((error as DeviceError).message, `webgpu: ${wanted}`);
      return;
    }
    assert.unreachable();
  });

if (missing() === null)
  test("all shaders compile in all variants", () => {
    const { status, stdout, stderr } = runProgram("test/webgpu/compile-program.ts");
    assert.is(status, 0, stderr);
    const found = JSON.parse(stdout.trim().split("\n").at(-1)!) as {
      readonly modules: number;
      readonly extensions: readonly string[];
      readonly wrong: readonly string[];
    };
    assert.equal(found.wrong, []);
    assert.equal(found.extensions, ["f16", "subgroups"]);
    assert.ok(found.modules > 300, `${found.modules} modules`);
  });

checkFamilies(test, "webgpu/variants: products by subgroups", ["gemm"], { args: ["--subgroups=products"] });
checkFamilies(test, "webgpu/variants: rows without subgroups", ["softmax", "layer-norm"], { args: ["--subgroups=none"] });
checkFamilies(test, "webgpu/variants: half precision", ["gemm"], { args: ["--precision=f16"], rounds: true });

test.run();
