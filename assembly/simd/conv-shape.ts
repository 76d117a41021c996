// Sizes that the three convolution kernels share.

/** Longest run of products that is summed before it is added to the output. */
export const KC: i32 = 288;

/** Output rows or columns; 0 where the filter does not fit. */
export function extent(size: i32, taps: i32, stride: i32, pad: i32, dilation: i32): i32 {
  const room = size + 2 * pad - dilation * (taps - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

/** Images that are worked on together: as many as make 256 output pixels. */
export function together(n: i32, pixels: i32): i32 {
  return min(n, max(1, 256 / max(1, pixels)));
}

/** Whether every channel has a filter of its own. */
export function isDepthwise(c: i32, k: i32, groups: i32): bool {
  return groups > 1 && c == groups && k == groups;
}

/** First tap that meets the inputs (padding counted) of a residue modulo the stride, or `taps`. */
export function firstTap(residue: i32, taps: i32, stride: i32, dilation: i32): i32 {
  let i = 0;
  while (i < taps && (i * dilation) % stride != residue) ++i;
  return i;
}

/** Distance between the taps that meet the inputs of one residue. */
export function tapStep(stride: i32, dilation: i32): i32 {
  let i = 1;
  while ((i * dilation) % stride != 0) ++i;
  return i;
}
