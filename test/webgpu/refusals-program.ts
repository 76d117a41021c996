// A device that has no memory left, and one that refuses a command, both in the middle of training. Prints what happened as JSON.
import { tensor, withBackend, type DevicePool } from "../../ts/node.ts";
import { createWebgpuBackend, type WebgpuBackend } from "../../ts/webgpu.ts";
import { testGpu } from "./driver.ts";
import { interrupted } from "./interrupted.ts";
import { batchesOf, endOf } from "./linearly.ts";
import { poorAdapter, type Budget } from "./poor-adapter.ts";

const gpu = await testGpu();

/** One for each device: it is used up by it. */
async function adapter(): Promise<GPUAdapter> {
  const found = await gpu.requestAdapter();
  if (found === null) throw new Error("refusals: no adapter, wanted one");
  return found;
}

const MEBIBYTE = 1048576;

const sumOn = (backend: WebgpuBackend): Promise<string> =>
  endOf(async () => {
    const sum = await withBackend(backend, () => tensor([1, 2, 3]).add(tensor([1, 1, 1]))).read();
    if (sum.join() !== "2,3,4") throw new Error(`a sum of ${sum.join()}`);
  });

/** A real refusal: the largest buffer that the adapter promises is more than Chromium's software driver ever gives. */
async function largest(): Promise<unknown> {
  const backend = await createWebgpuBackend({ gpu, adapter: await adapter() });
  const bytes = Math.min(backend.device.limits.maxBufferSize, backend.device.limits.maxStorageBufferBindingSize);
  const refused = await endOf(async () => {
    const buffer = backend.allocate(bytes / 4);
    backend.free(buffer);
    await backend.done();
  });
  const after = await sumOn(backend);
  backend.destroy();
  return { isGiven: refused === "none", refused, after };
}

const stepOn = async (pool: DevicePool, size: number): Promise<unknown> => {
  for await (const batch of batchesOf(size).epoch(0)) return pool.step(batch);
};

/** Batches of 1.5 MiB, then no memory for one; batches of 96 KiB, for which there is some. */
async function poor(): Promise<unknown> {
  const budget: Budget = { bytes: 64 * MEBIBYTE, refused: 0 };
  const backend = await createWebgpuBackend({ gpu, adapter: poorAdapter(await adapter(), budget) });
  const found = await interrupted(backend, {
    batch: 128,
    cause: () => {
      backend.release();
      budget.bytes = MEBIBYTE;
    },
    afterwards: (pool) => stepOn(pool, 8),
  });
  const { refused } = budget;
  // Even where nothing is left at all, what is refused is told once, and later memory is memory.
  budget.bytes = 0;
  const small = await endOf(async () => {
    backend.fill(backend.allocate(100_000), 1);
    await backend.done();
  });
  const unread = await endOf(() => withBackend(backend, () => tensor(new Float32Array(5000))).read());
  budget.bytes = MEBIBYTE;
  const after = await sumOn(backend);
  backend.destroy();
  return { ...found, refused, small, unread, sum: after };
}

/** A command that no device takes: a buffer that nothing may be done with. */
async function wrong(): Promise<unknown> {
  const backend = await createWebgpuBackend({ gpu, adapter: await adapter() });
  const found = await interrupted(backend, {
    batch: 4,
    cause: ({ device }) => void device.createBuffer({ size: 16, usage: 0 }),
    afterwards: (pool) => stepOn(pool, 4),
  });
  const sum = await sumOn(backend);
  backend.destroy();
  return { ...found, sum };
}

console.log(JSON.stringify({ largest: await largest(), poor: await poor(), wrong: await wrong() }));
