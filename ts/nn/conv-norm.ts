// A convolution and the batch norm behind it. In evaluation, where nothing is recorded, they are one convolution whose filter and bias
// hold the norm: the same values up to rounding.
import { foldBatchNorm, foldedConv2d, isRecording, keep, scope, type FoldedConvolution, type Tensor } from "../autograd/index.ts";
import { BatchNorm2d } from "./batch-norm.ts";
import { Conv2d } from "./conv.ts";

const convForward = Object.getOwnPropertyDescriptor(Conv2d.prototype, "forward")?.value as unknown;
const normForward = Object.getOwnPropertyDescriptor(BatchNorm2d.prototype, "forward")?.value as unknown;

/** What was folded of a model, by convolution. */
export type FoldedConvolutions = Map<Conv2d, FoldedConvolution>;

let folded: FoldedConvolutions | null = null;

/**
 * Runs `work` with every convolution folded once: what is in the map is used, what is not enters it and is kept. For models whose values no
 * longer change; the bits are those without. Who owns the map disposes of its tensors.
 */
export function foldingOnce<T>(convolutions: FoldedConvolutions, work: () => T): T {
  const before = folded;
  folded = convolutions;
  try {
    return work();
  } finally {
    folded = before;
  }
}

function foldedOf(conv: Conv2d, { running, weight, bias, eps }: BatchNorm2d): FoldedConvolution {
  const known = folded?.get(conv);
  if (known) return known;
  const made = foldBatchNorm({ filter: conv.weight, bias: conv.bias }, { statistics: running, gamma: weight, beta: bias, eps });
  folded?.set(conv, { filter: keep(made.filter), bias: keep(made.bias) });
  return made;
}

/** norm(conv(x)). Layers with a forward of their own are asked one after the other. */
export function forwardConvNorm(conv: Conv2d, norm: BatchNorm2d, x: Tensor): Tensor {
  const { forward: ofConv }: { forward: unknown } = conv;
  const { forward: ofNorm }: { forward: unknown } = norm;
  if (norm.training || isRecording() || ofConv !== convForward || ofNorm !== normForward) return norm.forward(conv.forward(x));
  return scope(() => foldedConv2d(x, foldedOf(conv, norm), { options: conv.options, relu: norm.relu }));
}
