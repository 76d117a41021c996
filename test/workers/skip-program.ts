// A net whose three blocks have a switched, a random and a recursive skip, for tests.
import { crossEntropy } from "../../ts/autograd/index.ts";
import {
  additive,
  dropPath,
  onBlocks,
  orthogonal,
  probabilistic,
  recursive,
  resnetV2,
  rezero,
  streamBatchNorm,
  switchAt,
  unified,
  type ResNetV2,
} from "../../ts/models/index.ts";
import { AdamW, parameterGroups, type Optimizer } from "../../ts/optim/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import type { Batch, LossAndLogits } from "../../ts/train/index.ts";

const switched = switchAt(2, additive(), unified());
const random = probabilistic(0.5, dropPath(0.4, orthogonal(), { per: "sample" }), { otherwise: rezero(undefined, { start: 0.5 }) });
const repeated = recursive(2, { norm: streamBatchNorm(), inner: dropPath(0.5) });

export function createModel(): ResNetV2 {
  return resnetV2({ depth: 8, width: 4, skip: onBlocks([0], switched, onBlocks([1], random, repeated)), seed: 5 });
}

export function createOptimizer(model: Module): Optimizer {
  return new AdamW(parameterGroups(model, { weightDecay: 5e-4 }), { lr: 0.01 });
}

export function loss(model: Module, batch: Batch): LossAndLogits {
  const logits = (model as ResNetV2).forward(batch.images);
  return { loss: crossEntropy(logits, batch.labels), logits };
}
