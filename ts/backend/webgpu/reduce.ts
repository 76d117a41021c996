// Sums, largest values and their indices along one axis, sums over whole buffers, and the sum of shards' parts.
import { columns } from "./columns.ts";
import { each, groupsFor, NOT_NUMBERS } from "./each.ts";
import type { GpuKernel, GpuKernels, Source } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;

const whole = ({ length }: Sizes) => ({ outer: 1, length, inner: 1 });

/** A kernel of one invocation for each sum, which goes along the axis by itself. */
const along = (source: Source): GpuKernel => ({
  passes: ({ outer, length: axis, inner }) => {
    const length = outer * inner;
    return [{ source, numbers: { length, axis, inner }, groups: groupsFor(length) }];
  },
});

/** Goes along the axis from its begin; NaN counts as larger than all else. */
const LARGEST = `
  let begin = i / u.inner * u.axis * u.inner + i % u.inner;
  var best = -infinity();
  var place = -1.0;
  for (var l = 0u; l < u.axis; l++) {
    let x = x_at(begin + l * u.inner);
    if (l == 0u || x > best || (is_nan(x) && !is_nan(best))) { best = x; place = f32(l); }
  }`;

const largest = (name: string, put: string): GpuKernel =>
  along(
    each({
      name,
      buffers: { x: "in", y: "out" },
      integers: ["axis", "inner"],
      declarations: NOT_NUMBERS,
      body: `${LARGEST}\n  y_put(i, ${put});`,
    }),
  );

const maxBackward = each({
  name: "reduce_max_backward",
  buffers: { index: "in", dy: "in", dx: "out" },
  integers: ["axis", "inner"],
  body: `
  let begin = i / (u.axis * u.inner) * u.inner + i % u.inner;
  dx_put(i, select(0.0, dy_at(begin), index_at(begin) == f32(i / u.inner % u.axis)));`,
});

export const kernels: GpuKernels = {
  reduce_sum_f32: columns({
    name: "reduce_sum",
    buffers: { x: "in", y: "out" },
    value: "  return vec2<f32>(x_at((o * u.axis + l) * u.inner + i), 0.0);",
    integers: ["axis"],
    derive: ({ length }) => ({ axis: length }),
    finish: "  y_put(column, total.x);",
    extent: ({ outer, length, inner }) => ({ outer, length, inner }),
  }),
  reduce_max_f32: largest("reduce_max", "best"),
  argmax_f32: largest("argmax", "place"),
  reduce_max_backward_f32: {
    passes: ({ outer, length: axis, inner }) => {
      const length = outer * axis * inner;
      return [{ source: maxBackward, numbers: { length, axis, inner }, groups: groupsFor(length) }];
    },
  },
  sum_of_squares_f32: columns({
    name: "sum_of_squares",
    buffers: { x: "in", y: "out" },
    value: "  let x = x_at(l);\n  return vec2<f32>(x * x, 0.0);",
    finish: "  y_put(0u, total.x);",
    extent: whole,
  }),
  nonfinite_f32: columns({
    name: "nonfinite",
    buffers: { x: "in", y: "out" },
    declarations: NOT_NUMBERS,
    value: "  return vec2<f32>(select(1.0, 0.0, is_finite(x_at(l))), 0.0);",
    finish: "  y_put(0u, total.x);",
    extent: whole,
  }),
  tree_sum_f32: columns({
    name: "tree_sum",
    buffers: { parts: "in", total: "out" },
    value: "  return vec2<f32>(parts_at(l * u.inner + i), 0.0);",
    finish: "  total_put(column, total.x);",
    extent: ({ count, width }) => ({ outer: 1, length: count, inner: width }),
  }),
};
