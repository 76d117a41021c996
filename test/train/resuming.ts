// A run that is stopped at every step and gone on with on another number of threads: all bytes of its checkpoints and the chain of digests
// are those of the run that nothing stops.
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { RandomStream } from "../../ts/random.ts";
import {
  arrayDataset,
  CheckpointStore,
  createTeam,
  DataLoader,
  decodeCheckpoint,
  encodeCheckpoint,
  LocalPool,
  schedule,
  Trainer,
  type Dataset,
  type Pool,
  type Program,
  type StepDigest,
  type TrainerOptions,
} from "../../ts/node.ts";
import type { JsonObject } from "../../ts/train/index.ts";

export interface Run {
  readonly module: URL;
  readonly program: Program;
  readonly options: JsonObject;
  readonly emaDecay: number;
  readonly steps: number;
  readonly seed: number;
  /** Height, width and channels of the images. */
  readonly image: Dataset["image"];
  readonly classes: number;
  readonly batchSize: number;
  readonly shards: number;
  readonly accumulate: number;
}

/** Random images, in batches of which the last is smaller, augmented. */
function loaderOf({ seed, image, classes, batchSize, shards }: Run): DataLoader {
  const draws = new RandomStream(seed, "test images");
  const samples = Math.floor(4.3 * batchSize);
  const images = Uint8Array.from({ length: samples * image.height * image.width * image.channels }, (_, index) =>
    draws.integer(256, index),
  );
  const labels = Uint8Array.from({ length: samples }, (_, index) => draws.integer(classes, index, 1));
  const channels = { mean: new Array<number>(image.channels).fill(0.5), std: new Array<number>(image.channels).fill(0.3) };
  const augment = { crop: { padding: 1 }, flip: 0.5, erase: { probability: 0.3, fill: "noise" as const } };
  return new DataLoader(arrayDataset(images, labels, { classes, image, ...channels }), {
    ...{ batchSize, shards, seed, augment },
    shuffle: true,
  });
}

/** The calling thread's pool for no workers, else a team. */
async function openPool({ module, program, options, emaDecay }: Run, workers: number): Promise<Pool> {
  return workers === 0 ? new LocalPool(program, { options, emaDecay }) : createTeam({ module, workers, options, emaDecay });
}

/** A trainer of the run on a pool, and the links of its chain of digests by step. */
function trainerOf(
  run: Run,
  pool: Pool,
  options: Partial<TrainerOptions> = {},
): { readonly trainer: Trainer; readonly chain: Map<number, string> } {
  const chain = new Map<number, string>();
  const record = (digest: StepDigest | { readonly begin: number; readonly chain: string }): void => {
    chain.set("begin" in digest ? digest.begin : digest.step, digest.chain);
  };
  const trainer = new Trainer({
    pool,
    train: loaderOf(run),
    classes: run.classes,
    epochs: 1_000_000,
    accumulate: run.accumulate,
    schedule: schedule.cosine({ lr: 0.01, total: run.steps, warmup: 3 }),
    clipGrad: 1,
    maxSteps: run.steps,
    digests: { record },
    ...options,
  });
  return { trainer, chain };
}

/** Trains to the end of what the trainer's options allow. */
async function finish(trainer: Trainer): Promise<void> {
  for await (const event of trainer.fit()) void event;
}

/** The run that nothing stops. */
export interface Whole {
  /** Bytes of the checkpoint at the beginning and after every step. */
  readonly bytes: readonly Uint8Array[];
  /** The last link of the chain of digests. */
  readonly last: string;
}

/** Does the run on the calling thread without a stop. */
export async function wholeRun(run: Run): Promise<Whole> {
  const pool = await openPool(run, 0);
  const { trainer, chain } = trainerOf(run, pool);
  const bytes = [encodeCheckpoint(trainer.checkpoint())];
  for await (const event of trainer.fit()) if (event.type === "step") bytes.push(encodeCheckpoint(trainer.checkpoint()));
  await pool.close();
  return { bytes, last: chain.get(run.steps) ?? "" };
}

const equalBytes = (found: Uint8Array, wanted: Uint8Array): boolean => Buffer.compare(found, wanted) === 0;

/** Pools of all these sizes. Teams are used again and again, by runs at other steps: what they keep beside a checkpoint's values would show. */
export class Pools {
  private readonly run: Run;
  private readonly workers: readonly number[];
  private readonly teams = new Map<number, Pool>();

  constructor(run: Run, workers: readonly number[]) {
    this.run = run;
    this.workers = workers;
  }

  private async take(turn: number): Promise<Pool> {
    const workers = this.workers[turn % this.workers.length];
    const known = this.teams.get(workers);
    if (known !== undefined) return known;
    const made = await openPool(this.run, workers);
    if (workers > 0) this.teams.set(workers, made);
    return made;
  }

  /** One step, a checkpoint in a file, and on from there on other threads. */
  async stopAfterEveryStep({ bytes, last }: Whole, folder: string): Promise<void> {
    const { run } = this;
    const store = new CheckpointStore({ dir: folder });
    for (let step = 0; step < run.steps; step++) {
      const pool = await this.take(step);
      const { trainer, chain } = trainerOf(run, pool, {
        maxSteps: step + 1,
        save: (checkpoint, about) => store.save(about.step, encodeCheckpoint(checkpoint)),
      });
      const found = await store.latest();
      assert.is(found === undefined, step === 0);
      trainer.resume(found?.checkpoint ?? decodeCheckpoint(bytes[0], "the beginning"));
      await finish(trainer);
      const saved = readFileSync(store.pathOf(step + 1));
      assert.ok(equalBytes(saved, bytes[step + 1]), `other bytes after step ${step + 1} on ${pool.workers} workers`);
      if (step + 1 === run.steps) assert.is(chain.get(run.steps), last);
    }
  }

  /** From every step to the end. */
  async goOnFromEveryStep({ bytes, last }: Whole): Promise<void> {
    const { run } = this;
    for (let step = 0; step < run.steps; step++) {
      const pool = await this.take(step + 2);
      const { trainer, chain } = trainerOf(run, pool);
      trainer.resume(decodeCheckpoint(bytes[step], `step ${step}`));
      await finish(trainer);
      const where = `from step ${step} on ${pool.workers} workers`;
      assert.is(chain.get(run.steps), last, where);
      assert.is(chain.size, run.steps + 1 - step, where);
      assert.ok(equalBytes(encodeCheckpoint(trainer.checkpoint()), bytes[run.steps]), `other bytes ${where}`);
    }
  }

  async close(): Promise<void> {
    for (const pool of this.teams.values()) await pool.close();
  }
}
