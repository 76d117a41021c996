// What the kernels of ts/kernels/reduce.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/reduce.ts";
import { defined } from "./definition.ts";
import { rounded } from "./fills.ts";

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

function along(
  kernel: typeof kernels.reduceSum,
  f: (x: Float64Array, from: number, step: number, length: number) => number,
  rest: { readonly terms?: (numbers: Numbers) => number; readonly fill?: { readonly x: (index: number, normal: number) => number } } = {},
) {
  return defined(kernel, {
    define: ({ x, y }, { outer, length, inner }) => {
      for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) y[o * inner + i] = f(x, o * length * inner + i, inner, length);
    },
    samples,
    ...rest,
  });
}

export const reduceSum = /* @__PURE__ */ along(
  kernels.reduceSum,
  (x, from, step, length) => {
    let sum = 0;
    for (let l = 0; l < length; l++) sum += x[from + l * step];
    return sum;
  },
  { terms: ({ length }) => Math.max(1, length) },
);

export const reduceMax = /* @__PURE__ */ along(kernels.reduceMax, (x, from, step, length) => {
  let best = -Infinity;
  for (let l = 0; l < length; l++) if (larger(x[from + l * step], best)) best = x[from + l * step];
  return best;
});

export const argmax = /* @__PURE__ */ along(
  kernels.argmax,
  (x, from, step, length) => {
    let best = length > 0 ? 0 : -1;
    for (let l = 1; l < length; l++) if (larger(x[from + l * step], x[from + best * step])) best = l;
    return best;
  },
  { fill: { x: rounded } },
);

export const reduceMaxBackward = /* @__PURE__ */ defined(kernels.reduceMaxBackward, {
  define: ({ index, dy, dx }, { outer, length, inner }) => {
    for (let o = 0; o < outer; o++)
      for (let l = 0; l < length; l++)
        for (let i = 0; i < inner; i++) dx[(o * length + l) * inner + i] = index[o * inner + i] === l ? dy[o * inner + i] : 0;
  },
  samples,
  fill: { index: (index, _, { length }) => (index * 5 + 1) % Math.max(1, length) },
});

export const sumOfSquares = /* @__PURE__ */ defined(kernels.sumOfSquares, {
  define: ({ x, y }, { length }) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += x[i] * x[i];
    y[0] = sum;
  },
  samples: [0, 1, 3, 4, 5, 15, 16, 17, 33, 1000].map((length) => ({ length })),
});

export const nonfinite = /* @__PURE__ */ defined(kernels.nonfinite, {
  define: ({ x, y }, { length }) => {
    let count = 0;
    for (let i = 0; i < length; i++) if (!(Math.abs(x[i]) < Infinity)) count++;
    y[0] = count;
  },
  samples: [0, 1, 3, 4, 5, 15, 16, 17, 33, 1000].map((length) => ({ length })),
  fill: { x: (index, normal) => (index % 7 === 0 ? NaN : index % 5 === 0 ? -Infinity : index % 11 === 0 ? Infinity : normal) },
});

export const treeSum = /* @__PURE__ */ defined(kernels.treeSum, {
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
