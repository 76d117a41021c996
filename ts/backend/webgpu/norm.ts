// Batch normalization on channels-last rows; see ts/kernels/norm.ts for what the buffers hold.
import { columns } from "./columns.ts";
import { each, groupsFor } from "./each.ts";
import type { GpuKernel, GpuKernels, Source } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;

const rowsOf = ({ rows, c }: Sizes) => ({ outer: 1, length: rows, inner: c });

const over = (source: Source, length: (numbers: Sizes) => number): GpuKernel => ({
  passes: (numbers) => [{ source, numbers: { ...numbers, length: length(numbers) }, groups: groupsFor(length(numbers)) }],
});

/** dz at element `at` of channel j. */
const MASKED = `
fn masked(at: u32, j: u32) -> f32 {
  let dz = dy_at(at);
  if (u.relu != 0u && !(x_at(at) * scaleShift_at(j) + scaleShift_at(u.c + j) > 0.0)) { return 0.0; }
  return dz;
}`;

function backward(name: string, use: "out" | "inout"): GpuKernel {
  return over(
    each({
      name,
      buffers: { x: "in", dy: "in", meanVariance: "in", scaleShift: "in", sums: "in", dx: use },
      integers: ["c", "relu"],
      floats: ["share"],
      declarations: MASKED,
      body: `
  let j = i % u.c;
  let normal = (x_at(i) - meanVariance_at(j)) * scaleShift_at(2u * u.c + j);
  let dx = scaleShift_at(j) * (masked(i, j) - sums_at(j) * u.share - normal * sums_at(u.c + j) * u.share);
  dx_put(i, dx${use === "inout" ? " + dx_at(i)" : ""});`,
    }),
    ({ rows, c }) => rows * c,
  );
}

/** With 1 / count. */
const withShare = (kernel: GpuKernel): GpuKernel => ({
  ...kernel,
  passes: (numbers, target) => kernel.passes({ ...numbers, share: 1 / numbers["count"] }, target),
});

export const kernels: GpuKernels = {
  // Sums of deviations from the first row, which is near enough to the mean for their squares to lose nothing.
  batch_norm_moments_f32: columns({
    name: "batch_norm_moments",
    buffers: { x: "in", moments: "out" },
    floats: ["share"],
    value: "  let deviation = x_at(l * u.inner + i) - x_at(i);\n  return vec2<f32>(deviation, deviation * deviation);",
    finish: `
  let first = select(0.0, x_at(column), u.share > 0.0);
  moments_put(column, first + total.x * u.share);
  moments_put(u.columns + column, max(0.0, total.y - total.x * total.x * u.share));`,
    extent: rowsOf,
    derive: ({ rows }) => ({ share: rows > 0 ? 1 / rows : 0 }),
  }),
  batch_norm_combine_f32: over(
    each({
      name: "batch_norm_combine",
      buffers: { moments: "in", y: "out" },
      integers: ["samples", "shards", "rowsPerSample"],
      body: `
  var count = 0.0;
  var mean = 0.0;
  var squares = 0.0;
  for (var s = 0u; s < u.shards; s++) {
    let rows = f32(((s + 1u) * u.samples / u.shards - s * u.samples / u.shards) * u.rowsPerSample);
    if (rows == 0.0) { continue; }
    let delta = moments_at(s * 2u * u.length + i) - mean;
    let share = rows / (count + rows);
    mean += delta * share;
    squares += moments_at(s * 2u * u.length + u.length + i) + delta * delta * count * share;
    count += rows;
  }
  y_put(i, mean);
  y_put(u.length + i, select(0.0, squares / count, count > 0.0));`,
    }),
    ({ c }) => c,
  ),
  batch_norm_scale_f32: over(
    each({
      name: "batch_norm_scale",
      buffers: { meanVariance: "in", gamma: "in?", beta: "in?", y: "out" },
      floats: ["eps"],
      body: `
  let invstd = 1.0 / sqrt(meanVariance_at(u.length + i) + u.eps);
  let scale = select(1.0, gamma_at(i), has_gamma) * invstd;
  y_put(i, scale);
  y_put(u.length + i, beta_at(i) - meanVariance_at(i) * scale);
  y_put(2u * u.length + i, invstd);`,
    }),
    ({ c }) => c,
  ),
  batch_norm_running_f32: {
    passes: (numbers) => {
      const { c, momentum, count } = numbers;
      const unbiased = count > 1 ? count / (count - 1) : 1;
      return [
        { source: running, numbers: { length: c, keep: 1 - momentum, first: momentum, second: momentum * unbiased }, groups: groupsFor(c) },
      ];
    },
  },
  batch_norm_f32: over(
    each({
      name: "batch_norm",
      buffers: { x: "in", scaleShift: "in", y: "out" },
      integers: ["c", "relu"],
      body: `
  let j = i % u.c;
  let z = x_at(i) * scaleShift_at(j) + scaleShift_at(u.c + j);
  y_put(i, select(z, 0.0, u.relu != 0u && z < 0.0));`,
    }),
    ({ rows, c }) => rows * c,
  ),
  batch_norm_backward_sums_f32: columns({
    name: "batch_norm_backward_sums",
    buffers: { x: "in", dy: "in", meanVariance: "in", scaleShift: "in", sums: "out" },
    integers: ["c", "relu"],
    declarations: MASKED,
    value: `
  let at = l * u.c + i;
  let dz = masked(at, i);
  return vec2<f32>(dz, dz * (x_at(at) - meanVariance_at(i)));`,
    finish: "  sums_put(column, total.x);\n  sums_put(u.c + column, total.y * scaleShift_at(2u * u.c + column));",
    extent: rowsOf,
  }),
  batch_norm_backward_f32: withShare(backward("batch_norm_backward", "out")),
  batch_norm_backward_add_f32: withShare(backward("batch_norm_backward_add", "inout")),
};

const running = each({
  name: "batch_norm_running",
  buffers: { meanVariance: "in", running: "in", y: "out" },
  floats: ["keep", "first", "second"],
  body: `
  let mean = u.keep * running_at(i) + u.first * meanVariance_at(i);
  let variance = u.keep * running_at(u.length + i) + u.second * meanVariance_at(u.length + i);
  y_put(i, mean);
  y_put(u.length + i, variance);`,
});
