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

/** Rows of zeros with a 1 at each class: classes [N] to [N, K]. What is no class has a row of zeros. */
export function oneHot(classes: Tensor, count: number): Tensor {
  if (classes.rank !== 1) throw new Error(`oneHot: ${shapeText(classes.shape)}, wanted classes [N]`);
  const columns = Float32Array.from({ length: count }, (_, index) => index);
  return equal(unsqueeze(classes, 1), tensor(columns, [1, count], { backend: classes.backend }));
}

/** Of each sample -logProbabilities at its class: [N, K] and classes [N] to [N]; what is no class counts as 0. */
export function negativeLogLikelihoods(logProbabilities: Tensor, classes: Tensor): Tensor {
  const { shape } = logProbabilities;
  if (shape.length !== 2 || classes.shape[0] !== shape[0])
    throw new Error(`negativeLogLikelihoods: ${shapeText(shape)} with classes ${shapeText(classes.shape)}, wanted [N, K] with [N]`);
  return affine(sum(multiply(logProbabilities, oneHot(classes, shape[1])), 1), -1, 0);
}

/** Mean over the batch of sum_k p_k (ln p_k - logQ_k) for probabilities p [N, K] and log-probabilities logQ [N, K]; 0 ln 0 is 0. */
export function klDivergence(logQ: Tensor, p: Tensor): Tensor {
  const one = affine(p, 0, 1);
  const logP = log(where(p, p, one));
  return mean(sum(multiply(p, subtract(logP, logQ)), -1));
}
