// Smallest values, variance, norms and log-sum-exp, made of sums and largest values.
import { noGrad } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { wantOptions } from "../../options.ts";
import { exp, log } from "./activation.ts";
import { add, affine, multiply, sqrt, subtract } from "./elementwise.ts";
import { argmax, max, mean, resolveAxes, sum, type Axes, type ExtremeOptions, type ReduceOptions } from "./reduce.ts";
import { squeeze } from "./views.ts";
import { countAlong } from "../strided.ts";

const negative = (x: Tensor): Tensor => affine(x, -1, 0);

/** Smallest value along an axis or of all, as max; the gradient goes to the first of equals. */
export function min(x: Tensor, along: number | ExtremeOptions = {}): Tensor {
  return negative(max(negative(x), along));
}

/** Index of the smallest value along an axis (the last by default), the first of equals; without a gradient. */
export function argmin(x: Tensor, along: number | ExtremeOptions = {}): Tensor {
  return argmax(negative(x), along);
}

export interface VarianceOptions extends ReduceOptions {
  /** What is taken from the number of values that the squares are divided by: 1 by default, as in PyTorch; 0 for the biased variance. */
  readonly correction?: number;
}

/** sum (x - mean)^2 / (n - correction) over axes, all by default; over the batch axis of a batch, of the whole batch. */
export function variance(x: Tensor, options: Axes | VarianceOptions = {}): Tensor {
  const given: VarianceOptions = typeof options === "object" && !("length" in options) ? options : { axes: options };
  wantOptions("variance", given, "axes", "keepDims", "correction");
  const { axes, keepDims = false, correction = 1 } = given;
  const over = resolveAxes("variance", x.shape, axes);
  const count = countAlong(x, over);
  const away = subtract(x, mean(x, { axes: over, keepDims: true }));
  return affine(mean(multiply(away, away), { axes: over, keepDims }), count / (count - correction), 0);
}

/** Square root of the variance. Its gradient is infinite where all values are equal. */
export function standardDeviation(x: Tensor, options: Axes | VarianceOptions = {}): Tensor {
  return sqrt(variance(x, options));
}

/** sqrt(sum x^2) over axes, all by default. Its gradient is infinite at 0. */
export function norm(x: Tensor, axes: Axes | ReduceOptions = {}): Tensor {
  return sqrt(sum(multiply(x, x), axes));
}

/** ln sum e^x along an axis, the last by default; nothing overflows. */
export function logSumExp(x: Tensor, axis = -1): Tensor {
  const top = noGrad(() => max(x, { axis, keepDims: true }));
  return squeeze(add(log(sum(exp(subtract(x, top)), { axes: axis, keepDims: true })), top), axis);
}
