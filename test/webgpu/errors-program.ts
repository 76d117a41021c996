// A device that is destroyed in the middle of a run, and what a device refuses. Prints what happened as JSON.
import { DevicePool, LocalPool, tensor, Trainer, withBackend, type Checkpoint } from "../../ts/node.ts";
import { createWebgpuBackend } from "../../ts/webgpu.ts";
import { testGpu } from "./driver.ts";
import { batchesOf, endOf, program } from "./linearly.ts";

const train = batchesOf(4);

const kindOf = async (work: () => unknown): Promise<string> => {
  const end = await endOf(work);
  return end.startsWith("another") ? end : end.split(":")[0];
};

const gpu = await testGpu();
const absent = await kindOf(() => createWebgpuBackend({ gpu: { requestAdapter: () => Promise.resolve(null) } as unknown as GPU }));
const backend = await createWebgpuBackend({ gpu });

// Two epochs of four updates; the device goes away in the second, after a checkpoint at the end of the first.
let kept: Checkpoint | null = null;
const pool = new DevicePool(program, backend);
const save = (checkpoint: Checkpoint): Promise<string> => {
  kept = checkpoint;
  return Promise.resolve("memory");
};
const losses: number[] = [];
const lost = await kindOf(async () => {
  for await (const event of new Trainer({ pool, train, classes: 10, epochs: 2, save }).fit()) {
    if (event.type !== "step") continue;
    losses.push(event.loss);
    if (event.step === 6) backend.destroy();
  }
});
const stepsBefore = pool.optimizer.steps;
await pool.close();

const cpu = new LocalPool(program);
const trainer = new Trainer({ pool: cpu, train, classes: 10, epochs: 2 });
if (kept !== null) trainer.resume(kept);
const resumedAt = cpu.optimizer.steps;
for await (const event of trainer.fit()) if (event.type === "step") losses.push(event.loss);
await cpu.close();

const after = await kindOf(() => withBackend(backend, () => tensor([1, 2, 3])));
const second = await createWebgpuBackend({ gpu });
const tooLarge = await kindOf(() => second.allocate(1e10));
const sum = await withBackend(second, () => tensor([1, 2, 3]).add(tensor([1, 1, 1]))).read();
const later = await kindOf(() => withBackend(second, () => tensor([1]).item())).then((kind) => kind.includes("answers later"));
second.destroy();
console.log(JSON.stringify({ absent, lost, stepsBefore, resumedAt, losses, after, tooLarge, sum: [...sum], later }));
