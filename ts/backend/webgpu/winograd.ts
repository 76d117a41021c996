// 3x3 convolutions with stride 1 and a border of 1 by Winograd's F(4x4, 3x3), where a backend was asked for it: tiles of the image are
// transformed, 36 products of matrices are taken at once, and tiles of the result transformed back. Else they run as plain convolutions.
import { plainConvolution } from "./conv.ts";
import { each, groupsFor } from "./each.ts";
import { product } from "./product.ts";
import { WORKSPACE, type Choice, type GpuKernel, type GpuKernels, type Pass, type Source, type Target } from "./source.ts";

type Sizes = Readonly<Record<string, number>>;
type Matrix = readonly (readonly number[])[];

const PLACES = 36;

const FILTER: Matrix = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const INPUT: Matrix = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const OUTPUT: Matrix = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

const transposed = (matrix: Matrix): Matrix => matrix[0].map((_, column) => matrix.map((row) => row[column]));

/** A sum of values times the numbers of a row, as WGSL. */
function combined(row: readonly number[], values: readonly string[]): string {
  const terms = row.flatMap((factor, index) => {
    if (factor === 0) return [];
    const size = Math.abs(factor);
    return [`${factor < 0 ? "-" : "+"} ${size === 1 ? "" : `${size.toPrecision(9)} * `}${values[index]}`];
  });
  return terms.join(" ").replace(/^\+ /, "").replace(/^- /, "-");
}

/** WGSL that makes y = M x M^T in values y0_0, y0_1, ... of x0_0, x0_1, ..., written out so that all stays in registers. */
function sandwich(matrix: Matrix): string {
  const inner = matrix[0].map((_, index) => index);
  const lines = matrix.flatMap(
    (row, r) =>
    inner.map((column) => `  let t${r}_${column} = ${combined(row, inner.map((i) => `x${i}_${column}`))};`), // prettier-ignore
  );
  const results = matrix.flatMap(
    (_, r) =>
    matrix.map((row, column) => `  let y${r}_${column} = ${combined(row, inner.map((j) => `t${r}_${j}`))};`), // prettier-ignore
  );
  return [...lines, ...results].join("\n");
}

/** A line of WGSL for each place (r, s) of a square. */
const places = (side: number, line: (r: number, s: number) => string): string =>
  Array.from({ length: side * side }, (_, index) => line(Math.floor(index / side), index % side)).join("\n");

/** Channel, tile, and where its 4x4 pixels begin. `channels` are those of what is read or written outside of scratch. */
const TILE = `
  let channel = i % u.channels;
  let tile = u.first + i / u.channels;
  let wide = (u.w + 3u) / 4u;
  let high = (u.h + 3u) / 4u;
  let left = i32(tile % wide * 4u);
  let top = i32(tile / wide % high * 4u);
  let image = i32(tile / wide / high);`;
const GEOMETRY = ["h", "w", "channels", "first"];
/** Element of a pixel that lies in the image. */
const IMAGE = `
fn place_of(image: i32, line: i32, column: i32, channel: u32) -> u32 {
  return u32((image * i32(u.h) + line) * i32(u.w) + column) * u.channels + channel;
}
fn lies_inside(line: i32, column: i32) -> bool { return line >= 0 && line < i32(u.h) && column >= 0 && column < i32(u.w); }`;

/** Pixels of a tile, from so many before its begin on; those outside the image are 0. */
const pixels = (name: string, side: number, before: number): string =>
  places(
    side,
    (r, s) => `  var x${r}_${s} = 0.0;
  if (lies_inside(top + ${r - before}, left + ${s - before})) {
    x${r}_${s} = ${name}_at(place_of(image, top + ${r - before}, left + ${s - before}, channel));
  }`,
  );
const keep = (name: string, of: string): string => places(6, (r, s) => `  ${name}_put(${6 * r + s}u * ${of} + i, y${r}_${s});`);

/** Tiles of an image with their borders, transformed. */
const inputTiles = (x: "x" | "dy"): Source =>
  each({
    name: `winograd_tiles_of_${x}`,
    buffers: { [x]: "in", v: "out" },
    integers: GEOMETRY,
    declarations: IMAGE,
    body: [TILE, pixels(x, 6, 1), sandwich(INPUT), keep("v", "u.length")].join("\n"),
  });

/** Tiles of dy, transformed for the weight gradient. */
const slopeTiles = each({
  name: "winograd_slopes",
  buffers: { dy: "in", m: "out" },
  integers: GEOMETRY,
  declarations: IMAGE,
  body: [TILE, pixels("dy", 4, 0), sandwich(transposed(OUTPUT)), keep("m", "u.length")].join("\n"),
});

