// The kernels that can carry out a convolution and its gradients, for benches that hold them against each other. A new algorithm is
// an entry of ALGORITHMS.
import { conv2d, conv2dInputGradient, conv2dWeightGradient, convColumns, convRows, type ConvSizes } from "../../ts/kernels/conv.ts";
import { conv2dWinograd, conv2dWinogradInputGradient, conv2dWinogradWeightGradient } from "../../ts/kernels/winograd.ts";
import { callOf, type Call } from "./kernel-groups.ts";

/** What a convolution does in a training step, by the names of rows. */
export const PASSES = ["forward", "input_gradient", "weight_gradient"] as const;

export type Pass = (typeof PASSES)[number];

export interface Algorithm {
  readonly name: string;
  /** Whether it can do a convolution of these sizes. */
  readonly fits: (sizes: ConvSizes) => boolean;
  readonly prepare: Readonly<Record<Pass, (sizes: ConvSizes) => Call["prepare"]>>;
}

export const direct: Algorithm = {
  name: "direct",
  fits: () => true,
  prepare: {
    forward: (sizes) => callOf(conv2d, sizes),
    input_gradient: (sizes) => callOf(conv2dInputGradient, sizes),
    weight_gradient: (sizes) => callOf(conv2dWeightGradient, sizes),
  },
};

export const winograd: Algorithm = {
  name: "winograd",
  fits: ({ r, s, c, k, strideH, strideW, padH, padW, dilationH, dilationW, groups }) =>
    r === 3 &&
    s === 3 &&
    [strideH, strideW, padH, padW, dilationH, dilationW, groups].every((number) => number === 1) &&
    c % 16 === 0 &&
    k % 16 === 0,
  prepare: {
    forward: (sizes) => callOf(conv2dWinograd, sizes),
    input_gradient: (sizes) => callOf(conv2dWinogradInputGradient, sizes),
    weight_gradient: (sizes) => callOf(conv2dWinogradWeightGradient, sizes),
  },
};

/** All algorithms; the first one is what the others are compared with. */
export const ALGORITHMS: readonly Algorithm[] = [direct, winograd];

/** Floating-point operations as the definition counts them: 2 for each product. What an algorithm really does may be less. */
export function convOperations(sizes: ConvSizes): number {
  const { n, c, k, r, s, groups } = sizes;
  return (2 * n * convRows(sizes) * convColumns(sizes) * k * r * s * c) / groups;
}
