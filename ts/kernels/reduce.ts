// Sums, largest values and their indices along one axis of [outer, length, inner], sums over a whole buffer, and the
// fixed binary tree that adds the parts of shards. Which element goes into which partial sum is part of a backend's contract.
import { kernel } from "./kernel.ts";

function along(name: string) {
  return kernel({
    name,
    buffers: { x: "in", y: "out" },
    numbers: ["outer", "length", "inner"],
    lengths: ({ outer, length, inner }) => ({ x: outer * length * inner, y: outer * inner }),
  });
}

/** y[o, i] = sum_l x[o, l, i]; an empty sum is 0. */
export const reduceSum = /* @__PURE__ */ along("reduce_sum_f32");

/** The largest along the axis, NaN where there is one, -infinity where there is nothing. */
export const reduceMax = /* @__PURE__ */ along("reduce_max_f32");

/** Index along the axis of the largest, the first of equals and of NaNs; -1 where there is nothing. Exact up to 2^24. */
export const argmax = /* @__PURE__ */ along("argmax_f32");

/** dx[o, l, i] = l = index[o, i] ? dy[o, i] : 0 */
export const reduceMaxBackward = /* @__PURE__ */ kernel({
  name: "reduce_max_backward_f32",
  buffers: { index: "in", dy: "in", dx: "out" },
  numbers: ["outer", "length", "inner"],
  lengths: ({ outer, length, inner }) => ({ index: outer * inner, dy: outer * inner, dx: outer * length * inner }),
});

/** y[0] = sum x^2, summed in float64 and rounded once. */
export const sumOfSquares = /* @__PURE__ */ kernel({
  name: "sum_of_squares_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ x: length, y: 1 }),
});

/** y[0] = how many of x are NaN or infinite. */
export const nonfinite = /* @__PURE__ */ kernel({
  name: "nonfinite_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ x: length, y: 1 }),
});

/**
 * total[j] = sum of parts[s, j] over s, added in a fixed binary tree: for k = 1, 2, 4, ... part i takes part i + k where i is
 * a multiple of 2k. No other kernel may sum shards.
 */
export const treeSum = /* @__PURE__ */ kernel({
  name: "tree_sum_f32",
  buffers: { parts: "in", total: "out" },
  numbers: ["count", "width"],
  lengths: ({ count, width }) => ({ parts: count * width, total: width }),
});
