// The original residual nets of He et al. 2015 (arXiv 1512.03385): ReLU after the addition, BN-ReLU in the stem, nothing behind the last unit.
//   resnetV1({ depth: 110 })                            6n+2 of basic units; 164 and 1001 of bottlenecks, whose projections have batch norm
//   resnetV1({ depth: 110, block: "single" })           3n+2 of units with one convolution
//   resnetV1({ depth: 50, layout: imageNetLayout() })   for large images
import { initialize, uninitialized } from "../nn/index.ts";
import { original } from "./block/order.ts";
import { cifarLayout } from "./layout.ts";
import { ResNet, type ResNetOptions } from "./resnet.ts";

/** An original residual net, unless another order is given. */
export class ResNetV1 extends ResNet {
  constructor(options: ResNetOptions) {
    super({ ...options, order: options.order ?? original(), layout: options.layout ?? cifarLayout() });
  }
}

/** An original residual net with weights drawn by `seed`. */
export function resnetV1(options: ResNetOptions): ResNetV1 {
  return initialize(
    uninitialized(() => new ResNetV1(options)),
    { seed: options.seed ?? 0 },
  );
}
