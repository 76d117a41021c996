// The branches of a net that may be left out. Of residual nets those of blocks that keep the stream's shape, but for the first, whose
// activation belongs to the stem; of vision transformers every attention and every MLP, with the norm in front of it; of linear nets all.
import type { Layer, Module } from "../../nn/index.ts";
import { ResNet } from "../resnet.ts";
import { VisionTransformer } from "../vit.ts";
import type { Branch } from "./feature-reuse.ts";
import { LinearResNet } from "./linear-net.ts";

/** Nets whose blocks add branches to a stream. */
export type Branched = ResNet | VisionTransformer | LinearResNet;

/** Parts of a residual net's block that belong to its stream. */
const TRUNK = new Set(["downsample", "skip"]);

function ofResNet(model: ResNet): Branch[] {
  return model.stages
    .flatMap(({ blocks }) => blocks)
    .flatMap((block, index) => {
      const parts = block.children();
      if (index === 0 || parts.some(([name]) => name === "downsample")) return [];
      return [{ index, modules: parts.flatMap(([name, part]) => (TRUNK.has(name) ? [] : [part])) }];
    });
}

/** Norms behind an addition stay with the stream. */
function ofTransformer({ blocks }: VisionTransformer): Branch[] {
  return blocks.flatMap(({ place, norm1, attn, norm2, mlp }, block) => {
    const withNorm = (norm: Module | null, part: Module): Module[] => (norm && place === "pre" ? [norm, part] : [part]);
    return [
      { index: 2 * block, modules: withNorm(norm1, attn) },
      { index: 2 * block + 1, modules: withNorm(norm2, mlp) },
    ];
  });
}

/** The branches that training may leave out. */
export function branchesOf(model: Branched): Branch[] {
  if (model instanceof VisionTransformer) return ofTransformer(model);
  if (model instanceof LinearResNet) return model.blocks.map(({ fc }, index) => ({ index, modules: [fc] }));
  return ofResNet(model);
}

/** The blocks in their order: layers whose outputs are the stream between them. */
export function blocksOf(model: Branched): Layer[] {
  return model instanceof ResNet ? model.stages.flatMap(({ blocks }) => blocks) : [...model.blocks];
}

/** How many additions the net has: two a block of a transformer, else one. */
export function additionsOf(model: Branched): number {
  return model instanceof VisionTransformer ? 2 * model.blocks.length : blocksOf(model).length;
}
