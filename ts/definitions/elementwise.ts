// What the kernels of ts/kernels/elementwise.ts compute, in float64, and the sizes they are checked on.
import * as kernels from "../kernels/elementwise.ts";
import { stridedCopy } from "../kernels/elementwise.ts";
import { defined } from "./definition.ts";
import { asDrawn, away, lengths, rounded, type Fill } from "./fills.ts";
import { unary } from "./unary.ts";

function binary(kernel: typeof kernels.add, f: (a: number, b: number) => number, fill: Fill = asDrawn) {
  return defined(kernel, {
    define: ({ a, b, y }, { length }) => {
      for (let i = 0; i < length; i++) y[i] = f(a[i], b[i]);
    },
    samples: lengths,
    fill: { a: fill, b: fill },
  });
}

export const add = /* @__PURE__ */ binary(kernels.add, (a, b) => a + b);

export const subtract = /* @__PURE__ */ binary(kernels.subtract, (a, b) => a - b);

export const multiply = /* @__PURE__ */ binary(kernels.multiply, (a, b) => a * b);

export const divide = /* @__PURE__ */ binary(kernels.divide, (a, b) => a / b, away);

export const maximum = /* @__PURE__ */ binary(kernels.maximum, (a, b) => Math.max(a, b));

export const minimum = /* @__PURE__ */ binary(kernels.minimum, (a, b) => Math.min(a, b));

export const greater = /* @__PURE__ */ binary(kernels.greater, (a, b) => (a > b ? 1 : 0), rounded);

export const greaterEqual = /* @__PURE__ */ binary(kernels.greaterEqual, (a, b) => (a >= b ? 1 : 0), rounded);

export const equal = /* @__PURE__ */ binary(kernels.equal, (a, b) => (a === b ? 1 : 0), rounded);

export const addRelu = /* @__PURE__ */ binary(kernels.addRelu, (a, b) => (a + b < 0 ? 0 : a + b));

export const relu = /* @__PURE__ */ unary(kernels.relu, (x) => (x < 0 ? 0 : x), asDrawn);

export const absolute = /* @__PURE__ */ unary(kernels.absolute, Math.abs, asDrawn);

export const sign = /* @__PURE__ */ unary(kernels.sign, Math.sign, rounded);

export const sqrt = /* @__PURE__ */ unary(kernels.sqrt, Math.sqrt, (_, normal) => Math.abs(normal));

export const reciprocal = /* @__PURE__ */ unary(kernels.reciprocal, (x) => 1 / x, away);

export const reluBackward = /* @__PURE__ */ defined(kernels.reluBackward, {
  define: ({ x, dy, dx }, { length }) => {
    for (let i = 0; i < length; i++) dx[i] = x[i] <= 0 ? 0 : dy[i];
  },
  samples: lengths,
  fill: { x: rounded },
});

export const affine = /* @__PURE__ */ defined(kernels.affine, {
  define: ({ x, y }, { length, scale, shift }) => {
    for (let i = 0; i < length; i++) y[i] = x[i] * scale + shift;
  },
  samples: lengths.map(({ length }) => ({ length, scale: -1.3, shift: 0.7 })),
});

export const clamp = /* @__PURE__ */ defined(kernels.clamp, {
  define: ({ x, y }, { length, low, high }) => {
    for (let i = 0; i < length; i++) y[i] = Math.min(Math.max(x[i], low), high);
  },
  samples: lengths.map(({ length }) => ({ length, low: -0.8, high: 0.4 })),
});

export const multiplyAdd = /* @__PURE__ */ defined(kernels.multiplyAdd, {
  define: ({ a, b, c, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = a[i] * b[i] + c[i];
  },
  samples: lengths,
});

export const where = /* @__PURE__ */ defined(kernels.where, {
  define: ({ condition, a, b, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = condition[i] !== 0 ? a[i] : b[i];
  },
  samples: lengths,
  fill: { condition: (index) => ((index * 7) >> 1) & 1 },
});

export const accumulate = /* @__PURE__ */ defined(kernels.accumulate, {
  define: ({ x, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] += x[i];
  },
  samples: lengths,
});

/** Row-major strides of the sizes. */
function dense(sizes: readonly number[]): number[] {
  const strides = [...sizes];
  for (let j = sizes.length - 1, step = 1; j >= 0; step *= Math.max(1, sizes[j--])) strides[j] = step;
  return strides;
}

export const copyStrided = /* @__PURE__ */ defined(kernels.copyStrided, {
  define: ({ x, y }, n) => {
    for (let a = 0; a < n.d0; a++)
      for (let b = 0; b < n.d1; b++)
        for (let c = 0; c < n.d2; c++)
          for (let d = 0; d < n.d3; d++)
            for (let e = 0; e < n.d4; e++)
              for (let f = 0; f < n.d5; f++) {
                const from = n.xOffset + a * n.x0 + b * n.x1 + c * n.x2 + d * n.x3 + e * n.x4 + f * n.x5;
                y[n.yOffset + a * n.y0 + b * n.y1 + c * n.y2 + d * n.y3 + e * n.y4 + f * n.y5] = x[from];
              }
  },
  samples: [
    ...[0, 1, 5, 16, 67].map((length) => stridedCopy([length], [1], [1])),
    // Transposes around the tile.
    ...[
      [1, 1],
      [3, 5],
      [4, 4],
      [8, 8],
      [9, 4],
      [17, 13],
      [64, 33],
      [0, 3],
    ].map(([m, n]) => stridedCopy([n, m], [1, n], [m, 1])),
    // A slice, a flip, a broadcast over rows, one over columns, a scalar, every third.
    stridedCopy([5, 7], [11, 1], [7, 1], 2 * 11 + 3),
    stridedCopy([3, 6], [6, -1], [6, 1], 5),
    stridedCopy([4, 9], [0, 1], [9, 1]),
    stridedCopy([4, 9], [1, 0], [9, 1]),
    stridedCopy([21], [0], [1], 2),
    stridedCopy([10], [3], [1]),
    stridedCopy([10], [1], [3], 0, 1),
    // Into a window of y.
    stridedCopy([3, 5], [5, 1], [9, 1], 0, 2 * 9 + 2),
    // NHWC to NCHW and back, a permutation of five axes, a batch of transposes, six axes that do not merge.
    stridedCopy([2, 5, 3, 4], [60, 1, 20, 5], dense([2, 5, 3, 4])),
    stridedCopy([2, 3, 4, 5], [60, 4, 1, 12], dense([2, 3, 4, 5])),
    stridedCopy([2, 3, 4, 2, 3], [3, 6, 18, 72, 1], dense([2, 3, 4, 2, 3])),
    stridedCopy([3, 10, 6], [60, 1, 10], dense([3, 10, 6])),
    stridedCopy([2, 3, 2, 3, 2, 5], [1, 2, 6, 12, 36, 72], dense([2, 3, 2, 3, 2, 5])),
  ],
  tolerance: () => 0,
});
