// Tunes a small net on a GPU and prints a line of JSON: what was found, and the losses of steps before it, after it, and on the CPU.
import { DevicePool, LocalPool, resnetV2, stream, type Pool, type Program, type RawBatch } from "../../ts/node.ts";
import { createWebgpuBackend } from "../../ts/webgpu.ts";
import { testGpu } from "./driver.ts";

const program: Program = { createModel: () => resnetV2({ depth: 8, width: 4, seed: 5 }) };
const SIDE = 8;
const SIZE = 2;

const batches = [0, 1, 2].map((step): RawBatch => {
  const images = stream(3 + step, "tune").fillNormal(new Float32Array(SIZE * SIDE * SIDE * 3)) as Float32Array;
  return { images, labels: [step, step + 1], size: SIZE, shape: [SIZE, SIDE, SIDE, 3], epoch: 0, step };
});

async function losses(pool: Pool): Promise<number[]> {
  const found: number[] = [];
  for (const batch of batches) found.push((await pool.step(batch, { lr: 0.02 })).loss);
  await pool.close();
  return found;
}

const gpu = await testGpu();
const backend = await createWebgpuBackend({ gpu });
const pool = new DevicePool(program, backend);
const told: number[][] = [];
const { calls, choices, gain } = await backend.tune(
  async () => {
    await pool.step(batches[0], { lr: 0.02 });
    await pool.evaluate(batches[0]);
  },
  { onCall: (...place) => told.push(place) },
);
pool.adopt();
const after = await losses(pool);
const { buffers } = backend.memoryUse();

// On a backend of its own: nothing is measured, the same ways.
const other = await createWebgpuBackend({ gpu, choices: JSON.parse(JSON.stringify(choices)) as typeof choices });
const again = await losses(new DevicePool(program, other));

// Stopped before it began: nothing is measured, and what was chosen stays.
const stopped = await backend.tune(() => undefined, { signal: AbortSignal.abort() });
// What `work` throws comes through, and the next one may begin.
const failed = (): Promise<unknown> =>
  backend
    .tune(() => {
      throw new Error("no step today");
    })
    .catch((error: unknown) => (error as Error).message);
const why = [await failed(), await failed()];

console.log(
  JSON.stringify({
    cpu: await losses(new LocalPool(program)),
    ...{ after, again, told, gain, choices, why, buffers },
    kept: backend.choices,
    stopped: stopped.calls.length,
    calls: calls.map(({ kernel, ...rest }) => ({ kernel: kernel.name, ...rest })),
  }),
);
backend.destroy();
other.destroy();