/** Tiles of the result. */
const outputTiles = (y: "y" | "dx"): Source =>
  each({
    name: `winograd_tiles_to_${y}`,
    buffers: { m: "in", ...(y === "y" && { bias: "in?" }), [y]: "out" },
    integers: GEOMETRY,
    declarations: IMAGE,
    body: [
      TILE,
      `  let level = ${y === "y" ? "bias_at(channel)" : "0.0"};`,
      places(6, (r, s) => `  let x${r}_${s} = m_at(${6 * r + s}u * u.length + i);`),
      sandwich(OUTPUT),
      places(
        4,
        (r, s) =>
          `  if (lies_inside(top + ${r}, left + ${s})) { ${y}_put(place_of(image, top + ${r}, left + ${s}, channel), y${r}_${s} + level); }`,
      ),
    ].join("\n"),
  });

/** Filters, [c, k] at each place; `turned` for the input gradient, [k, c]. */
const filterOf = (turned: boolean): Source =>
  each({
    name: turned ? "winograd_turned_filter" : "winograd_filter",
    buffers: { filter: "in", u: "out" },
    integers: ["c", "filters"],
    body: [
      // A turned one is [k, c].
      `  let begin = ${turned ? "i % u.c * u.filters + i / u.c" : "i"};`,
      places(3, (r, s) => {
        const tap = turned ? 8 - (3 * r + s) : 3 * r + s;
        return `  let x${r}_${s} = filter_at(${tap}u * u.length + begin);`;
      }),
      sandwich(FILTER),
      keep("u", "u.length"),
    ].join("\n"),
  });

const filterGradient = each({
  name: "winograd_filter_gradient",
  buffers: { du: "in", dfilter: "out" },
  body: [
    places(6, (r, s) => `  let x${r}_${s} = du_at(${6 * r + s}u * u.length + i);`),
    sandwich(transposed(FILTER)),
    places(3, (r, s) => `  dfilter_put(${3 * r + s}u * u.length + i, y${r}_${s});`),
  ].join("\n"),
});

const INDICES = `
fn row_of(row: u32) -> vec4<i32> { return vec4<i32>(i32(row), 0, 0, 0); }
fn step_of(k: u32) -> vec4<i32> { return vec4<i32>(i32(k), 0, 0, 0); }`;

/** Four channels lie together. */
const fours = ({ from, to }: Sizes): boolean => from % 4 === 0 && to % 4 === 0;

/** Of each place: tiles by channels, times the filter. */
const products = product({
  name: "winograd_product",
  buffers: { v: "in", u: "in", m: "out" },
  a: "k",
  b: "cols",
  uncut: true,
  declarations: `${INDICES}
fn a_value(row: vec4<i32>, step: vec4<i32>) -> item { return v_at((layer * u.m + u32(row.x)) * u.k + u32(step.x)); }
fn b_value(k: u32, col: u32) -> item { return u_at((layer * u.k + k) * u.n + col); }
fn put(row: u32, col: u32, sum: item) { m_put((layer * u.m + row) * u.n + col, sum); }`,
  fours,
  size: ({ tiles, from, to }) => ({ m: tiles, n: to, k: from, layers: PLACES }),
});

/** Of each place: a sum over tiles, added to that over the tiles before. */
const gradients = product({
  name: "winograd_gradient_product",
  buffers: { v: "in", m: "in", du: "inout" },
  integers: ["more"],
  a: "rows",
  b: "cols",
  uncut: true,
  declarations: `${INDICES}
fn a_value(row: vec4<i32>, step: vec4<i32>) -> item { return v_at((layer * u.k + u32(step.x)) * u.m + u32(row.x)); }
fn b_value(k: u32, col: u32) -> item { return m_at((layer * u.k + k) * u.n + col); }
fn put(row: u32, col: u32, sum: item) {
  let at = (layer * u.m + row) * u.n + col;
  if (u.more != 0u) { du_put(at, du_at(at) + sum); } else { du_put(at, sum); }
}`,
  fours,
  size: ({ tiles, from, to }) => ({ m: from, n: to, k: tiles, layers: PLACES }),
});

interface Plan {
  readonly tiles: number;
  /** Tiles at a time. */
  readonly together: number;
  /** Where transformed tiles and filters begin. */
  readonly parts: Readonly<Record<"v" | "m" | "u" | "du", number>>;
  readonly floats: number;
}

