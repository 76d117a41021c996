// Four steps of a residual net on the CPU and in variants of the GPU's shaders. Prints a line of JSON for each: the variant and its losses.
import { DevicePool, LocalPool, parameterGroups, resnetV2, SGD, stream, type Pool, type Program, type RawBatch } from "../../ts/node.ts";
import { createWebgpuBackend, DeviceError, type WebgpuOptions } from "../../ts/webgpu.ts";
import { testGpu } from "./driver.ts";

// Channels that Winograd's transforms take.
const program: Program = {
  createModel: () => resnetV2({ depth: 8, width: 16, seed: 5 }),
  createOptimizer: (model) => new SGD(parameterGroups(model), { lr: 0.02 }),
};
const images = stream(1, "variants").fillNormal(new Float32Array(4 * 16 * 16 * 3)) as Float32Array;
const raw: RawBatch = { images, labels: [0, 1, 2, 3], size: 4, shape: [4, 16, 16, 3], epoch: 0, step: 0 };

async function losses(pool: Pool): Promise<number[]> {
  const found: number[] = [];
  for (let step = 0; step < 4; step++) found.push((await pool.step({ ...raw, step })).loss);
  await pool.close();
  return found;
}

console.log(JSON.stringify({ variant: "cpu", losses: await losses(new LocalPool(program)) }));
const gpu = await testGpu();
const variants: readonly WebgpuOptions[] = [{ convolution: "winograd", workspace: 100_000, subgroups: "products" }, { precision: "f16" }];
for (const options of variants) {
  const variant = JSON.stringify(options);
  try {
    const backend = await createWebgpuBackend({ gpu, ...options });
    const half = options.precision === "f16";
    console.log(JSON.stringify({ variant, half, losses: await losses(new DevicePool(program, backend, half ? { lossScale: 1024 } : {})) }));
    backend.destroy();
  } catch (error) {
    if (!(error instanceof DeviceError) || error.kind !== "unavailable") throw error;
    console.log(JSON.stringify({ variant, unavailable: error.message }));
  }
}
