// What a training step holds in memory, known without running it.
import { backward, crossEntropy, empty, scope, wholeBatch, withBackend, type Shape } from "../autograd/index.ts";
import type { Layer } from "../nn/index.ts";

/**
 * Bytes that forward and backward pass of a batch hold at the same time at most: weights, activations and gradients, without the
 * optimizer's state and what arenas round up. `model` maps inputs of the given shape to logits. Error: a model that is not on a dry
 * backend, where nothing is computed.
 */
export function stepMemory(model: Layer, input: Shape, batch: number): number {
  const backend = model.parameters()[0]?.backend;
  if (backend?.name !== "dry")
    throw new Error(`stepMemory: a model on ${backend ? `the ${backend.name}` : "no"} backend, wanted a dry one`);
  model.train();
  withBackend(backend, () =>
    scope(() => {
      const x = empty([batch, ...input], backend);
      const labels = empty([batch], backend);
      x.batch = labels.batch = wholeBatch(batch);
      backward(crossEntropy(model.forward(x), labels));
    }),
  );
  return backend.memoryUse().peakBytes;
}
