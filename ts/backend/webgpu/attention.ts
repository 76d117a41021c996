// Multi-head self-attention as products over all heads at once: scores, softmax over keys, values; backward by the forward's stats. Scores
// of some images at a time are in scratch, so that it stays small.
import { product } from "./product.ts";
import { rows } from "./rows.ts";
import { WORKSPACE, type GpuKernel, type GpuKernels, type Pass, type Target } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;

const INTEGERS = ["first", "heads", "t", "d"];

/** Places in qkv and y of the head that the layer is; `which` is 0 for queries, 1 for keys, 2 for values. */
const PLACES = `
fn image() -> u32 { return u.first + layer / u.heads; }
fn part_at(which: u32, token: u32) -> u32 { return (((image() * u.t + token) * 3u + which) * u.heads + layer % u.heads) * u.d; }
fn out_at(token: u32) -> u32 { return ((image() * u.t + token) * u.heads + layer % u.heads) * u.d; }
fn stats_of(token: u32) -> u32 { return 2u * ((image() * u.heads + layer % u.heads) * u.t + token); }
fn score(row: u32, col: u32) -> u32 { return (layer * u.t + row) * u.t + col; }
fn row_of(row: u32) -> vec4<i32> { return vec4<i32>(i32(row), 0, 0, 0); }
fn step_of(k: u32) -> vec4<i32> { return vec4<i32>(i32(k), 0, 0, 0); }`;

const byTokens = ({ t, d, layers }: Sizes) => ({ m: t, n: t, k: d, layers });
const byChannels = ({ t, d, layers }: Sizes) => ({ m: t, n: d, k: t, layers });
const value = (a: string): string => `fn a_value(row: vec4<i32>, step: vec4<i32>) -> f32 { return ${a}; }`;
const other = (b: string): string => `fn b_value(k: u32, col: u32) -> f32 { return ${b}; }`;
const put = (text: string): string => `fn put(row: u32, col: u32, sum: f32) { ${text} }`;
const queryByKey = [value("qkv_at(part_at(0u, u32(row.x)) + u32(step.x))"), other("qkv_at(part_at(1u, col) + k)")];

const scores = product({
  name: "attention_scores",
  buffers: { qkv: "in", p: "out" },
  integers: INTEGERS,
  floats: ["scale"],
  a: "k",
  b: "k",
  uncut: true,
  declarations: [PLACES, ...queryByKey, put("p_put(score(row, col), u.scale * sum);")].join("\n"),
  size: byTokens,
});

const softmax = rows({
  name: "attention_softmax",
  buffers: { p: "inout", stats: "out" },
  integers: INTEGERS,
  extent: ({ t, layers }) => ({ rows: layers * t, cols: t }),
  body: `
  var most = -3.4e38;
  for (var j = lane; j < cols; j += u.lanes) { most = max(most, p_at(first + j)); }
  most = largest(most);
  var part = 0.0;
  for (var j = lane; j < cols; j += u.lanes) { part += exp(p_at(first + j) - most); }
  let share = 1.0 / sum1(part);
  for (var j = lane; j < cols; j += u.lanes) { p_put(first + j, exp(p_at(first + j) - most) * share); }
  if (valid && lane == 0u) {
    let place = 2u * (u.first * u.heads * u.t + row);
    stats_put(place, most);
    stats_put(place + 1u, share);
  }`,
});

const values = product({
  name: "attention_values",
  buffers: { qkv: "in", p: "in", y: "out" },
  integers: INTEGERS,
  a: "k",
  b: "cols",
  uncut: true,
  declarations: [
    PLACES,
    value("p_at(score(u32(row.x), u32(step.x)))"),
    other("qkv_at(part_at(2u, k) + col)"),
    put("y_put(out_at(row) + col, sum);"),
  ].join("\n"),
  size: byChannels,
});

const shares = product({
  name: "attention_shares",
  buffers: { qkv: "in", stats: "in", p: "out" },
  integers: INTEGERS,
  floats: ["scale"],
  a: "k",
  b: "k",
  uncut: true,
  declarations: [
    PLACES,
    ...queryByKey,
    put("p_put(score(row, col), exp(u.scale * sum - stats_at(stats_of(row))) * stats_at(stats_of(row) + 1u));"),
  ].join("\n"),
  size: byTokens,
});

