// The branches of a residual net that may be left out: those of blocks that keep the stream's shape, but for the first, whose activation
// belongs to the stem.
import type { ResNetV2 } from "../resnet-v2.ts";
import type { Branch } from "./feature-reuse.ts";

/** Parts of a block that belong to its stream. */
const TRUNK = new Set(["downsample", "skip"]);

export function branchesOf(model: ResNetV2): Branch[] {
  return model.stages
    .flatMap(({ blocks }) => blocks)
    .flatMap((block, index) => {
      const parts = block.children();
      if (index === 0 || parts.some(([name]) => name === "downsample")) return [];
      return [{ index, modules: parts.flatMap(([name, part]) => (TRUNK.has(name) ? [] : [part])) }];
    });
}
