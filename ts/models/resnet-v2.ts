// Pre-activation residual nets with any skip.
//   resnetV2({ depth: 20 })   He et al. 2016: depths 6n+2 (20, 32, 44, 56, 110) of basic units, 9n+2 (164, 1001) of bottlenecks; widths
//                             16/32/64; convolutions without bias; first activation before the first split, BN-ReLU after the last unit.
//   resnetV2({ depth: 18 })   Oh et al. 2025: ResNetV2-18/34/50/101, stem 3x3 conv 64 + BN + ReLU, widths 64/128/256/512, convolutions
//                             with bias, projections of the raw stream, by default no BN-ReLU after the last unit (`finalNorm`).
//   resnetV2({ depth: 200, layout: imageNetLayout() })   He et al. 2016 for large images.
import { initialize, uninitialized } from "../nn/index.ts";
import { fullPreActivation } from "./block/order.ts";
import { cifarLayout, wideLayout, type LayoutKind } from "./layout.ts";
import { ResNet, type ResNetOptions } from "./resnet.ts";

export type ResNetV2Options = ResNetOptions;

const WIDE = [18, 34, 50, 101];

/** The paper that has this depth, He et al. where units are named. */
function usualLayout(): LayoutKind {
  return {
    label: "usual",
    at: (depth, block) => (block === undefined && WIDE.includes(depth) ? wideLayout() : cifarLayout()).at(depth, block),
  };
}

/** A pre-activation residual net, unless another order is given. */
export class ResNetV2 extends ResNet {
  constructor(options: ResNetV2Options) {
    super({ ...options, order: options.order ?? fullPreActivation(), layout: options.layout ?? usualLayout() });
  }
}

/** A pre-activation residual net with weights drawn by `seed`. */
export function resnetV2(options: ResNetV2Options): ResNetV2 {
  return initialize(
    uninitialized(() => new ResNetV2(options)),
    { seed: options.seed ?? 0 },
  );
}
