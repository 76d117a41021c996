// A small program for tests: a pre-activation net of one unit a stage.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dropout } from "../../ts/autograd/index.ts";
import { observed, orthogonal, resnetV2, StreamRecorder, type ResNetV2 } from "../../ts/models/index.ts";
import { AdamW, parameterGroups, SGD, type Optimizer } from "../../ts/optim/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import { crossEntropy } from "../../ts/autograd/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../ts/train/index.ts";

const recorder = new StreamRecorder({ interval: 3 });

export function createModel(options: JsonObject): ResNetV2 {
  if (options["explode"] === "create") throw new Error("program: exploded on purpose");
  const { depth = 8, checkpointBlocks } = options;
  return resnetV2({
    depth: Number(depth),
    width: 4,
    skip: observed(orthogonal(), recorder),
    seed: 5,
    ...(checkpointBlocks !== undefined && { checkpointBlocks: Number(checkpointBlocks) }),
  });
}

export function createOptimizer(model: Module, options: JsonObject): Optimizer {
  const groups = parameterGroups(model, { weightDecay: 5e-4 });
  return options["optimizer"] === "adamw" ? new AdamW(groups, { lr: 0.01 }) : new SGD(groups, { lr: 0.05, nesterov: true });
}

export function loss(model: Module, batch: Batch, options: JsonObject): LossAndLogits {
  if (options["explode"] === "loss" && batch.slice.first > 0) throw new Error("program: exploded on purpose");
  const { first, ranges } = batch.slice;
  if (options["explode"] === "exit" && first > 0 && ranges.length === 4 && batch.step === 0) {
    // Once: a replacement is to live.
    const mark = join(String(options["marks"]), String(first));
    if (!existsSync(mark)) {
      writeFileSync(mark, "");
      process.exit(3);
    }
  }
  const images = options["dropout"] ? dropout(batch.images, { p: 0.2, key: [1, 2], step: batch.step }) : batch.images;
  const logits = (model as ResNetV2).forward(images);
  return { loss: crossEntropy(logits, batch.targets, { smoothing: 0.1 }), logits };
}

export function observations(): JsonObject[] {
  return recorder.drain().map((record) => ({ ...record }));
}
