// Layer normalization over the last axis.
import { rowNorm } from "./row-norm.ts";
import type { GpuKernels } from "./source.ts";

const { forward, backward, affineGradient } = rowNorm({
  name: "layer_norm",
  declarations: `
fn place_of(row: u32, j: u32) -> u32 { return row * u.cols + j; }
fn channel_of(row: u32, j: u32) -> u32 { return j; }`,
  rowOf: "l",
  extent: ({ rows, c }) => ({ rows, cols: c }),
  pixels: ({ rows, c }) => ({ length: rows, inner: c }),
});

export const kernels: GpuKernels = {
  layer_norm_f32: forward,
  layer_norm_backward_f32: backward,
  layer_norm_affine_gradient_f32: affineGradient,
};
