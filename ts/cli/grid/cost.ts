// What runs cost before they start: FLOPs and memory by a dry run of the model, time by a few steps on this machine.
import { totalmem } from "node:os";
import { withBackend } from "../../autograd/index.ts";
import { createDryBackend } from "../../backend/index.ts";
import { stepMemory, summarizeModel, usualCheckpointBlocks } from "../../models/index.ts";
import { uninitialized, type Layer } from "../../nn/index.ts";
import type { Labels } from "../../recipes/evaluate.ts";
import type { Experiment, RunOptions } from "../../recipes/recipe.ts";
import type { Scale, Setting } from "../../recipes/setting.ts";
import { formatCount } from "../../report/numbers.ts";
import type { Pool, RawBatch } from "../../train/index.ts";

/** Bytes that a WebAssembly memory can have. */
const ADDRESS_SPACE = 2 ** 32;

export interface Cost {
  readonly parameters: number;
  /** FLOPs of a run: 2 a multiply-add, three times the forward pass for a step of training, once for evaluation. */
  readonly flops: number;
  /** Bytes that a step holds at most, weights and optimizer included. */
  readonly bytes: number;
  readonly steps: number;
}

function dryModel(experiment: Experiment, options: RunOptions): Layer {
  return withBackend(createDryBackend(), () => uninitialized(() => experiment.createModel({ ...options, observeEvery: 0 })));
}

/** What is known of a run's options before its data is read. */
export function expectedOptions(experiment: Experiment, recipe: string, choice: Labels, scale: Scale, setting: Setting): RunOptions {
  const { classes, image, trainImages } = experiment.data(choice, scale);
  const images = Math.min(setting.trainImages ?? Infinity, trainImages);
  const updatesPerEpoch = Math.ceil(images / setting.batch);
  return { recipe, choice, setting, classes, image: { ...image }, seed: 1, updatesPerEpoch, observeEvery: 0 };
}

/** The cost of one run. */
export function costOf(experiment: Experiment, options: RunOptions, scale: Scale): Cost {
  const { choice, setting, image, updatesPerEpoch } = options;
  const { epochs, batch } = setting;
  const data = experiment.data(choice, scale);
  const trained = Math.min(setting.trainImages ?? Infinity, data.trainImages);
  const judged = Math.min(setting.testImages ?? Infinity, data.testImages);
  const input = [image.height, image.width, image.channels];
  const { flops, parameters, otherState } = summarizeModel(dryModel(experiment, options), input);
  const held = stepMemory(dryModel(experiment, options), input, batch);
  // Two copies of weights and of at most two states beside each.
  const bytes = held + 4 * (5 * parameters + 2 * otherState);
  return { parameters, flops: epochs * flops * (3 * trained + judged), bytes, steps: epochs * updatesPerEpoch };
}

/** Bytes that a run may take here. */
export function roomFor(limit = process.constrainedMemory?.() ?? 0): number {
  const machine = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.min(ADDRESS_SPACE, machine);
}

const mib = (bytes: number): string => `${formatCount(Math.ceil(bytes / 2 ** 20))} MiB`;

/** Refuses a run that does not fit, with what would. */
export function checkMemory(what: string, experiment: Experiment, options: RunOptions, cost: Cost, scale: Scale, room = roomFor()): void {
  if (cost.bytes <= room) return;
  const advice: string[] = [];
  const { setting } = options;
  if (setting.checkpointBlocks === undefined) {
    const blocks = Math.max(
      1,
      [...dryModel(experiment, options).namedModules()].filter(([path]) => /(^|\.)blocks\.\d+$/.test(path)).length,
    );
    const checkpointBlocks = usualCheckpointBlocks(blocks);
    const less = costOf(experiment, { ...options, setting: { ...setting, checkpointBlocks } }, scale);
    if (less.bytes <= room) advice.push(`--checkpoint-blocks ${checkpointBlocks}, which takes ${mib(less.bytes)} and 1.4 times as long`);
  }
  const smaller = scale === "paper" ? "desk" : "smoke";
  advice.push(`--scale ${smaller}`);
  throw new Error(`${what}: a step takes ${mib(cost.bytes)} of memory, here are ${mib(room)}; wanted ${advice.join(", or ")}`);
}

/**
 * Seconds of a step: the least of a few, after one that warms up. Weights stay as they are, so that nothing diverges here that would
 * diverge in its run. The pool is not to be used afterwards.
 */
export async function timedStep(pool: Pool, batch: RawBatch, steps = 3): Promise<number> {
  pool.optimizer.lr = 0;
  let least = Infinity;
  for (let step = 0; step <= steps; step++) {
    const begin = performance.now();
    await pool.step(batch);
    if (step > 0) least = Math.min(least, (performance.now() - begin) / 1000);
  }
  return least;
}