const slopes = product({
  name: "attention_slopes",
  buffers: { qkv: "in", dy: "in", ds: "out" },
  integers: INTEGERS,
  a: "k",
  b: "k",
  uncut: true,
  declarations: [
    PLACES,
    value("dy_at(out_at(u32(row.x)) + u32(step.x))"),
    other("qkv_at(part_at(2u, col) + k)"),
    put("ds_put(score(row, col), sum);"),
  ].join("\n"),
  size: byTokens,
});

const differences = rows({
  name: "attention_differences",
  buffers: { p: "in", ds: "inout" },
  floats: ["scale"],
  extent: ({ t, layers }) => ({ rows: layers * t, cols: t }),
  body: `
  var part = 0.0;
  for (var j = lane; j < cols; j += u.lanes) { part += p_at(first + j) * ds_at(first + j); }
  let mean = sum1(part);
  for (var j = lane; j < cols; j += u.lanes) { ds_put(first + j, u.scale * p_at(first + j) * (ds_at(first + j) - mean)); }`,
});

/** A part of dqkv: a product of dS or P, transposed or not, with queries, keys or dy. */
function gradient(name: string, which: number, a: string, transposed: boolean, b: string): GpuKernel {
  const place = transposed ? "score(u32(step.x), u32(row.x))" : "score(u32(row.x), u32(step.x))";
  return product({
    name,
    buffers: { qkv: "in", dy: "in", p: "in", ds: "in", dqkv: "out" },
    integers: INTEGERS,
    a: transposed ? "rows" : "k",
    b: "cols",
    uncut: true,
    declarations: [PLACES, value(`${a}_at(${place})`), other(b), put(`dqkv_put(part_at(${which}u, row) + col, sum);`)].join("\n"),
    size: byChannels,
  });
}

const queries = gradient("attention_query_gradient", 0, "ds", false, "qkv_at(part_at(1u, k) + col)");
const keys = gradient("attention_key_gradient", 1, "ds", true, "qkv_at(part_at(0u, k) + col)");
const outputs = gradient("attention_value_gradient", 2, "p", true, "dy_at(out_at(k) + col)");

const imagesAtOnce = ({ n, heads, t }: Sizes, { workspace = WORKSPACE }: Target): number =>
  Math.max(1, Math.min(n, Math.floor(workspace / Math.max(1, heads * t * t))));

/** The same passes for some images at a time; `parts` says where in scratch p and ds are. */
function byImages(steps: readonly GpuKernel[], parts: (floats: number) => Readonly<Record<string, number>>): GpuKernel {
  const floatsOf = (numbers: Sizes, target: Target): number =>
    imagesAtOnce(numbers, target) * numbers["heads"] * numbers["t"] * numbers["t"];
  return {
    scratch: (numbers, target) => (numbers["d"] === 0 ? 0 : Object.keys(parts(0)).length * floatsOf(numbers, target)),
    passes: (numbers, target) => {
      const { n, heads, t, d } = numbers;
      const passes: Pass[] = [];
      if (n * heads * t * d === 0) return passes;
      const together = imagesAtOnce(numbers, target);
      const places = parts(floatsOf(numbers, target));
      for (let first = 0; first < n; first += together) {
        const own = { ...numbers, first, layers: Math.min(together, n - first) * heads };
        for (const step of steps) passes.push(...step.passes(own, target).map((pass) => ({ ...pass, parts: places })));
      }
      return passes;
    },
    // All products of a call by one tile: those of the first one's size.
    ways: ({ n, heads, t, d }, target) => (n * heads * t * d === 0 ? [] : steps[0].ways!({ t, d, layers: heads }, target)),
  };
}

export const kernels: GpuKernels = {
  attention_f32: byImages([scores, softmax, values], () => ({ p: 0 })),
  attention_backward_f32: byImages([shares, slopes, differences, queries, keys, outputs], (floats) => ({ p: 0, ds: floats })),
};
