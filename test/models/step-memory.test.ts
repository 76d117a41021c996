// What is told of a training step's memory is what a step takes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, crossEntropy, scope, tensor, wholeBatch, withBackend } from "../../ts/autograd/index.ts";
import { createDryBackend, createReferenceBackend } from "../../ts/backend/index.ts";
import { resnetV2, stepMemory, type ResNetV2Options } from "../../ts/models/index.ts";
import { Sequential } from "../../ts/nn/index.ts";
import { saying } from "../saying.ts";

const test = suite("models/step-memory");

for (const checkpointBlocks of [undefined, 1, 3])
  test(`the bytes that a real step holds at most, checkpointBlocks ${checkpointBlocks}`, () => {
    const options: ResNetV2Options = { depth: 20, width: 2, ...(checkpointBlocks !== undefined && { checkpointBlocks }) };
    const told = withBackend(createDryBackend(), () => stepMemory(resnetV2(options), [8, 8, 3], 6));
    const backend = createReferenceBackend();
    withBackend(backend, () =>
      scope(() => {
        const model = resnetV2(options);
        const x = tensor(new Float64Array(6 * 8 * 8 * 3).fill(1), [6, 8, 8, 3]);
        const labels = tensor([1, 2, 3, 4, 5, 6]);
        x.batch = labels.batch = wholeBatch(6);
        backward(crossEntropy(model.forward(x), labels));
      }),
    );
    // Numbers there have 8 bytes instead of 4.
    assert.is(2 * told, backend.memoryUse().peakBytes);
  });

test("only of a model that computes nothing", () => {
  const model = withBackend(createReferenceBackend(), () => resnetV2({ depth: 8, width: 1 }));
  assert.throws(() => stepMemory(model, [8, 8, 3], 2), saying("stepMemory: a model on the reference backend, wanted a dry one"));
  assert.throws(() => stepMemory(new Sequential(), [8, 8, 3], 2), saying("stepMemory: a model on no backend"));
});

test.run();
