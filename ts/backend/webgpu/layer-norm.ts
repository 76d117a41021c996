// Layer normalization over the last axis.
import { columns } from "./columns.ts";
import { rows } from "./rows.ts";
import type { GpuKernels } from "./source.ts";

const EACH = "for (var j = lane; j < cols; j += u.lanes)";
const extent = ({ rows: count, c }: Readonly<Record<string, number>>) => ({ rows: count, cols: c });

export const kernels: GpuKernels = {
  layer_norm_f32: rows({
    name: "layer_norm",
    buffers: { x: "in", gamma: "in?", beta: "in?", y: "out", stats: "out" },
    floats: ["eps"],
    extent,
    body: `
  let count = max(1.0, f32(u.cols));
  var sum = 0.0;
  ${EACH} { sum += x_at(first + j); }
  let mean = sum1(sum) / count;
  var squares = 0.0;
  ${EACH} { let deviation = x_at(first + j) - mean; squares += deviation * deviation; }
  let rstd = 1.0 / sqrt(sum1(squares) / count + u.eps);
  ${EACH} {
    let normal = (x_at(first + j) - mean) * rstd;
    y_put(first + j, normal * select(1.0, gamma_at(j), has_gamma) + beta_at(j));
  }
  if (valid && lane == 0u) {
    stats_put(2u * row, mean);
    stats_put(2u * row + 1u, rstd);
  }`,
  }),
  layer_norm_backward_f32: rows({
    name: "layer_norm_backward",
    buffers: { x: "in", dy: "in", gamma: "in?", stats: "in", dx: "out" },
    extent,
    body: `
  let mean = stats_at(select(0u, 2u * row, valid));
  let rstd = stats_at(select(0u, 2u * row + 1u, valid));
  var parts = vec2<f32>(0.0);
  ${EACH} {
    let g = dy_at(first + j) * select(1.0, gamma_at(j), has_gamma);
    parts += vec2<f32>(g, g * (x_at(first + j) - mean) * rstd);
  }
  let sums = sum2(parts) / max(1.0, f32(u.cols));
  ${EACH} {
    let g = dy_at(first + j) * select(1.0, gamma_at(j), has_gamma);
    dx_put(first + j, rstd * (g - sums.x - (x_at(first + j) - mean) * rstd * sums.y));
  }`,
  }),
  layer_norm_affine_gradient_f32: columns({
    name: "layer_norm_affine_gradient",
    buffers: { x: "in", dy: "in", stats: "in", dgamma: "out", dbeta: "out" },
    value: `
  let dy = dy_at(l * u.inner + i);
  return vec2<f32>(dy * (x_at(l * u.inner + i) - stats_at(2u * l)) * stats_at(2u * l + 1u), dy);`,
    finish: "  dgamma_put(column, total.x);\n  dbeta_put(column, total.y);",
    extent: ({ rows: length, c }) => ({ outer: 1, length, inner: c }),
  }),
};
