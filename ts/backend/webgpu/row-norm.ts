// What layer norm and group norm share: rows of values are brought to mean 0 and variance 1, then scaled and shifted by channel. They differ
// in where a row's values lie.
import { columns } from "./columns.ts";
import { rows } from "./rows.ts";
import type { GpuKernel } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;

interface RowNorm {
  readonly name: string;
  /** Names of whole numbers that the functions below use. */
  readonly integers?: readonly string[];
  /** Those that the kernels' own numbers do not have. */
  readonly derive?: (numbers: Sizes) => Sizes;
  /**
   * WGSL: `fn place_of(row: u32, j: u32) -> u32` and `fn channel_of(row: u32, j: u32) -> u32` say where the j-th value of a row lies.
   */
  readonly declarations: string;
  /** WGSL: the row that channel `i` of pixel (or token) `l` is in. */
  readonly rowOf: string;
  /** Rows and their lengths. */
  readonly extent: (numbers: Sizes) => { readonly rows: number; readonly cols: number };
  /** Pixels and channels. */
  readonly pixels: (numbers: Sizes) => { readonly length: number; readonly inner: number };
}

const EACH = "for (var j = lane; j < cols; j += u.lanes)";
const GAMMA = "select(1.0, gamma_at(channel_of(row, j)), has_gamma)";

/** The kernels of a norm over rows. */
export function rowNorm({ name, integers = [], derive = () => ({}), declarations, rowOf, extent, pixels }: RowNorm): {
  readonly forward: GpuKernel;
  readonly backward: GpuKernel;
  readonly affineGradient: GpuKernel;
} {
  const shared = { integers, declarations, extent, derive };
  return {
    forward: rows({
      ...shared,
      name,
      buffers: { x: "in", gamma: "in?", beta: "in?", y: "out", stats: "out" },
      floats: ["eps"],
      body: `
  let count = max(1.0, f32(u.cols));
  var sum = 0.0;
  ${EACH} { sum += x_at(place_of(row, j)); }
  let mean = sum1(sum) / count;
  var squares = 0.0;
  ${EACH} { let deviation = x_at(place_of(row, j)) - mean; squares += deviation * deviation; }
  let rstd = 1.0 / sqrt(sum1(squares) / count + u.eps);
  ${EACH} {
    let at = place_of(row, j);
    y_put(at, (x_at(at) - mean) * rstd * ${GAMMA} + beta_at(channel_of(row, j)));
  }
  if (valid && lane == 0u) {
    stats_put(2u * row, mean);
    stats_put(2u * row + 1u, rstd);
  }`,
    }),
    backward: rows({
      ...shared,
      name: `${name}_backward`,
      buffers: { x: "in", dy: "in", gamma: "in?", stats: "in", dx: "out" },
      body: `
  let mean = stats_at(select(0u, 2u * row, valid));
  let rstd = stats_at(select(0u, 2u * row + 1u, valid));
  var parts = vec2<f32>(0.0);
  ${EACH} {
    let at = place_of(row, j);
    let g = dy_at(at) * ${GAMMA};
    parts += vec2<f32>(g, g * (x_at(at) - mean) * rstd);
  }
  let sums = sum2(parts) / max(1.0, f32(u.cols));
  ${EACH} {
    let at = place_of(row, j);
    let g = dy_at(at) * ${GAMMA};
    dx_put(at, rstd * (g - sums.x - (x_at(at) - mean) * rstd * sums.y));
  }`,
    }),
    affineGradient: columns({
      name: `${name}_affine_gradient`,
      buffers: { x: "in", dy: "in", stats: "in", dgamma: "out?", dbeta: "out?" },
      integers,
      derive,
      value: `
  let place = 2u * (${rowOf});
  let dy = dy_at(l * u.inner + i);
  return vec2<f32>(dy * (x_at(l * u.inner + i) - stats_at(place)) * stats_at(place + 1u), dy);`,
      finish: "  dgamma_put(column, total.x);\n  dbeta_put(column, total.y);",
      extent: (numbers) => ({ outer: 1, ...pixels(numbers) }),
    }),
  };
}
