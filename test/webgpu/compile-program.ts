// Compiles every shader in every variant on Dawn's null driver, which has all features and computes nothing: the text is checked as a real
// driver's is. Prints a line of JSON: how many modules there were, of which variants, and what was wrong.
import { shaderText, type Target } from "../../ts/backend/webgpu/source.ts";
import { tileNames } from "../../ts/backend/webgpu/tile.ts";
import { kernelsOf } from "../../ts/backend/webgpu/table.ts";
import { families } from "../kernels/families.ts";
import { loadFamily } from "../kernels/harness.ts";
import { nullGpu } from "./driver.ts";

const gpu = await nullGpu();
const adapter = await gpu.requestAdapter();
if (adapter === null) throw new Error("compile: no null driver, wanted one");
const names = ["shader-f16", "subgroups", "subgroup-size-control"] as GPUFeatureName[];
const device = await adapter.requestDevice({ requiredFeatures: names.filter((name) => adapter.features.has(name)) });

const targets: readonly Target[] = [
  ...tileNames.flatMap((tile) => [{ tile }, { tile, half: true }, { tile, fours: false }, { tile, fours: false, half: true }]),
  ...[4, 8, 16, 32].flatMap((products) => [{ products }, { products, fours: false }, { products, sized: true }, { products, half: true }]),
  { shuffled: 32 },
  { winograd: true },
];

const seen = new Set<string>();
const wrong: string[] = [];
const extensions = new Set<string>();
const kernels = (await Promise.all(families.map(loadFamily))).flatMap((family) => family ?? []);
for (const target of targets)
  for (const kernel of kernels)
    for (const numbers of kernel.samples)
      for (const { source } of kernelsOf()[kernel.name].passes(numbers, target)) {
        const text = shaderText(
          source,
          Object.keys(source.buffers).map((_, index) => index),
        );
        if (seen.has(text)) continue;
        seen.add(text);
        for (const name of source.extensions ?? []) extensions.add(name);
        device.pushErrorScope("validation");
        const module = device.createShaderModule({ code: text, label: source.name });
        device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
        const error = await device.popErrorScope();
        if (error !== null) wrong.push(`${source.name}: ${error.message.split("\n")[0]}`);
      }
console.log(JSON.stringify({ modules: seen.size, extensions: [...extensions].sort(), wrong }));
// The null driver keeps the process alive.
process.exit(0);
