// Models and the axes they are varied on.
export {
  fullPreActivation,
  normAfterAddition,
  original,
  reluBeforeAddition,
  reluPreActivation,
  type Activation,
  type ActivationOrder,
} from "./block/order.ts";
export * from "./layout.ts";
export * from "./modulation/filter-cosine.ts";
export * from "./modulation/modulated.ts";
export * from "./modulation/rule.ts";
export * from "./resnet-v1.ts";
export * from "./resnet-v2.ts";
export * from "./resnet.ts";
export * from "./reuse/branch-mask.ts";
export * from "./reuse/branches.ts";
export * from "./reuse/feature-reuse.ts";
export * from "./reuse/linear-net.ts";
export * from "./shortcut.ts";
export * from "./skip/additive.ts";
export * from "./skip/conv-shortcut.ts";
export * from "./skip/convolved-stream.ts";
export * from "./skip/drop-path.ts";
export * from "./skip/dropout-shortcut.ts";
export * from "./skip/expanded.ts";
export * from "./skip/gated.ts";
export * from "./skip/negative.ts";
export * from "./skip/none.ts";
export * from "./skip/observed.ts";
export * from "./skip/on-blocks.ts";
export * from "./skip/orthogonal.ts";
export * from "./skip/probabilistic.ts";
export * from "./skip/recursive.ts";
export * from "./skip/rezero.ts";
export * from "./skip/scaled.ts";
export * from "./skip/skip.ts";
export * from "./skip/stream-norm.ts";
export * from "./skip/stream-scaling.ts";
export * from "./skip/switch-at.ts";
export * from "./skip/unified.ts";
export * from "./skip/wrap-skip.ts";
export { usualCheckpointBlocks } from "./stage.ts";
export * from "./step-memory.ts";
export * from "./summary.ts";
export * from "./vit.ts";
export type { NormPlace } from "./block/encoder.ts";
