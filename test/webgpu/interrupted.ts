// A run on a device that has trouble in mid-training, and goes on from its last checkpoint on the CPU.
import { DevicePool, LocalPool, Trainer, type Checkpoint } from "../../ts/node.ts";
import type { WebgpuBackend } from "../../ts/webgpu.ts";
import { batchesOf, endOf, program } from "./linearly.ts";

export interface Trouble {
  readonly batch: number;
  readonly cause: (backend: WebgpuBackend) => void;
  /** What is tried on the same device afterwards, where something is. */
  readonly afterwards?: (pool: DevicePool) => Promise<unknown>;
}

/** How it ended on the device, and what the CPU made of it. */
export interface Interrupted {
  readonly error: string;
  readonly stepsBefore: number;
  readonly after: string | undefined;
  readonly resumedAt: number;
  readonly losses: readonly number[];
}

/** Two epochs of four updates; trouble comes in the second, after a checkpoint at the end of the first, from where the CPU goes on. */
export async function interrupted(backend: WebgpuBackend, { batch, cause, afterwards }: Trouble): Promise<Interrupted> {
  const train = batchesOf(batch);
  const pool = new DevicePool(program, backend);
  let kept: Checkpoint | null = null;
  const save = (checkpoint: Checkpoint): Promise<string> => {
    kept = checkpoint;
    return Promise.resolve("memory");
  };
  const losses: number[] = [];
  const error = await endOf(async () => {
    for await (const event of new Trainer({ pool, train, classes: 10, epochs: 2, save }).fit()) {
      if (event.type !== "step") continue;
      losses.push(event.loss);
      if (event.step === 6) cause(backend);
    }
  });
  const stepsBefore = pool.optimizer.steps;
  const after = afterwards && (await endOf(() => afterwards(pool)));
  await pool.close();

  const cpu = new LocalPool(program);
  const trainer = new Trainer({ pool: cpu, train, classes: 10, epochs: 2 });
  if (kept !== null) trainer.resume(kept);
  const resumedAt = cpu.optimizer.steps;
  for await (const event of trainer.fit()) if (event.type === "step") losses.push(event.loss);
  await cpu.close();
  return { error, stepsBefore, after, resumedAt, losses };
}
