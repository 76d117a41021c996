// A run on pools of several sizes that is stopped and gone on with: what the tests of resuming share.
import { RandomStream } from "../../ts/random.ts";
import {
  arrayDataset,
  createTeam,
  DataLoader,
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
  readonly batchSize: number;
  readonly shards: number;
  readonly accumulate: number;
}

const CLASSES = 10;

/** Random images, in batches of which the last is smaller, augmented. */
function loaderOf({ seed, image, batchSize, shards }: Run): DataLoader {
  const draws = new RandomStream(seed, "test images");
  const samples = Math.floor(4.3 * batchSize);
  const images = Uint8Array.from({ length: samples * image.height * image.width * image.channels }, (_, index) =>
    draws.integer(256, index),
  );
  const labels = Uint8Array.from({ length: samples }, (_, index) => draws.integer(CLASSES, index, 1));
  const channels = { mean: new Array<number>(image.channels).fill(0.5), std: new Array<number>(image.channels).fill(0.3) };
  const augment = { crop: { padding: 1 }, flip: 0.5, erase: { probability: 0.3, fill: "noise" as const } };
  return new DataLoader(arrayDataset(images, labels, { classes: CLASSES, image, ...channels }), {
    ...{ batchSize, shards, seed, augment },
    shuffle: true,
  });
}

/** The calling thread's pool for no workers, else a team. */
export async function openPool({ module, program, options, emaDecay }: Run, workers: number): Promise<Pool> {
  return workers === 0 ? new LocalPool(program, { options, emaDecay }) : createTeam({ module, workers, options, emaDecay });
}

/** A trainer of the run on a pool, and the links of its chain of digests by step. */
export function trainerOf(
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
    classes: CLASSES,
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
export async function finish(trainer: Trainer): Promise<void> {
  for await (const event of trainer.fit()) void event;
}
