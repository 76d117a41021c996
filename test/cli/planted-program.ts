// The program of `perpend train` with a fault: in one step a shard's contribution to the gradient of one parameter is changed in one
// element. PERPEND_TEST_PLANT says where: `step=3 key=head.fc.weight shard=2`; with `only=checkpointBlocks`, which changes no bit, in runs
// alone that have this setting. With the key alone there is no fault, but the same contributions.
import { defineOp, sumOverSamples, type Tensor } from "../../ts/autograd/index.ts";
import type { Module } from "../../ts/nn/index.ts";
import type { Batch, JsonObject, LossAndLogits } from "../../ts/train/index.ts";
import { shardStart, sliceStart } from "../../ts/autograd/slice.ts";
import * as program from "../../ts/cli/settings/training-program.ts";

export { createModel, createOptimizer, observations } from "../../ts/cli/settings/training-program.ts";

/** A float32 that no rounding hides. */
const FAULT = 2 ** -12;
const ELEMENT = 5;

interface Plant {
  /** The first sample of the shard, where the fault is here and now. */
  readonly sample: number | null;
}

/** The logits, and a contribution to the gradient of a parameter that is 0 but where the fault is. */
const planted = defineOp<readonly [Tensor, Tensor], Plant>("planted", {
  forward: ([logits]) => logits,
  vjp: (dy, _y, [, parameter], { sample }) => [
    () => dy,
    () =>
      sumOverSamples(dy.backend, dy.batch, dy.shape[0], parameter.shape, (from, _count, out) => {
        const values = new Float32Array(parameter.size);
        if (from === sample) values[ELEMENT] = FAULT;
        dy.backend.write(out.buffer, values);
      }),
  ],
  samples: [],
});

export function loss(model: Module, batch: Batch, options: JsonObject): LossAndLogits {
  const plant = new Map((process.env["PERPEND_TEST_PLANT"] ?? "").split(" ").map((word) => word.split("=") as [string, string]));
  const only = plant.get("only");
  const isHere = plant.has("step") && batch.step + 1 === Number(plant.get("step")) && (only === undefined || options[only] !== null);
  const shard = Number(plant.get("shard"));
  const { slice } = batch;
  const isHeld = shard >= slice.first && shard < slice.last;
  const sample = isHere && isHeld ? shardStart(slice, shard) - sliceStart(slice) : null;
  const key = plant.get("key");
  const parameter = model.namedParameters().find(([name]) => name === key)?.[1];
  if (parameter === undefined) throw new Error(`planted program: no parameter ${key}`);
  // The images go through it: every parameter comes later in the forward pass.
  const { images } = batch;
  images.requiresGrad = false;
  const result = planted([images, parameter], { sample });
  const altered = Object.create(batch, { images: { value: result } }) as Batch;
  return program.loss(model, altered, options);
}
