// Elementwise kernels: arithmetic, comparison, relu, and the strided copy behind transposes, broadcasts and slices.
// The output may be any input (y === a). NaN stays NaN through every function here except the comparisons, which give 0.
// Backends run them with operands as float32 and every multiply-add rounded twice.
import { kernel } from "./kernel.ts";

const lengths = [0, 1, 3, 4, 5, 15, 16, 17, 31, 64, 257].map((length) => ({ length }));

const away = (_: number, normal: number) => (normal < 0 ? normal - 0.25 : normal + 0.25);
const rounded = (_: number, normal: number) => Math.trunc(normal * 2);

type Fill = (index: number, normal: number) => number;

function unary(name: string, f: (x: number) => number, fill: Fill = (_, normal) => normal) {
  return kernel({
    name,
    buffers: { x: "in", y: "out" },
    numbers: ["length"],
    lengths: ({ length }) => ({ x: length, y: length }),
    define: ({ x, y }, { length }) => {
      for (let i = 0; i < length; i++) y[i] = f(x[i]);
    },
    samples: lengths,
    fill: { x: fill },
  });
}

function binary(name: string, f: (a: number, b: number) => number, fill: Fill = (_, normal) => normal) {
  return kernel({
    name,
    buffers: { a: "in", b: "in", y: "out" },
    numbers: ["length"],
    lengths: ({ length }) => ({ a: length, b: length, y: length }),
    define: ({ a, b, y }, { length }) => {
      for (let i = 0; i < length; i++) y[i] = f(a[i], b[i]);
    },
    samples: lengths,
    fill: { a: fill, b: fill },
  });
}

export const add = /* @__PURE__ */ binary("add_f32", (a, b) => a + b);
export const subtract = /* @__PURE__ */ binary("subtract_f32", (a, b) => a - b);
export const multiply = /* @__PURE__ */ binary("multiply_f32", (a, b) => a * b);
export const divide = /* @__PURE__ */ binary("divide_f32", (a, b) => a / b, away);
/** The larger; NaN where either is NaN. */
export const maximum = /* @__PURE__ */ binary("maximum_f32", (a, b) => Math.max(a, b));
/** The smaller; NaN where either is NaN. */
export const minimum = /* @__PURE__ */ binary("minimum_f32", (a, b) => Math.min(a, b));
/** a > b ? 1 : 0 */
export const greater = /* @__PURE__ */ binary("greater_f32", (a, b) => (a > b ? 1 : 0), rounded);
/** a >= b ? 1 : 0 */
export const greaterEqual = /* @__PURE__ */ binary("greater_equal_f32", (a, b) => (a >= b ? 1 : 0), rounded);
/** a = b ? 1 : 0 */
export const equal = /* @__PURE__ */ binary("equal_f32", (a, b) => (a === b ? 1 : 0), rounded);
/** relu(a + b) */
export const addRelu = /* @__PURE__ */ binary("add_relu_f32", (a, b) => (a + b < 0 ? 0 : a + b));

export const relu = /* @__PURE__ */ unary("relu_f32", (x) => (x < 0 ? 0 : x));
export const absolute = /* @__PURE__ */ unary("absolute_f32", Math.abs);
/** -1, 0 or 1; NaN of NaN. */
export const sign = /* @__PURE__ */ unary("sign_f32", Math.sign, rounded);
export const sqrt = /* @__PURE__ */ unary("sqrt_f32", Math.sqrt, (_, normal) => Math.abs(normal));
/** 1 / x */
export const reciprocal = /* @__PURE__ */ unary("reciprocal_f32", (x) => 1 / x, away);

/** dx = x <= 0 ? 0 : dy, so that a NaN of x lets dy through. */
export const reluBackward = /* @__PURE__ */ kernel({
  name: "relu_backward_f32",
  buffers: { x: "in", dy: "in", dx: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ x: length, dy: length, dx: length }),
  define: ({ x, dy, dx }, { length }) => {
    for (let i = 0; i < length; i++) dx[i] = x[i] <= 0 ? 0 : dy[i];
  },
  samples: lengths,
  fill: { x: rounded },
});

/** y = x * scale + shift */
export const affine = /* @__PURE__ */ kernel({
  name: "affine_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length", "scale", "shift"],
  lengths: ({ length }) => ({ x: length, y: length }),
  define: ({ x, y }, { length, scale, shift }) => {
    for (let i = 0; i < length; i++) y[i] = x[i] * scale + shift;
  },
  samples: lengths.map(({ length }) => ({ length, scale: -1.3, shift: 0.7 })),
});

