// Sums, largest values and their indices along one axis of [outer, length, inner], sums over a whole buffer, and the
// fixed binary tree that adds the parts of shards. Which element goes into which partial sum is part of a backend's contract.
import { kernel } from "./kernel.ts";

type Numbers = { readonly outer: number; readonly length: number; readonly inner: number };

/** Below, on and around the vector and the unrolled loop, along both axes. */
const samples: Numbers[] = [
  ...[0, 1, 3, 4, 5, 15, 16, 17, 31, 33, 100].map((length) => ({ outer: 3, length, inner: 1 })),
  ...[1, 2, 3, 4, 5, 15, 16, 17, 33, 64].map((inner) => ({ outer: 2, length: 7, inner })),
  { outer: 1, length: 5000, inner: 1 },
  { outer: 1, length: 300, inner: 20 },
  { outer: 2, length: 0, inner: 5 },
  { outer: 0, length: 4, inner: 5 },
  { outer: 4, length: 3, inner: 0 },
];

/** NaN counts as larger than all else. */
const larger = (a: number, b: number) => a > b || (a !== a && b === b);
const rounded = (_: number, normal: number) => Math.trunc(normal * 2);

function along(
  name: string,
  f: (x: Float64Array, from: number, step: number, length: number) => number,
  rest: { readonly terms?: (numbers: Numbers) => number; readonly fill?: { readonly x: (index: number, normal: number) => number } } = {},
) {
  return kernel({
    name,
    buffers: { x: "in", y: "out" },
    numbers: ["outer", "length", "inner"],
    lengths: ({ outer, length, inner }) => ({ x: outer * length * inner, y: outer * inner }),
    define: ({ x, y }, { outer, length, inner }) => {
      for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) y[o * inner + i] = f(x, o * length * inner + i, inner, length);
    },
    samples,
    ...rest,
  });
}

/** y[o, i] = sum_l x[o, l, i]; an empty sum is 0. */
export const reduceSum = /* @__PURE__ */ along(
  "reduce_sum_f32",
  (x, from, step, length) => {
    let sum = 0;
    for (let l = 0; l < length; l++) sum += x[from + l * step];
    return sum;
  },
  { terms: ({ length }) => Math.max(1, length) },
);

/** The largest along the axis, NaN where there is one, -infinity where there is nothing. */
export const reduceMax = /* @__PURE__ */ along("reduce_max_f32", (x, from, step, length) => {
  let best = -Infinity;
  for (let l = 0; l < length; l++) if (larger(x[from + l * step], best)) best = x[from + l * step];
  return best;
});

/** Index along the axis of the largest, the first of equals and of NaNs; -1 where there is nothing. Exact up to 2^24. */
export const argmax = /* @__PURE__ */ along(
  "argmax_f32",
  (x, from, step, length) => {
    let best = length > 0 ? 0 : -1;
    for (let l = 1; l < length; l++) if (larger(x[from + l * step], x[from + best * step])) best = l;
    return best;
  },
  { fill: { x: rounded } },
);

/** dx[o, l, i] = l = index[o, i] ? dy[o, i] : 0 */
export const reduceMaxBackward = /* @__PURE__ */ kernel({
  name: "reduce_max_backward_f32",
  buffers: { index: "in", dy: "in", dx: "out" },
  numbers: ["outer", "length", "inner"],
  lengths: ({ outer, length, inner }) => ({ index: outer * inner, dy: outer * inner, dx: outer * length * inner }),
  define: ({ index, dy, dx }, { outer, length, inner }) => {
    for (let o = 0; o < outer; o++)
      for (let l = 0; l < length; l++)
        for (let i = 0; i < inner; i++) dx[(o * length + l) * inner + i] = index[o * inner + i] === l ? dy[o * inner + i] : 0;
  },
  samples,
  fill: { index: (index, _, { length }) => (index * 5 + 1) % Math.max(1, length) },
});

/** y[0] = sum x^2, summed in float64 and rounded once. */
export const sumOfSquares = /* @__PURE__ */ kernel({
  name: "sum_of_squares_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ x: length, y: 1 }),
  define: ({ x, y }, { length }) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += x[i] * x[i];
    y[0] = sum;
  },
  samples: [0, 1, 3, 4, 5, 15, 16, 17, 33, 1000].map((length) => ({ length })),
});

/** y[0] = how many of x are NaN or infinite. */
export const nonfinite = /* @__PURE__ */ kernel({
  name: "nonfinite_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ x: length, y: 1 }),
  define: ({ x, y }, { length }) => {
    let count = 0;
    for (let i = 0; i < length; i++) if (!(Math.abs(x[i]) < Infinity)) count++;
    y[0] = count;
  },
  samples: [0, 1, 3, 4, 5, 15, 16, 17, 33, 1000].map((length) => ({ length })),
  fill: { x: (index, normal) => (index % 7 === 0 ? NaN : index % 5 === 0 ? -Infinity : index % 11 === 0 ? Infinity : normal) },
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
  define: ({ parts, total }, { count, width }) => {
    for (let j = 0; j < width; j++) {
      const sums = Array.from({ length: count }, (_, s) => parts[s * width + j]);
      for (let k = 1; k < count; k *= 2) for (let i = 0; i + k < count; i += 2 * k) sums[i] += sums[i + k];
      total[j] = count > 0 ? sums[0] : 0;
    }
  },
  samples: [
    ...[0, 1, 2, 3, 5, 7, 8, 9, 16, 24, 31].map((count) => ({ count, width: 6 })),
    ...[0, 1, 3, 4, 15, 16, 17, 65].map((width) => ({ count: 12, width })),
  ],
  terms: ({ count }) => Math.max(1, count),
});
