// What a trained net does without some of its blocks (Veit et al. 2016): where later blocks work with earlier features, a block can go and
// little is lost.
import { currentBackend, noGrad, scope, tensor, withBackend } from "../autograd/index.ts";
import type { Layer } from "../nn/index.ts";
import type { ImageBatch } from "./features.ts";

/** Images with their classes; batches of a loader are of this kind. */
export interface LabeledBatch extends ImageBatch {
  readonly labels: ArrayLike<number>;
}

/** Images of a batch whose largest logit is that of their class. */
function rightOf(model: Layer, { images, shape, labels }: LabeledBatch): number {
  // That of the weights: nets of a team have one of their own.
  const backend = model.parameters()[0]?.backend ?? currentBackend();
  const logits = withBackend(backend, () => scope(() => noGrad(() => model.forward(tensor(images, shape)).toArray())));
  const [samples] = shape;
  const classes = logits.length / samples;
  let right = 0;
  for (let sample = 0; sample < samples; sample++) {
    let best = 0;
    for (let at = 1; at < classes; at++) if (logits[sample * classes + at] > logits[sample * classes + best]) best = at;
    // NaN is no answer.
    if (best === labels[sample] && Number.isFinite(logits[sample * classes + best])) right++;
  }
  return right;
}

/**
 * Share of the images classified right, 0 to 1, in evaluation, without each of the sets of blocks; an empty set is the whole net. `remove` takes
 * blocks out of the net until it is called again, as `mask.delete` of a net whose skips are `masked`. The net is whole afterwards, and in evaluation.
 * Error: no images.
 */
export function deletionAccuracies(
  model: Layer,
  batches: readonly LabeledBatch[],
  remove: (blocks: readonly number[]) => void,
  sets: readonly (readonly number[])[],
): number[] {
  const count = batches.reduce((sum, { shape }) => sum + shape[0], 0);
  if (count === 0) throw new Error("deletionAccuracies: a set without images, wanted at least one");
  model.eval();
  try {
    return sets.map((blocks) => {
      remove(blocks);
      return batches.reduce((sum, batch) => sum + rightOf(model, batch), 0) / count;
    });
  } finally {
    remove([]);
  }
}
