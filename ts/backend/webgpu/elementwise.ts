// Arithmetic, comparison, relu, strided copies, and what the backend itself needs: fill and copy.
import { each, groupsFor, NOT_NUMBERS } from "./each.ts";
import type { GpuKernel, GpuKernels, Source } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;

/** A kernel of one pass over u.length elements. */
export function elementwise(source: Source): GpuKernel {
  return { passes: (numbers) => [{ source, numbers, groups: groupsFor(numbers["length"]) }] };
}

const unary = (name: string, value: string, declarations = ""): GpuKernel =>
  elementwise(each({ name, buffers: { x: "in", y: "out" }, declarations, body: `  let x = x_at(i);\n  y_put(i, ${value});` }));

const binary = (name: string, value: string, declarations = ""): GpuKernel =>
  elementwise(
    each({
      name,
      buffers: { a: "in", b: "in", y: "out" },
      declarations,
      body: `  let a = a_at(i);\n  let b = b_at(i);\n  y_put(i, ${value});`,
    }),
  );

export const fill = each({ name: "fill", buffers: { y: "out" }, floats: ["value"], body: "  y_put(i, u.value);" });
export const copy = each({ name: "copy", buffers: { x: "in", y: "out" }, body: "  y_put(i, x_at(i));" });

const AXES = [0, 1, 2, 3, 4, 5] as const;

const strided = each({
  name: "copy_strided",
  buffers: { x: "in", y: "inout" },
  integers: [...AXES.map((j) => `d${j}`), ...AXES.map((j) => `x${j}`), ...AXES.map((j) => `y${j}`), "xOffset", "yOffset"],
  // Negative strides wrap around, and so do sums of them.
  body: [
    "  var rest = i;\n  var begin = u.xOffset;\n  var to = u.yOffset;",
    ...[5, 4, 3, 2, 1, 0].map((j) => `  { let at = rest % u.d${j}; rest /= u.d${j}; begin += at * u.x${j}; to += at * u.y${j}; }`),
    "  y_put(to, x_at(begin));",
  ].join("\n"),
});

export const kernels: GpuKernels = {
  add_f32: binary("add", "a + b"),
  subtract_f32: binary("subtract", "a - b"),
  multiply_f32: binary("multiply", "a * b"),
  divide_f32: binary("divide", "a / b"),
  maximum_f32: binary("maximum", "select(select(b, a, a > b), a + b, is_nan(a) || is_nan(b))", NOT_NUMBERS),
  minimum_f32: binary("minimum", "select(select(b, a, a < b), a + b, is_nan(a) || is_nan(b))", NOT_NUMBERS),
  greater_f32: binary("greater", "select(0.0, 1.0, a > b)"),
  greater_equal_f32: binary("greater_equal", "select(0.0, 1.0, a >= b)"),
  equal_f32: binary("equal", "select(0.0, 1.0, a == b)"),
  add_relu_f32: binary("add_relu", "select(a + b, 0.0, a + b < 0.0)"),
  relu_f32: unary("relu", "select(x, 0.0, x < 0.0)"),
  absolute_f32: unary("absolute", "abs(x)"),
  sign_f32: unary("sign", "select(select(x, -1.0, x < 0.0), 1.0, x > 0.0)"),
  sqrt_f32: unary("sqrt", "sqrt(x)"),
  reciprocal_f32: unary("reciprocal", "1.0 / x"),
  relu_backward_f32: elementwise(
    each({
      name: "relu_backward",
      buffers: { x: "in", dy: "in", dx: "out" },
      body: "  dx_put(i, select(dy_at(i), 0.0, x_at(i) <= 0.0));",
    }),
  ),
  affine_f32: elementwise(
    each({ name: "affine", buffers: { x: "in", y: "out" }, floats: ["scale", "shift"], body: "  y_put(i, x_at(i) * u.scale + u.shift);" }),
  ),
  clamp_f32: elementwise(
    each({
      name: "clamp",
      buffers: { x: "in", y: "out" },
      floats: ["low", "high"],
      body: "  let x = x_at(i);\n  let raised = select(x, u.low, x < u.low);\n  y_put(i, select(raised, u.high, raised > u.high));",
    }),
  ),
  multiply_add_f32: elementwise(
    each({ name: "multiply_add", buffers: { a: "in", b: "in", c: "in", y: "out" }, body: "  y_put(i, a_at(i) * b_at(i) + c_at(i));" }),
  ),
  where_f32: elementwise(
    each({
      name: "where",
      buffers: { condition: "in", a: "in", b: "in", y: "out" },
      body: "  y_put(i, select(b_at(i), a_at(i), condition_at(i) != 0.0));",
    }),
  ),
  accumulate_f32: elementwise(each({ name: "accumulate", buffers: { x: "in", y: "inout" }, body: "  y_put(i, y_at(i) + x_at(i));" })),
  copy_strided_f32: {
    passes: (numbers: Sizes) => {
      const length = AXES.reduce<number>((product, j) => product * numbers[`d${j}`], 1);
      return [{ source: strided, numbers: { ...numbers, length }, groups: groupsFor(length) }];
    },
  },
};
