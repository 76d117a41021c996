// A device that is destroyed in the middle of a run, and what a device refuses. Prints what happened as JSON.
import {
  DataLoader,
  DevicePool,
  initialize,
  Layer,
  Linear,
  LocalPool,
  parameterGroups,
  reshape,
  SGD,
  shapes,
  tensor,
  Trainer,
  withBackend,
  type Checkpoint,
  type Program,
  type Tensor,
} from "../../ts/node.ts";
import { createWebgpuBackend, DeviceError } from "../../ts/webgpu.ts";
import { testGpu } from "./driver.ts";

/** One layer: few shaders to compile. */
class Linearly extends Layer {
  readonly fc = new Linear(3072, 10);

  forward(x: Tensor): Tensor {
    return this.fc.forward(reshape(x, [x.shape[0], 3072]));
  }
}

const program: Program = {
  createModel: () => initialize(new Linearly(), { seed: 5 }),
  createOptimizer: (model) => new SGD(parameterGroups(model), { lr: 0.001 }),
};
const train = new DataLoader(shapes({ count: 16, seed: 3 }), { batchSize: 4, shuffle: true, seed: 4 });

const kindOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return "none";
  } catch (error) {
    return error instanceof DeviceError ? error.kind : `another error: ${String(error)}`;
  }
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
