// The skips whose cost `bench --only skips` measures, with the settings of the papers.
import {
  additive,
  convolvedStream,
  convShortcut,
  dropoutShortcut,
  dropPath,
  expanded,
  gated,
  negative,
  none,
  orthogonal,
  probabilistic,
  recursive,
  rezero,
  scaled,
  streamBatchNorm,
  streamLayerNorm,
  streamScaling,
  unified,
  type SkipKind,
} from "../../ts/models/index.ts";

/** A skip, and the nets it is measured on. */
interface Costed {
  readonly of: () => SkipKind;
  /** Both where it is not given. */
  readonly net?: "resnet" | "vit";
}

export const skipKinds: Readonly<Record<string, Costed>> = {
  additive: { of: () => additive() },
  orthogonal: { of: () => orthogonal() },
  orthogonal_sample: { of: () => orthogonal({ over: "sample" }) },
  orthogonal_half: { of: () => probabilistic(0.5, orthogonal()) },
  negative: { of: () => negative(orthogonal()) },
  stream_scaling: { of: () => streamScaling(orthogonal()) },
  rezero: { of: () => rezero() },
  unified: { of: () => unified() },
  convolved_stream: { of: () => convolvedStream(), net: "resnet" },
  scaled: { of: () => scaled({ shortcut: 0.5, branch: 0.5 }) },
  gated: { of: () => gated(), net: "resnet" },
  conv_shortcut: { of: () => convShortcut(), net: "resnet" },
  dropout_shortcut: { of: () => dropoutShortcut(), net: "resnet" },
  none: { of: () => none(), net: "resnet" },
  expanded: { of: () => expanded(2) },
  expanded_layer_norm: { of: () => expanded(2, { norm: streamLayerNorm() }) },
  expanded_batch_norm: { of: () => expanded(2, { norm: streamBatchNorm() }), net: "resnet" },
  recursive_2_layer_norm: { of: () => recursive(2, { norm: streamLayerNorm() }) },
  recursive_2_batch_norm: { of: () => recursive(2, { norm: streamBatchNorm() }), net: "resnet" },
  drop_path: { of: () => dropPath(0.1) },
};
