// The orthogonal update with factors on its parts. Backward each row leaves its share of the factors' gradients, which a second pass adds.
import { rows } from "./rows.ts";
import type { GpuKernels, Source } from "./source.ts";

const EACH = "for (var j = lane; j < cols; j += u.lanes)";
const THREADS = 256;
const FACTORS = `
fn stream_factor() -> f32 { return select(1.0, factors_at(0u), (u.parts & 1u) != 0u); }
fn branch_factor() -> f32 { return select(1.0, factors_at(1u), (u.parts & 2u) != 0u); }
fn parallel_factor() -> f32 { return select(0.0, factors_at(2u), (u.parts & 4u) != 0u); }`;
const WEIGHTS = `
  let a = stream_factor();
  let b = branch_factor();
  let c = parallel_factor();`;

const shares = rows({
  name: "weighted_update_backward",
  buffers: { x: "in", u: "in", factors: "in", s: "in", dy: "in", dx: "out", du: "out", scratch: "out" },
  integers: ["parts"],
  floats: ["eps"],
  declarations: FACTORS,
  body: `${WEIGHTS}
  var parts = vec2<f32>(0.0);
  ${EACH} { let x = a * x_at(first + j); parts += vec2<f32>(x * dy_at(first + j), x * x); }
  let sums = sum2(parts);
  let t = sums.x / (sums.y + u.eps);
  let s = s_at(select(0u, row, valid));
  var of_parts = vec2<f32>(0.0);
  var beside = 0.0;
  ${EACH} {
    let at = first + j;
    let x = x_at(at);
    let f = u_at(at);
    let dy = dy_at(at);
    let own = dy - t * a * x;
    let through = dy - s * dy - t * b * f + 2.0 * s * t * a * x;
    of_parts += vec2<f32>(through * x, own * f);
    beside += dy * f;
    dx_put(at, a * through);
    du_put(at, b * own + c * dy);
  }
  let own_sums = sum2(of_parts);
  let beside_sum = sum1(beside);
  if (valid && lane == 0u) {
    scratch_put(row, own_sums.x);
    scratch_put(u.rows + row, own_sums.y);
    scratch_put(2u * u.rows + row, beside_sum);
  }`,
});

/** A workgroup adds the rows' shares of one factor. */
const total: Source = {
  name: "weighted_update_backward_sums",
  buffers: { sums: "out?", scratch: "in" },
  integers: ["rows", "parts"],
  threads: THREADS,
  declarations: `var<workgroup> cells: array<f32, ${THREADS}>;`,
  main: `
  if (group > 2u) { return; }
  var sum = 0.0;
  for (var row = thread; row < u.rows; row += ${THREADS}u) { sum += scratch_at(group * u.rows + row); }
  cells[thread] = sum;
  workgroupBarrier();
  for (var step = ${THREADS / 2}u; step > 0u; step /= 2u) {
    if (thread < step) { cells[thread] += cells[thread + step]; }
    workgroupBarrier();
  }
  if (thread == 0u) { sums_put(group, select(0.0, cells[0], (u.parts & (1u << group)) != 0u)); }`,
};

export const kernels: GpuKernels = {
  weighted_update_f32: rows({
    name: "weighted_update",
    buffers: { x: "in", u: "in", factors: "in", y: "out", s: "out" },
    integers: ["parts"],
    floats: ["eps"],
    declarations: FACTORS,
    body: `${WEIGHTS}
  var parts = vec2<f32>(0.0);
  ${EACH} { let x = a * x_at(first + j); parts += vec2<f32>(x * b * u_at(first + j), x * x); }
  let sums = sum2(parts);
  let s = sums.x / (sums.y + u.eps);
  ${EACH} {
    let at = first + j;
    let x = a * x_at(at);
    let f = u_at(at);
    y_put(at, x + (b * f - s * x) + c * f);
  }
  if (valid && lane == 0u) { s_put(row, s); }`,
  }),
  weighted_update_backward_f32: {
    scratch: ({ rows: count }) => 3 * count,
    passes: (numbers, target) => [
      ...shares.passes(numbers, target),
      { source: total, numbers: { rows: numbers["rows"], parts: numbers["parts"] }, groups: 3 },
    ],
  },
};
