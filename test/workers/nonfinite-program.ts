// A program whose steps can be made to come to NaN or infinity: `options.plants` names, by the number of a batch, what some shards give to
// a parameter's gradient beside the true one. Nothing of the forward pass is touched.
import { crossEntropy, defineOp, sumOverSamples, type Tensor } from "../../ts/autograd/index.ts";
import { shardStart, sliceStart } from "../../ts/autograd/slice.ts";
import { observed, orthogonal, ResNetV2, resnetV2, StreamRecorder } from "../../ts/models/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import { AdamW, parameterGroups, type Optimizer } from "../../ts/optim/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../ts/train/index.ts";

export interface Plant {
  readonly key: string;
  readonly shards: readonly number[];
  readonly value: number;
}

const recorder = new StreamRecorder({ interval: 1 });

export function createModel(): ResNetV2 {
  return resnetV2({ depth: 8, width: 4, skip: observed(orthogonal(), recorder), seed: 5 });
}

export function createOptimizer(model: Module): Optimizer {
  return new AdamW(parameterGroups(model, { weightDecay: 0.01 }), { lr: 0.01 });
}

const planted = defineOp<readonly [Tensor, Tensor], Plant>("planted", {
  forward: ([images]) => images,
  vjp: (dy, _y, [, parameter], { shards, value }) => [
    null,
    () => {
      const { batch, backend } = dy;
      if (batch === null) throw new Error("planted: no batch");
      const starts = shards.map((shard) => shardStart(batch, shard) - sliceStart(batch));
      return sumOverSamples(backend, batch, dy.shape[0], parameter.shape, (from, _count, out) => {
        backend.fill(out.buffer, 0);
        if (starts.includes(from)) backend.fill(backend.view(out.buffer, 1, 1), value);
      });
    },
  ],
  samples: [],
});

export function loss(model: Module, batch: Batch, options: JsonObject): LossAndLogits {
  if (!(model instanceof ResNetV2)) throw new Error("nonfinite program: another model");
  const plant = (options["plants"] as unknown as Readonly<Record<string, Plant>> | undefined)?.[batch.step];
  let { images } = batch;
  if (plant !== undefined) {
    const parameter = model.namedParameters().find(([key]) => key === plant.key)?.[1];
    if (parameter === undefined) throw new Error(`nonfinite program: no parameter ${plant.key}`);
    images = planted([images, parameter], plant);
  }
  const logits = model.forward(images);
  return { loss: crossEntropy(logits, batch.labels), logits };
}

export function observations(): JsonObject[] {
  return recorder.drain().map((record) => ({ ...record }));
}
