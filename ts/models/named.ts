// Models by the names that settings and checkpoints give them: timm's, as far as it has them.
import { additive } from "./skip/additive.ts";
import { none } from "./skip/none.ts";
import { orthogonal } from "./skip/orthogonal.ts";
import type { SkipKind } from "./skip/skip.ts";
import { resnetV2, type ResNetV2 } from "./resnet-v2.ts";
import { vit, type VisionTransformer } from "./vit.ts";

/** Vision transformers by name: small and base of Oh et al. 2025, and a tiny one. */
const VITS = {
  vit_tiny_patch4: { width: 192, depth: 6, heads: 3, patch: 4 },
  vit_small_patch4: { width: 384, depth: 6, heads: 6, patch: 4 },
  vit_base_patch4: { width: 768, depth: 12, heads: 12, patch: 4 },
} as const;

/** Depths of He et al. 2016, of Oh et al. 2025, and two small ones for quick trials; vision transformers. */
export const MODEL_NAMES: readonly string[] = [
  ...[20, 32, 44, 56, 110, 164, 1001, 18, 34, 50, 101, 8, 14].map((depth) => `resnetv2_${depth}`),
  ...Object.keys(VITS),
];
export const SKIP_NAMES = ["additive", "orthogonal", "none"] as const;
export const SKIP_OVER = ["feature", "sample"] as const;

/** What decides a model's shapes and what it computes. Null stands for the model's own value. */
export type NamedModel = {
  readonly model: string;
  /** Channels of the first stage, or of a transformer's stream. */
  readonly width: number | null;
  readonly skip: (typeof SKIP_NAMES)[number];
  readonly skipOver: (typeof SKIP_OVER)[number] | null;
  readonly skipEps: number | null;
};

export interface NamedModelOptions {
  readonly classes: number;
  /** Channels of the images. */
  readonly channels: number;
  /** Height and width of the images. */
  readonly imageSize: readonly [number, number];
  readonly seed?: number;
  readonly checkpointBlocks?: number | null;
  /** Looks at the skips, for one. */
  readonly wrap?: (skip: SkipKind) => SkipKind;
}

const isVit = (name: string): name is keyof typeof VITS => Object.hasOwn(VITS, name);

function skipOf({ skip, skipOver, skipEps }: NamedModel): SkipKind {
  if (skip === "additive") return additive();
  if (skip === "none") return none();
  return orthogonal({ over: skipOver ?? "feature", eps: skipEps ?? 1e-6 });
}

/** The model of a name, with weights drawn by the seed. Error: a name that is none of MODEL_NAMES. */
export function namedModel(
  named: NamedModel,
  { classes, channels, imageSize, seed = 0, checkpointBlocks = null, wrap = (skip) => skip }: NamedModelOptions,
): ResNetV2 | VisionTransformer {
  const { model: name, width } = named;
  if (!MODEL_NAMES.includes(name)) throw new Error(`model: ${JSON.stringify(name)}, wanted one of ${MODEL_NAMES.join(", ")}`);
  const shared = {
    classes,
    channels,
    skip: wrap(skipOf(named)),
    seed,
    ...(width !== null && { width }),
    ...(checkpointBlocks !== null && { checkpointBlocks }),
  };
  return isVit(name)
    ? vit({ ...VITS[name], ...shared, size: imageSize })
    : resnetV2({ ...shared, depth: Number(name.slice(name.lastIndexOf("_") + 1)) });
}
