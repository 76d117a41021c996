// Prints digests of what the hot kernels and two steps of training give: node bits.ts plain | four-rows | wide | chosen.
// `four-rows` takes the tile for wide vectors without widening anything; `wide` has V8 widen all; `chosen` is what the product does.
// `ceiling` and `tiles` only run what V8 is to leave alone and what it is to widen, with its notes on that on standard output.
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { createWasmBackend, markWide } from "../../ts/backend/index.ts";
import { families } from "../../ts/kernel-path/families.ts";
import { layGround, Trial, type Exports } from "../../ts/kernel-path/trial.ts";
import {
  createTeam,
  digest,
  kernelPath,
  LocalPool,
  readKernels,
  resnetV2,
  setBackend,
  SGD,
  type Module,
  type Pool,
  type WasmBackend,
} from "../../ts/node.ts";
import { loadFamily, makeInputs } from "../kernels/harness.ts";

const [mode] = process.argv.slice(2);
const hashOf = (values: Float32Array | Float64Array): string =>
  createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex").slice(0, 16);

const WIDEN = ["--experimental-wasm-revectorize", "--wasm-tiering-budget=1", "--wasm-sync-tier-up"];

function open(): WebAssembly.Module {
  if (mode === "chosen") return kernelPath().module;
  if (mode !== "plain" && mode !== "four-rows") for (const flag of WIDEN) setFlagsFromString(flag);
  const module = new WebAssembly.Module(readKernels());
  if (mode !== "plain") markWide(module);
  return module;
}

/** All samples of the hot kernels, twice: V8 optimizes in the first call. */
async function kernels(backend: WasmBackend): Promise<Record<string, string>> {
  const all = (await Promise.all(["gemm", "conv", "winograd", "attention"].map(loadFamily))).flatMap((family) => family ?? []);
  const digests: Record<string, string> = {};
  for (const kernel of all) {
    for (const [index, numbers] of [...kernel.samples, ...kernel.samples].entries()) {
      const inputs = makeInputs(kernel, numbers, (index % kernel.samples.length) + 1);
      const lengths = kernel.lengths(numbers);
      const buffers = Object.fromEntries(
        kernel.order.map((name) => {
          const buffer = backend.allocate(lengths[name]);
          if (inputs[name]) backend.write(buffer, inputs[name]);
          return [name, buffer];
        }),
      );
      backend.run(kernel, buffers, numbers);
      for (const name of kernel.order) {
        digests[`${kernel.name} ${index % kernel.samples.length} ${name}`] = hashOf(backend.readSync!(buffers[name]));
        backend.free(buffers[name]);
      }
    }
  }
  return digests;
}

async function digestAfter(pool: Pool, steps: number): Promise<string> {
  const size = 6;
  const images = Float32Array.from({ length: size * 12 * 12 * 3 }, (_, index) => ((index * 7919) % 1013) / 512 - 1);
  for (let step = 0; step < steps; step++)
    await pool.step({ images, labels: [0, 1, 2, 3, 4, 5], size, shape: [size, 12, 12, 3], epoch: 0, step, shards: 3 });
  const result = digest(pool.model);
  await pool.close();
  return result;
}

/** Two steps of a net with Winograd's convolutions on this thread, two of a small one on two workers. */
async function training(kernels: WebAssembly.Module): Promise<Record<string, string>> {
  const program = {
    createModel: () => resnetV2({ depth: 8, seed: 3 }),
    createOptimizer: (model: Module) => new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }),
  };
  const team = await createTeam({ module: new URL("../workers/program.ts", import.meta.url), workers: 2, kernels });
  return { training: await digestAfter(new LocalPool(program, {}), 2), "team's training": await digestAfter(team, 2) };
}

if (mode === "ceiling" || mode === "tiles") {
  const ground = layGround(families);
  const { exports } = new WebAssembly.Instance(open(), { env: { memory: ground.memory } });
  setFlagsFromString("--trace-wasm-revectorize");
  const trial = new Trial(exports as Exports, ground, 1);
  if (mode === "ceiling") for (let i = 0; i < 2; i++) trial.ceiling(() => 0);
  else for (const family of families) trial.warm(family);
} else {
  const module = open();
  const backend = createWasmBackend(module);
  setBackend(backend);
  console.log(JSON.stringify({ ...(await kernels(backend)), ...(await training(module)) }));
}
