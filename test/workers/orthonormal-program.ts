// A small plain net with orthonormal filters, the penalty that keeps them so, and modulated errors, for tests.
import { crossEntropy } from "../../ts/autograd/index.ts";
import { modulated, modulationOf, none, resnetV1, type ResNetV1 } from "../../ts/models/index.ts";
import { init, initializeWeights, type Module } from "../../ts/nn/index.ts";
import { orthonormal, parameterGroups, SGD, type Optimizer } from "../../ts/optim/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../ts/train/index.ts";

const penalty = orthonormal({ lambda: 0.01 });

export function createModel(options: JsonObject): ResNetV1 {
  const { tau = 1.2, checkpointBlocks } = options;
  const model = resnetV1({
    depth: 8,
    width: 4,
    skip: none(),
    seed: 5,
    ...(checkpointBlocks !== undefined && { checkpointBlocks: Number(checkpointBlocks) }),
  });
  initializeWeights(model, init.orthonormalFilters(), { seed: 5 });
  return modulated(model, { tau: Number(tau), before: 3, recordEvery: 1 });
}

export function createOptimizer(model: Module): Optimizer {
  return new SGD(parameterGroups(model, { weightDecay: 1e-3, penalty }), { lr: 0.1 });
}

export function loss(model: Module, batch: Batch, { reported = true }: JsonObject): LossAndLogits {
  const logits = (model as ResNetV1).forward(batch.images);
  const data = crossEntropy(logits, batch.labels);
  return { loss: reported ? penalty.addTo(data, model) : orthonormal({ lambda: 0.01, reported: false }).addTo(data, model), logits };
}

export function observations(model: Module): JsonObject[] {
  return modulationOf(model)?.drain() ?? [];
}
