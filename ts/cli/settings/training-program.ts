// The program that `perpend train` trains, as the calling thread and every worker import it: settings to model, optimizer and loss.
import { crossEntropy } from "../../autograd/index.ts";
import { observed, ResNetV2, StreamRecorder, VisionTransformer } from "../../models/index.ts";
import { namedModel } from "../../models/named.ts";
import type { Module } from "../../nn/index.ts";
import { Adam, AdamW, parameterGroups, SGD, type Optimizer } from "../../optim/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../train/index.ts";
import type { TrainSettings } from "./settings.ts";

export type ProgramOptions = TrainSettings & {
  readonly classes: number;
  /** Channels of the images. */
  readonly channels: number;
  /** Height and width of the images. */
  readonly imageSize: readonly [number, number];
  /** Batches between two measurements of a block's skip; 0 measures nothing. */
  readonly observeEvery: number;
};

const read = (options: JsonObject): ProgramOptions => options as unknown as ProgramOptions;

const recorders = new WeakMap<Module, StreamRecorder>();

export function createModel(options: JsonObject): ResNetV2 | VisionTransformer {
  const settings = read(options);
  const recorder = settings.observeEvery > 0 ? new StreamRecorder({ interval: settings.observeEvery }) : null;
  const model = namedModel(settings, { ...settings, ...(recorder && { wrap: (skip) => observed(skip, recorder) }) });
  if (recorder) recorders.set(model, recorder);
  return model;
}

export function createOptimizer(model: Module, options: JsonObject): Optimizer {
  const { opt, lr, momentum, nesterov, optBetas, optEps, weightDecay, decayAll } = read(options);
  const groups = parameterGroups(model, { weightDecay, decayAll });
  if (opt === "sgd") return new SGD(groups, { lr, momentum: momentum ?? 0, nesterov: nesterov ?? false, weightDecay });
  const [beta1, beta2] = optBetas ?? [0.9, 0.999];
  const adam = { lr, betas: [beta1, beta2] as const, eps: optEps ?? 1e-8, weightDecay };
  return opt === "adam" ? new Adam(groups, adam) : new AdamW(groups, adam);
}

export function loss(model: Module, batch: Batch, options: JsonObject): LossAndLogits {
  if (!(model instanceof ResNetV2 || model instanceof VisionTransformer))
    throw new Error("training program: a model that is not its own, wanted one of createModel");
  const logits = model.forward(batch.images);
  return { loss: crossEntropy(logits, batch.targets, { smoothing: read(options).smoothing }), logits };
}

/** Blocks of a model. */
export function blocksOf(model: Module): number {
  return [...model.namedModules()].filter(([path]) => /(^|\.)blocks\.\d+$/.test(path)).length;
}

/** Additions to the stream that observations() tells of: one a block, two in a transformer's. */
export function additionsOf(model: Module): number {
  return (model instanceof VisionTransformer ? 2 : 1) * blocksOf(model);
}

/** What the skips were measured to do since the last call. */
export function observations(model: Module): readonly JsonObject[] {
  const found = recorders.get(model)?.drain() ?? [];
  return found.map((record) => ({ ...record }));
}