function planOf({ n, h, w, c, k }: Sizes, { workspace = WORKSPACE }: Target): Plan {
  const tiles = n * Math.ceil(h / 4) * Math.ceil(w / 4);
  // Of channels in and out alike, whichever are more: the input gradient has them exchanged.
  const most = Math.max(c, k);
  const together = Math.max(1, Math.min(tiles, Math.floor(workspace / (2 * PLACES * most))));
  const m = PLACES * together * most;
  const u = 2 * m;
  return { tiles, together, parts: { v: 0, m, u, du: u }, floats: u + PLACES * c * k };
}

/** Half precision would make the transforms' errors ten times as large once more. */
const whole = (target: Target): Target => ({ ...target, half: false });

const pass = (source: Source, numbers: Sizes, length: number): Pass => ({
  source,
  numbers: { ...numbers, length },
  groups: groupsFor(length),
});

/** Passes of so many tiles at a time. */
function overTiles({ tiles, together }: Plan, passes: (first: number, count: number) => readonly Pass[]): Pass[] {
  const all: Pass[] = [];
  for (let first = 0; first < tiles; first += together) all.push(...passes(first, Math.min(together, tiles - first)));
  return all;
}

interface Transformed {
  readonly passes: (numbers: Sizes, plan: Plan, target: Target) => Pass[];
  /** Other ways of the products inside. */
  readonly inner: (numbers: Sizes, plan: Plan, target: Target) => readonly Choice[];
}

/** A convolution from `from` channels to `to`. */
function convolving(
  input: Source,
  filter: Source,
  output: Source,
  channels: (numbers: Sizes) => { readonly from: number; readonly to: number },
): Transformed {
  const passes = (numbers: Sizes, plan: Plan, target: Target): Pass[] => {
    const { from, to } = channels(numbers);
    const own = { ...numbers, filters: numbers["k"], from, to };
    return [
      pass(filter, own, from * to),
      ...overTiles(plan, (first, count) => [
        pass(input, { ...own, channels: from, first }, count * from),
        ...products.passes({ ...own, tiles: count }, target),
        pass(output, { ...own, channels: to, first }, count * to),
      ]),
    ];
  };
  return { passes, inner: (numbers, { together }, target) => products.ways!({ ...channels(numbers), tiles: together }, target) };
}

const imageTiles = inputTiles("x");

const gradient: Transformed = {
  passes: (numbers, plan, target) => {
    const { c, k } = numbers;
    return [
      ...overTiles(plan, (first, count) => [
        pass(imageTiles, { ...numbers, channels: c, first }, count * c),
        pass(slopeTiles, { ...numbers, channels: k, first }, count * k),
        ...gradients.passes({ ...numbers, from: c, to: k, tiles: count, more: first > 0 ? 1 : 0 }, target),
      ]),
      pass(filterGradient, numbers, c * k),
    ];
  },
  inner: ({ c, k }, { together }, target) => gradients.ways!({ from: c, to: k, tiles: together }, target),
};

/** By transforms where the backend was asked for them, else as plain convolution. */
function chosen(plain: GpuKernel, { passes: transforms, inner }: Transformed): GpuKernel {
  // Without a tile there is nothing to transform, and a gradient of zeros.
  const isPlain = (numbers: Sizes, target: Target): boolean => target.winograd !== true || planOf(numbers, target).tiles === 0;
  return {
    scratch: (numbers, target) => (isPlain(numbers, target) ? plain.scratch!(numbers, target) : planOf(numbers, target).floats),
    passes: (numbers, target) => {
      if (isPlain(numbers, target)) return plain.passes(numbers, target);
      const plan = planOf(numbers, target);
      return transforms(numbers, plan, whole(target)).map((each) => ({ ...each, parts: plan.parts }));
    },
    ways: (numbers, target) => {
      const { winograd, half = false } = target;
      const plan = planOf(numbers, target);
      if (plan.tiles === 0) return [];
      const others = inner(numbers, plan, whole(target));
      if (winograd === true) return others;
      const direct = plain.ways!(numbers, target);
      // Half precision is for products of what was not transformed.
      return winograd === false || half ? direct : [...direct, ...[{}, ...others].map((way) => ({ ...way, winograd: true }))];
    },
  };
}

export const kernels: GpuKernels = {
  conv2d_winograd_f32: chosen(
    plainConvolution("forward"),
    convolving(imageTiles, filterOf(false), outputTiles("y"), ({ c, k }) => ({ from: c, to: k })),
  ),
  conv2d_winograd_input_gradient_f32: chosen(
    plainConvolution("inputGradient"),
    convolving(inputTiles("dy"), filterOf(true), outputTiles("dx"), ({ c, k }) => ({ from: k, to: c })),
  ),
  conv2d_winograd_weight_gradient_f32: chosen(plainConvolution("weightGradient"), gradient),
};
