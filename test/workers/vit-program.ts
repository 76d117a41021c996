// A small vision transformer for tests: measured orthogonal skips dropped by chance, AdamW with rates by layer.
import { dropPath, growing, observed, orthogonal, StreamRecorder, vit, type VisionTransformer } from "../../ts/models/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import { AdamW, layerDecayGroups, type Optimizer } from "../../ts/optim/index.ts";
import type { JsonObject } from "../../ts/train/index.ts";

const recorder = new StreamRecorder({ interval: 3 });

export function createModel(options: JsonObject): VisionTransformer {
  const { checkpointBlocks } = options;
  return vit({
    ...{ size: 32, patch: 8, width: 24, heads: 3, depth: 2, mlpRatio: 2, affine: true, seed: 5 },
    skip: observed(dropPath(growing(0.3), orthogonal()), recorder),
    ...(checkpointBlocks !== undefined && { checkpointBlocks: Number(checkpointBlocks) }),
  });
}

export function createOptimizer(model: Module): Optimizer {
  return new AdamW(layerDecayGroups(model as VisionTransformer, { layerDecay: 0.7, weightDecay: 0.05 }), { lr: 0.01 });
}

export function observations(): JsonObject[] {
  return recorder.drain().map((record) => ({ ...record }));
}
