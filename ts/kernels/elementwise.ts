// Elementwise kernels: arithmetic, comparison, relu, and the strided copy behind transposes, broadcasts and slices.
// The output may be any input (y === a). NaN stays NaN through every function here except the comparisons, which give 0.
// Backends run them with operands as float32 and every multiply-add rounded twice.
import { kernel } from "./kernel.ts";

function unary(name: string) {
  return kernel({ name, buffers: { x: "in", y: "out" }, numbers: ["length"], lengths: ({ length }) => ({ x: length, y: length }) });
}

function binary(name: string) {
  return kernel({
    name,
    buffers: { a: "in", b: "in", y: "out" },
    numbers: ["length"],
    lengths: ({ length }) => ({ a: length, b: length, y: length }),
  });
}

export const add = /* @__PURE__ */ binary("add_f32");

export const subtract = /* @__PURE__ */ binary("subtract_f32");

export const multiply = /* @__PURE__ */ binary("multiply_f32");

export const divide = /* @__PURE__ */ binary("divide_f32");

/** The larger; NaN where either is NaN. */
export const maximum = /* @__PURE__ */ binary("maximum_f32");

/** The smaller; NaN where either is NaN. */
export const minimum = /* @__PURE__ */ binary("minimum_f32");

/** a > b ? 1 : 0 */
export const greater = /* @__PURE__ */ binary("greater_f32");

/** a >= b ? 1 : 0 */
export const greaterEqual = /* @__PURE__ */ binary("greater_equal_f32");

/** a = b ? 1 : 0 */
export const equal = /* @__PURE__ */ binary("equal_f32");

/** relu(a + b) */
export const addRelu = /* @__PURE__ */ binary("add_relu_f32");

export const relu = /* @__PURE__ */ unary("relu_f32");

export const absolute = /* @__PURE__ */ unary("absolute_f32");

/** -1, 0 or 1; NaN of NaN. */
export const sign = /* @__PURE__ */ unary("sign_f32");

export const sqrt = /* @__PURE__ */ unary("sqrt_f32");

/** 1 / x */
export const reciprocal = /* @__PURE__ */ unary("reciprocal_f32");

/** dx = x <= 0 ? 0 : dy, so that a NaN of x lets dy through. */
export const reluBackward = /* @__PURE__ */ kernel({
  name: "relu_backward_f32",
  buffers: { x: "in", dy: "in", dx: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ x: length, dy: length, dx: length }),
});

/** y = x * scale + shift */
export const affine = /* @__PURE__ */ kernel({
  name: "affine_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length", "scale", "shift"],
  lengths: ({ length }) => ({ x: length, y: length }),
});

/** y = min(max(x, low), high); NaN stays. */
export const clamp = /* @__PURE__ */ kernel({
  name: "clamp_f32",
  buffers: { x: "in", y: "out" },
  numbers: ["length", "low", "high"],
  lengths: ({ length }) => ({ x: length, y: length }),
});

/** y = a * b + c */
export const multiplyAdd = /* @__PURE__ */ kernel({
  name: "multiply_add_f32",
  buffers: { a: "in", b: "in", c: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ a: length, b: length, c: length, y: length }),
});

/** y = condition != 0 ? a : b */
export const where = /* @__PURE__ */ kernel({
  name: "where_f32",
  buffers: { condition: "in", a: "in", b: "in", y: "out" },
  numbers: ["length"],
  lengths: ({ length }) => ({ condition: length, a: length, b: length, y: length }),
});

/** y += x */
export const accumulate = /* @__PURE__ */ kernel({
  name: "accumulate_f32",
  buffers: { x: "in", y: "inout" },
  numbers: ["length"],
  lengths: ({ length }) => ({ x: length, y: length }),
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
});
