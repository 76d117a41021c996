// The program of `perpend train` with a fault: in the batches that PERPEND_TEST_NAN names, by their numbers from 0, one sample of shard 1
// becomes NaN on its way into the net.
import { defineOp, type Tensor } from "../../ts/autograd/index.ts";
import { shardStart, sliceStart } from "../../ts/autograd/slice.ts";
import * as program from "../../ts/cli/settings/training-program.ts";
import type { Module } from "../../ts/nn/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../ts/train/index.ts";

export { createModel, createOptimizer, observations } from "../../ts/cli/settings/training-program.ts";

const SHARD = 1;

const poisoned = defineOp<readonly [Tensor], { readonly sample: number }>("poisoned", {
  forward: ([x], { sample }) => {
    const values = x.toArray();
    values[sample * (values.length / x.shape[0])] = NaN;
    x.backend.write(x.buffer, values);
    return x;
  },
  vjp: () => [null],
  samples: [],
});

export function loss(model: Module, batch: Batch, options: JsonObject): LossAndLogits {
  const { slice, images } = batch;
  const isHere = (process.env["PERPEND_TEST_NAN"] ?? "").split(" ").includes(String(batch.step));
  if (!isHere || SHARD < slice.first || SHARD >= slice.last) return program.loss(model, batch, options);
  const value = poisoned([images], { sample: shardStart(slice, SHARD) - sliceStart(slice) });
  return program.loss(model, Object.create(batch, { images: { value } }) as Batch, options);
}
