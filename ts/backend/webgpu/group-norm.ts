// Group normalization on channels-last images; a row is an image's group, its pixels and channels.
import { columns } from "./columns.ts";
import { rows } from "./rows.ts";
import type { GpuKernels } from "./source.ts";

const EACH = "for (var k = lane; k < cols; k += u.lanes)";
const INTEGERS = ["pixels", "c", "groups", "share"];

const numbersOf = (numbers: Readonly<Record<string, number>>) => ({ share: numbers["c"] / numbers["groups"] });
const extent = ({ n, pixels, c, groups }: Readonly<Record<string, number>>) => ({ rows: n * groups, cols: (pixels * c) / groups });

/** Element and channel of the row's k-th value. */
const PLACE = `
fn channel_of(row: u32, k: u32) -> u32 { return row % u.groups * u.share + k % u.share; }
fn place_of(row: u32, k: u32) -> u32 { return (row / u.groups * u.pixels + k / u.share) * u.c + channel_of(row, k); }`;

const withWidth = (kernel: ReturnType<typeof rows>): ReturnType<typeof rows> => ({
  ...kernel,
  passes: (numbers, target) => kernel.passes({ ...numbers, ...numbersOf(numbers) }, target),
});

export const kernels: GpuKernels = {
  group_norm_f32: withWidth(
    rows({
      name: "group_norm",
      buffers: { x: "in", gamma: "in?", beta: "in?", y: "out", stats: "out" },
      integers: INTEGERS,
      floats: ["eps"],
      declarations: PLACE,
      extent,
      body: `
  let count = max(1.0, f32(u.cols));
  var sum = 0.0;
  ${EACH} { sum += x_at(place_of(row, k)); }
  let mean = sum1(sum) / count;
  var squares = 0.0;
  ${EACH} { let deviation = x_at(place_of(row, k)) - mean; squares += deviation * deviation; }
  let rstd = 1.0 / sqrt(sum1(squares) / count + u.eps);
  ${EACH} {
    let at = place_of(row, k);
    let j = channel_of(row, k);
    y_put(at, (x_at(at) - mean) * rstd * select(1.0, gamma_at(j), has_gamma) + beta_at(j));
  }
  if (valid && lane == 0u) {
    stats_put(2u * row, mean);
    stats_put(2u * row + 1u, rstd);
  }`,
    }),
  ),
  group_norm_backward_f32: withWidth(
    rows({
      name: "group_norm_backward",
      buffers: { x: "in", dy: "in", gamma: "in?", stats: "in", dx: "out" },
      integers: INTEGERS,
      declarations: PLACE,
      extent,
      body: `
  let mean = stats_at(select(0u, 2u * row, valid));
  let rstd = stats_at(select(0u, 2u * row + 1u, valid));
  var parts = vec2<f32>(0.0);
  ${EACH} {
    let at = place_of(row, k);
    let g = dy_at(at) * select(1.0, gamma_at(channel_of(row, k)), has_gamma);
    parts += vec2<f32>(g, g * (x_at(at) - mean) * rstd);
  }
  let sums = sum2(parts) / max(1.0, f32(u.cols));
  ${EACH} {
    let at = place_of(row, k);
    let g = dy_at(at) * select(1.0, gamma_at(channel_of(row, k)), has_gamma);
    dx_put(at, rstd * (g - sums.x - (x_at(at) - mean) * rstd * sums.y));
  }`,
    }),
  ),
  group_norm_affine_gradient_f32: columns({
    name: "group_norm_affine_gradient",
    buffers: { x: "in", dy: "in", stats: "in", dgamma: "out", dbeta: "out" },
    integers: INTEGERS,
    derive: numbersOf,
    value: `
  let place = 2u * (l / u.pixels * u.groups + i / u.share);
  let dy = dy_at(l * u.inner + i);
  return vec2<f32>(dy * (x_at(l * u.inner + i) - stats_at(place)) * stats_at(place + 1u), dy);`,
    finish: "  dgamma_put(column, total.x);\n  dbeta_put(column, total.y);",
    extent: ({ n, pixels, c }) => ({ outer: 1, length: n * pixels, inner: c }),
  }),
};
