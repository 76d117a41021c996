// Group normalization on channels-last images; a row is an image's group, its pixels and channels.
import { rowNorm } from "./row-norm.ts";
import type { GpuKernels } from "./source.ts";

const { forward, backward, affineGradient } = rowNorm({
  name: "group_norm",
  integers: ["pixels", "c", "groups", "share"],
  derive: ({ c, groups }) => ({ share: c / groups }),
  declarations: `
fn channel_of(row: u32, j: u32) -> u32 { return row % u.groups * u.share + j % u.share; }
fn place_of(row: u32, j: u32) -> u32 { return (row / u.groups * u.pixels + j / u.share) * u.c + channel_of(row, j); }`,
  rowOf: "l / u.pixels * u.groups + i / u.share",
  extent: ({ n, pixels, c, groups }) => ({ rows: n * groups, cols: (pixels * c) / groups }),
  pixels: ({ n, pixels, c }) => ({ length: n * pixels, inner: c }),
});

export const kernels: GpuKernels = {
  group_norm_f32: forward,
  group_norm_backward_f32: {
    ...(affineGradient.scratch && { scratch: affineGradient.scratch }),
    passes: (numbers, target) => [...backward.passes(numbers, target), ...affineGradient.passes(numbers, target)],
  },
};