/** y = min(max(x, low), high); NaN stays. */
export const clamp = /* @__PURE__ */ kernel({
  name: "clamp_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length", "low", "high"],
  lengths: ({ length }) => ({ x: length, y: length }),
  define: ({ x, y }, { length, low, high }) => {
    for (let i = 0; i < length; i++) y[i] = Math.min(Math.max(x[i], low), high);
  },
  samples: lengths.map(({ length }) => ({ length, low: -0.8, high: 0.4 })),
});

/** y = a * b + c */
export const multiplyAdd = /* @__PURE__ */ kernel({
  name: "multiply_add_f32",
  buffers: { a: "in", b: "in", c: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ a: length, b: length, c: length, y: length }),
  define: ({ a, b, c, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = a[i] * b[i] + c[i];
  },
  samples: lengths,
});

/** y = condition != 0 ? a : b */
export const where = /* @__PURE__ */ kernel({
  name: "where_f32",
  buffers: { condition: "in", a: "in", b: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ condition: length, a: length, b: length, y: length }),
  define: ({ condition, a, b, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] = condition[i] !== 0 ? a[i] : b[i];
  },
  samples: lengths,
  fill: { condition: (index) => ((index * 7) >> 1) & 1 },
});

/** y += x */
export const accumulate = /* @__PURE__ */ kernel({
  name: "accumulate_f32",
  buffers: { x: "in", y: "inout" },
  numbers: ["length"],
  lengths: ({ length }) => ({ x: length, y: length }),
  define: ({ x, y }, { length }) => {
    for (let i = 0; i < length; i++) y[i] += x[i];
  },
  samples: lengths,
});

/** Elements a buffer must hold for these sizes, strides and offset: one past the farthest index, 0 where a size is 0. */
function reach(offset: number, sizes: readonly number[], strides: readonly number[]): number {
  let last = offset;
  for (let j = 0; j < 6; j++) {
    if (sizes[j] === 0) return 0;
    if (strides[j] > 0) last += (sizes[j] - 1) * strides[j];
  }
  return last + 1;
}

/** Row-major strides of the sizes. */
function dense(sizes: readonly number[]): number[] {
  const strides = [...sizes];
  for (let j = sizes.length - 1, step = 1; j >= 0; step *= Math.max(1, sizes[j--])) strides[j] = step;
  return strides;
}

/** The numbers of `copyStrided` for sizes and strides of any rank up to 6. */
export function stridedCopy(sizes: readonly number[], xStrides: readonly number[], yStrides: readonly number[], xOffset = 0, yOffset = 0) {
  const rank = sizes.length;
  if (rank > 6) throw new Error(`copy_strided: ${rank} axes, wanted at most 6`);
  if (xStrides.length !== rank || yStrides.length !== rank) {
    throw new Error(`copy_strided: ${xStrides.length} and ${yStrides.length} strides, wanted ${rank}`);
  }
  const at = (values: readonly number[], j: number, absent: number) => (j + rank < 6 ? absent : values[j + rank - 6]);
  return {
    d0: at(sizes, 0, 1),
    d1: at(sizes, 1, 1),
    d2: at(sizes, 2, 1),
    d3: at(sizes, 3, 1),
    d4: at(sizes, 4, 1),
    d5: at(sizes, 5, 1),
    x0: at(xStrides, 0, 0),
    x1: at(xStrides, 1, 0),
    x2: at(xStrides, 2, 0),
    x3: at(xStrides, 3, 0),
    x4: at(xStrides, 4, 0),
    x5: at(xStrides, 5, 0),
    y0: at(yStrides, 0, 0),
    y1: at(yStrides, 1, 0),
    y2: at(yStrides, 2, 0),
    y3: at(yStrides, 3, 0),
    y4: at(yStrides, 4, 0),
    y5: at(yStrides, 5, 0),
    xOffset,
    yOffset,
  };
}

/**
 * y[yOffset + sum i_j * y_j] = x[xOffset + sum i_j * x_j] for all index tuples i below (d0..d5). Strides are in elements;
 * those of x may be 0 (broadcast) or negative (flip). The other elements of y stay. y must not overlap x.
 */
export const copyStrided = /* @__PURE__ */ kernel({
  name: "copy_strided_f32",
  buffers: { x: "in", y: "inout" },
  numbers: [
    ...(["d0", "d1", "d2", "d3", "d4", "d5", "x0", "x1", "x2", "x3", "x4", "x5"] as const),
    ...(["y0", "y1", "y2", "y3", "y4", "y5", "xOffset", "yOffset"] as const),
  ],
  lengths: (n) => {
    const sizes = [n.d0, n.d1, n.d2, n.d3, n.d4, n.d5];
    return {
      x: reach(n.xOffset, sizes, [n.x0, n.x1, n.x2, n.x3, n.x4, n.x5]),
      y: reach(n.yOffset, sizes, [n.y0, n.y1, n.y2, n.y3, n.y4, n.y5]),
    };
  },
  scratch: () => 24,
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
