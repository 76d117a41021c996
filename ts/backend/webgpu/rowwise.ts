// Inner products of rows and the orthogonal residual update, forward and backward.
import { columns } from "./columns.ts";
import { each, groupsFor } from "./each.ts";
import { rows } from "./rows.ts";
import type { GpuKernel, GpuKernels, Pass, Source } from "./source.ts";

const EACH = "for (var j = lane; j < cols; j += u.lanes)";

/** One invocation an element, which finds its row by u.cols. */
const byElement = (source: Source): GpuKernel => ({
  passes: ({ rows: count, cols }) => [{ source, numbers: { length: count * cols, cols }, groups: groupsFor(count * cols) }],
});

const THREADS = 256;
const MOST = 64;

/** Sums over rows of six measures, by workgroups that see to every so many rows; what they find is added by another pass. */
const statistics: Source = {
  name: "stream_statistics",
  buffers: { x: "in", u: "in", y: "out", scratch: "out" },
  integers: ["rows", "cols", "groups"],
  floats: ["eps"],
  threads: THREADS,
  declarations: `
var<workgroup> low: array<vec3<f32>, ${THREADS}>;
var<workgroup> high: array<vec3<f32>, ${THREADS}>;`,
  main: `
  var first = vec3<f32>(0.0);
  var second = vec3<f32>(0.0);
  for (var row = group * ${THREADS}u + thread; row < u.rows; row += u.groups * ${THREADS}u) {
    var xu = 0.0;
    var xx = 0.0;
    var uu = 0.0;
    for (var j = 0u; j < u.cols; j++) {
      let x = x_at(row * u.cols + j);
      let f = u_at(row * u.cols + j);
      xu += x * f;
      xx += x * x;
      uu += f * f;
    }
    let s = xu / (xx + u.eps);
    let parallel = s * s * xx;
    let perpendicular = max(0.0, uu - 2.0 * s * xu + parallel);
    let level = max(xx, u.eps);
    first += vec3<f32>(xx, parallel, perpendicular);
    second += vec3<f32>(parallel / level, perpendicular / level, select(0.0, xu / (sqrt(xx) * sqrt(uu)), xx * uu > 0.0));
  }
  low[thread] = first;
  high[thread] = second;
  workgroupBarrier();
  for (var step = ${THREADS / 2}u; step > 0u; step /= 2u) {
    if (thread < step) {
      low[thread] += low[thread + step];
      high[thread] += high[thread + step];
    }
    workgroupBarrier();
  }
  if (thread < 3u) {
    scratch_put(group * 6u + thread, low[0][thread]);
    scratch_put(group * 6u + 3u + thread, high[0][thread]);
  }`,
};

const statisticsSum = each({
  name: "stream_statistics_sum",
  buffers: { y: "out", scratch: "in" },
  integers: ["groups"],
  body: `
  var sum = 0.0;
  for (var part = 0u; part < u.groups; part++) { sum += scratch_at(part * 6u + i); }
  y_put(i, sum);`,
});

const statisticsGroups = (count: number): number => Math.max(1, Math.min(MOST, Math.ceil(count / THREADS)));

export const kernels: GpuKernels = {
  row_dot_f32: columns({
    name: "row_dot",
    buffers: { a: "in", b: "in", y: "out" },
    integers: ["cols"],
    value: "  let at = o * u.cols + l;\n  return vec2<f32>(a_at(at) * b_at(at), 0.0);",
    finish: "  y_put(column, total.x);",
    extent: ({ rows: outer, cols: length }) => ({ outer, length, inner: 1 }),
  }),
  row_axpy_f32: byElement(
    each({
      name: "row_axpy",
      buffers: { alpha: "in", x: "in", z: "in", y: "out" },
      integers: ["cols"],
      body: "  y_put(i, alpha_at(i / u.cols) * x_at(i) + z_at(i));",
    }),
  ),
  row_scale_f32: byElement(
    each({
      name: "row_scale",
      buffers: { alpha: "in", x: "in", y: "out" },
      integers: ["cols"],
      body: "  y_put(i, alpha_at(i / u.cols) * x_at(i));",
    }),
  ),
  orthogonal_update_f32: rows({
    name: "orthogonal_update",
    buffers: { x: "in", u: "in", y: "out", s: "out" },
    floats: ["eps"],
    body: `
  var parts = vec2<f32>(0.0);
  ${EACH} { let x = x_at(first + j); parts += vec2<f32>(x * u_at(first + j), x * x); }
  let sums = sum2(parts);
  let s = sums.x / (sums.y + u.eps);
  ${EACH} { let x = x_at(first + j); y_put(first + j, x + (u_at(first + j) - s * x)); }
  if (valid && lane == 0u) { s_put(row, s); }`,
  }),
  orthogonal_update_backward_f32: rows({
    name: "orthogonal_update_backward",
    buffers: { x: "in", u: "in", s: "in", dy: "in", dx: "out", du: "out" },
    floats: ["eps"],
    body: `
  var parts = vec2<f32>(0.0);
  ${EACH} { let x = x_at(first + j); parts += vec2<f32>(x * dy_at(first + j), x * x); }
  let sums = sum2(parts);
  let t = sums.x / (sums.y + u.eps);
  let s = s_at(select(0u, row, valid));
  ${EACH} {
    let at = first + j;
    let x = x_at(at);
    let dy = dy_at(at);
    let f = u_at(at);
    du_put(at, dy - t * x);
    dx_put(at, dy - s * dy - t * f + 2.0 * s * t * x);
  }`,
  }),
  stream_statistics_f32: {
    scratch: ({ rows: count }) => 6 * statisticsGroups(count),
    passes: (numbers): readonly Pass[] => {
      const groups = statisticsGroups(numbers["rows"]);
      return [
        { source: statistics, numbers: { ...numbers, groups }, groups },
        { source: statisticsSum, numbers: { groups, length: 6 }, groups: 1 },
      ];
    },
  },
};
