// Twenty steps of a small ResNet-20, written for any engine: the package is handed in. What comes out is the digest of the weights.
import type * as Package from "../../../ts/index.ts";

export type Perpend = typeof Package;

/** What a runtime answers. */
export interface Answer {
  /** The digest after training on the calling thread. */
  readonly alone: string;
  /** After training by teams of workers, by what was done; empty where there are no threads. */
  readonly teams: Readonly<Record<string, string>>;
  /** Whether the entry is the one of Node, which alone can choose wide code. */
  readonly isNode: boolean;
}

export function programOf(perpend: Perpend): Package.Program {
  return {
    createModel: () => perpend.resnetV2({ depth: 20, width: 8, classes: 10, seed: 1 }),
    createOptimizer: (model) => new perpend.SGD(perpend.parameterGroups(model, { weightDecay: 1e-4 }), { lr: 0.1, momentum: 0.9 }),
  };
}

/** The digest after twenty steps, which closes the pool. */
export async function twentySteps(perpend: Perpend, pool: Package.Pool): Promise<string> {
  const data = perpend.shapes({ count: 160, seed: 2 });
  const train = new perpend.DataLoader(data, { batchSize: 16, shuffle: true, seed: 3, augment: { crop: { padding: 4 }, flip: 0.5 } });
  const schedule = perpend.schedule.cosine({ lr: 0.1, total: 20, warmup: 5 });
  const trainer = new perpend.Trainer({ pool, train, classes: data.classes, epochs: 2, maxSteps: 20, schedule });
  let steps = 0;
  for await (const event of trainer.fit()) if (event.type === "step") steps++;
  if (steps !== 20) throw new Error(`twenty steps: ${steps} were made, wanted 20`);
  const digest = perpend.digest(pool.model);
  await pool.close();
  return digest;
}

export async function alone(perpend: Perpend): Promise<Answer> {
  const digest = await twentySteps(perpend, new perpend.LocalPool(programOf(perpend)));
  return { alone: digest, teams: {}, isNode: "kernelPath" in perpend };
}
