// A convolution and the batch norm behind it. In evaluation, where nothing is recorded, they are one convolution whose filter and bias
// hold the norm: the same values up to rounding.
import { conv2dBatchNorm, isRecording, type Tensor } from "../autograd/index.ts";
import { BatchNorm2d } from "./batch-norm.ts";
import { Conv2d } from "./conv.ts";

const convForward = Object.getOwnPropertyDescriptor(Conv2d.prototype, "forward")?.value as unknown;
const normForward = Object.getOwnPropertyDescriptor(BatchNorm2d.prototype, "forward")?.value as unknown;

/** norm(conv(x)). Layers with a forward of their own are asked one after the other. */
export function forwardConvNorm(conv: Conv2d, norm: BatchNorm2d, x: Tensor): Tensor {
  const { forward: ofConv }: { forward: unknown } = conv;
  const { forward: ofNorm }: { forward: unknown } = norm;
  if (norm.training || isRecording() || ofConv !== convForward || ofNorm !== normForward) return norm.forward(conv.forward(x));
  const { running, weight, bias, eps, relu } = norm;
  return conv2dBatchNorm(
    x,
    { filter: conv.weight, bias: conv.bias, options: conv.options },
    { statistics: running, gamma: weight, beta: bias, eps, relu },
  );
}
