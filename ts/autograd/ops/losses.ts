// Losses beside cross-entropy and the mean squared error, each the mean over the whole batch.
import { tensor } from "../create.ts";
import { wantOptions } from "../../options.ts";
import { shapeText, type Tensor } from "../tensor.ts";
import { log } from "./activation.ts";
import { absolute, affine, equal, minimum, multiply, subtract, where } from "./elementwise.ts";
import { mean, sum } from "./reduce.ts";
import { unsqueeze } from "./views.ts";

/** Mean of |x - target| over all values. */
export function meanAbsoluteError(x: Tensor, target: Tensor): Tensor {
  return mean(absolute(subtract(x, target)));
}

/** Mean over all values of d^2 / 2 where d = |x - target| is below delta, else of delta (d - delta / 2). */
export function huber(x: Tensor, target: Tensor, { delta = 1, ...others }: { delta?: number } = {}): Tensor {
  wantOptions("huber", others, "delta");
  if (!(delta > 0)) throw new Error(`huber: delta ${delta}, wanted above 0`);
  const d = absolute(subtract(x, target));
  const near = minimum(d, delta);
  return mean(multiply(near, subtract(d, affine(near, 0.5, 0))));
}

/** A 1 at each class among zeros: classes [...] to [..., count]. What is no class has zeros alone. */
export function oneHot(classes: Tensor, count: number): Tensor {
  if (!Number.isInteger(count) || count < 1) throw new Error(`oneHot: ${count} classes, wanted at least 1`);
  const columns = Float32Array.from({ length: count }, (_, index) => index);
  return equal(unsqueeze(classes, -1), tensor(columns, [count], { backend: classes.backend }));
}

/**
 * -logProbabilities at each class: [..., K] and classes [...] to [...]; what is no class counts as 0. The loss without reduction: logits
 * [N, H, W, K] of every pixel give mean(negativeLogLikelihoods(logSoftmax(logits), classes)) with classes [N, H, W].
 */
export function negativeLogLikelihoods(logProbabilities: Tensor, classes: Tensor): Tensor {
  const { shape, rank } = logProbabilities;
  if (rank < 1 || shapeText(shape.slice(0, -1)) !== shapeText(classes.shape))
    throw new Error(`negativeLogLikelihoods: ${shapeText(shape)} with classes ${shapeText(classes.shape)}, wanted [..., K] with [...]`);
  return affine(sum(multiply(logProbabilities, oneHot(classes, shape[rank - 1])), -1), -1, 0);
}

/** Mean over the batch of sum_k p_k (ln p_k - logQ_k) for probabilities p [N, K] and log-probabilities logQ [N, K]; 0 ln 0 is 0. */
export function klDivergence(logQ: Tensor, p: Tensor): Tensor {
  const one = affine(p, 0, 1);
  const logP = log(where(p, p, one));
  return mean(sum(multiply(p, subtract(logP, logQ)), -1));
}
