// How many directions features use: the entropy of the covariance's eigenvalues, and its exponential, the effective rank (Roy and Vetterli
// 2007), as in arXiv 2505.11881, section 4.3.
import { exp, log } from "../math.ts";
import { symmetricEigenvalues } from "./eigenvalues.ts";
import type { Features } from "./features.ts";
import { centered, products, turned } from "./moments.ts";

/**
 * Eigenvalues of the covariance of features, largest first: at most as many as features or samples, the others are 0. Divided by
 * samples - 1. Error: fewer than two samples.
 */
export function covarianceSpectrum(features: Features): Float64Array {
  const own = centered("covarianceSpectrum", features);
  // Of the products of features or of those of samples, whichever are fewer: both have the same eigenvalues but for zeros.
  const few = own.width <= own.samples ? own : turned(own);
  return symmetricEigenvalues(products(few, few)).map((value) => Math.max(0, value) / (features.samples - 1));
}

/** Entropy of the covariance's eigenvalues over their sum, in nats. Error: features that do not vary. */
export function spectralEntropy(features: Features): number {
  const spectrum = covarianceSpectrum(features);
  let sum = 0;
  for (const value of spectrum) sum += value;
  if (!(sum > 0)) throw new Error(`spectralEntropy: ${features.samples} equal samples, wanted features that vary`);
  let entropy = 0;
  for (const value of spectrum) if (value > 0) entropy -= (value / sum) * log(value / sum);
  return entropy;
}

/** e to the spectral entropy: from 1, all along one direction, to the number of features. */
export function effectiveRank(features: Features): number {
  return exp(spectralEntropy(features));
}

/** The mean over features of their standard deviation over the samples (unbiased). Error: fewer than two samples. */
export function featureDeviation(features: Features): number {
  const { samples, width, values } = centered("featureDeviation", features);
  const squares = new Float64Array(width);
  for (let at = 0; at < values.length; at++) squares[at % width] += values[at] * values[at];
  let sum = 0;
  for (const square of squares) sum += Math.sqrt(square / (samples - 1));
  return sum / width;
}
