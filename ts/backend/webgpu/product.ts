// The tiled matrix product behind gemm, convolution and attention: C[m,n] = sum over k of A[row,k] B[k,col]. What A and B are and where C
// goes is said in WGSL functions, so that a convolution is a product whose A is read where it lies. Each invocation has a block of C in
// registers; tiles of A and B pass through workgroup memory, the next ones being read while the current ones are multiplied. Where C has
// few tiles and the sum is long, it is cut, and a second pass adds the parts.
import { each, groupsFor } from "./each.ts";
import type { GpuKernel, Source, Target, TileName, Use } from "./source.ts";

/** Rows and columns of C a workgroup has, and an invocation. */
interface Tile {
  readonly rows: number;
  readonly cols: number;
  readonly ownRows: number;
  readonly ownCols: number;
}

/** Steps of the sum that are in workgroup memory at once. */
const DEPTH = 16;

const tiles = {
  huge: { rows: 128, cols: 128, ownRows: 8, ownCols: 8 },
  large: { rows: 64, cols: 64, ownRows: 8, ownCols: 4 },
  tall32: { rows: 128, cols: 32, ownRows: 8, ownCols: 4 },
  tall16: { rows: 128, cols: 16, ownRows: 8, ownCols: 4 },
  small: { rows: 32, cols: 32, ownRows: 4, ownCols: 4 },
} as const satisfies Record<TileName, Tile>;

/** Tiles that keep a GPU busy. */
const BUSY = 256;

export interface ProductSize {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Products of the same size, wg.z; 1 by default. */
  readonly layers?: number;
}

const tilesOf = ({ m, n }: ProductSize, { rows, cols }: Tile): number => Math.ceil(m / rows) * Math.ceil(n / cols);

function tileFor(size: ProductSize, { tile }: Target): TileName {
  if (tile !== undefined) return tile;
  const { m, n, layers = 1 } = size;
  if (tilesOf(size, tiles.huge) * layers >= BUSY && n > 64) return "huge";
  if (n <= 16 && m >= 128) return "tall16";
  if (n <= 32 && m >= 128) return "tall32";
  return m >= 64 && n > 32 && tilesOf(size, tiles.large) * layers >= BUSY / 4 ? "large" : "small";
}

interface ProductSpec {
  readonly name: string;
  readonly buffers: Readonly<Record<string, Use>>;
  readonly integers?: readonly string[];
  readonly floats?: readonly string[];
  /**
   * WGSL. `fn row_of(row: u32) -> vec4<i32>` and `fn step_of(k: u32) -> vec4<i32>` take an index of A apart once (w must not be negative),
   * `fn a_value(row: vec4<i32>, step: vec4<i32>) -> f32` reads there; `fn b_value(k: u32, col: u32) -> f32`; `fn put(row: u32, col: u32,
   * sum: f32)` writes an element of C. `layer` is the number of the product.
   */
  readonly declarations: string;
  /** Along which index A lies in memory. */
  readonly a: "k" | "rows";
  readonly b: "k" | "cols";
  /** Never cut the sum. */
  readonly uncut?: boolean;
  readonly size: (numbers: Readonly<Record<string, number>>) => ProductSize;
  readonly derive?: (numbers: Readonly<Record<string, number>>) => Readonly<Record<string, number>>;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** How a workgroup reads its parts of A and B, in fours along rows and columns, and puts them into workgroup memory. */
interface Reading {
  readonly begin: readonly string[];
  readonly read: readonly string[];
  readonly put: readonly string[];
}

/** Written out, so that what is read stays in registers. */
function written(side: "a" | "b", fours: number, threads: number, along: boolean): Reading {
  const edge = side === "a" ? "top" : "left";
  const units = range((fours * DEPTH) / threads);
  const unit = (index: number): string => `(thread + ${index * threads}u)`;
  const cell = (j: number, r: number): string => (side === "a" ? `a_cell(a_row${j}_${r}, step)` : `b_cell(k, b_col${j} + ${r}u, to)`);
  return {
    begin: units.flatMap((j) => [
      `  let ${side}_step${j} = ${unit(j)} ${along ? `% ${DEPTH}u` : `/ ${fours}u`};`,
      `  let ${side}_four${j} = ${unit(j)} ${along ? `/ ${DEPTH}u` : `% ${fours}u`};`,
      `  let ${side}_col${j} = ${edge} + ${side}_four${j} * 4u;`,
      ...(side === "a" ? range(4).map((r) => `  let a_row${j}_${r} = row_in(a_col${j} + ${r}u);`) : []),
      `  var ${side}${j} = vec4<f32>(0.0);`,
    ]),
    read: units.map((j) => {
      const step = side === "a" ? `let step = step_in(k0 + a_step${j}, to);` : `let k = k0 + b_step${j};`;
      return `      { ${step} ${side}${j} = vec4<f32>(${range(4)
        .map((r) => cell(j, r))
        .join(", ")}); }`;
    }),
    put: units.map((j) => `    ${side}_tile[${side}_step${j} * ${fours}u + ${side}_four${j}] = ${side}${j};`),
  };
}

/** The same in loops: a shader that software compiles in a third of the time. */
function looped(side: "a" | "b", fours: number, threads: number, along: boolean): Reading {
  const edge = side === "a" ? "top" : "left";
  const units = (fours * DEPTH) / threads;
  const each = (text: string): string[] => [
    `    for (var j = 0u; j < ${units}u; j++) {`,
    `      let unit = thread + j * ${threads}u;`,
    `      let inner = unit ${along ? `% ${DEPTH}u` : `/ ${fours}u`};`,
    `      let four = unit ${along ? `/ ${DEPTH}u` : `% ${fours}u`};`,
    text,
    "    }",
  ];
  const read =
    side === "a"
      ? "      let step = step_in(k0 + inner, to);\n      for (var r = 0u; r < 4u; r++) { a_next[j][r] = a_cell(a_rows[j * 4u + r], step); }"
      : `      for (var r = 0u; r < 4u; r++) { b_next[j][r] = b_cell(k0 + inner, ${edge} + four * 4u + r, to); }`;
  return {
    begin: [
      `  var ${side}_next: array<vec4<f32>, ${units}>;`,
      ...(side === "a"
        ? [
            `  var a_rows: array<vec4<i32>, ${units * 4}>;`,
            ...each(`      for (var r = 0u; r < 4u; r++) { a_rows[j * 4u + r] = row_in(${edge} + four * 4u + r); }`),
          ]
        : []),
    ],
    read: each(read),
    put: each(`      ${side}_tile[inner * ${fours}u + four] = ${side}_next[j];`),
  };
}

function mainOf(name: TileName, a: "k" | "rows", b: "k" | "cols"): { text: string; threads: number } {
  const { rows, cols, ownRows, ownCols } = tiles[name];
  const across = cols / ownCols;
  const threads = (rows / ownRows) * across;
  const [aFours, bFours] = [rows / 4, cols / 4];
  const rowGroups = range(ownRows / 4);
  const colGroups = range(ownCols / 4);
  const reading = name === "small" ? looped : written;
  const left = reading("a", aFours, threads, a === "k");
  const right = reading("b", bFours, threads, b === "k");
  const aStride = aFours / rowGroups.length;
  const bStride = bFours / colGroups.length;
  const lines = [
    `  let wide = (u.n + ${cols - 1}u) / ${cols}u;`,
    `  let top = (group / wide) * ${rows}u;`,
    `  let left = (group % wide) * ${cols}u;`,
    "  if (top >= u.m) { return; }",
    "  layer = wg.z / u.cuts;",
    "  part = wg.z % u.cuts;",
    "  let begin = (wg.z % u.cuts) * u.span;",
    "  let to = min(begin + u.span, u.k);",
    `  let tx = thread % ${across}u;`,
    `  let ty = thread / ${across}u;`,
    ...left.begin,
    ...right.begin,
    ...range(ownRows).flatMap((r) => colGroups.map((c) => `  var c${r}_${c} = vec4<f32>(0.0);`)),
    // Tile by tile: read the next one, multiply the one in workgroup memory, put the next one there.
    `  for (var k0 = begin; k0 < to + ${DEPTH}u; k0 += ${DEPTH}u) {`,
    "    if (k0 < to) {",
    ...left.read,
    ...right.read,
    "    }",
    "    if (k0 > begin) {",
    `      for (var kk = 0u; kk < ${DEPTH}u; kk++) {`,
    ...rowGroups.map((g) => `        let x${g} = a_tile[kk * ${aFours}u + ty + ${g * aStride}u];`),
    ...colGroups.map((g) => `        let y${g} = b_tile[kk * ${bFours}u + tx + ${g * bStride}u];`),
    ...range(ownRows).flatMap((r) =>
      colGroups.map((c) => `        c${r}_${c} = fma(vec4<f32>(x${Math.floor(r / 4)}.${"xyzw"[r % 4]}), y${c}, c${r}_${c});`),
    ),
    "      }",
    "    }",
    "    workgroupBarrier();",
    ...left.put,
    ...right.put,
    "    workgroupBarrier();",
    "  }",
    ...range(ownRows).flatMap((r) =>
      colGroups.map((c) => {
        const row = `top + (ty + ${Math.floor(r / 4) * aStride}u) * 4u + ${r % 4}u`;
        return `  put_four(${row}, left + (tx + ${c * bStride}u) * 4u, c${r}_${c});`;
      }),
    ),
  ];
  return { text: lines.join("\n"), threads };
}

const CELLS = `
var<private> layer: u32;
var<private> part: u32;
fn row_in(row: u32) -> vec4<i32> { if (row < u.m) { return row_of(row); } return vec4<i32>(-1); }
fn step_in(k: u32, to: u32) -> vec4<i32> { if (k < to) { return step_of(k); } return vec4<i32>(-1); }
fn a_cell(row: vec4<i32>, step: vec4<i32>) -> f32 { if ((row.w | step.w) < 0) { return 0.0; } return a_value(row, step); }
fn b_cell(k: u32, col: u32, to: u32) -> f32 { if (k < to && col < u.n) { return b_value(k, col); } return 0.0; }
fn put_one(row: u32, col: u32, sum: f32) {
  if (col >= u.n) { return; }
  if (has_scratch) { scratch_put(((part * u.layers + layer) * u.m + row) * u.n + col, sum); } else { put(row, col, sum); }
}
fn put_four(row: u32, col: u32, sums: vec4<f32>) {
  if (row >= u.m) { return; }
  for (var c = 0u; c < 4u; c++) { put_one(row, col + c, sums[c]); }
}`;

const INTEGERS = ["m", "n", "k", "layers", "cuts", "span"];

/** Pieces that the sum is cut into. */
function cutsOf(size: ProductSize, target: Target): number {
  const { k, layers = 1 } = size;
  const busy = tilesOf(size, tiles[tileFor(size, target)]) * layers;
  return busy === 0 ? 1 : Math.max(1, Math.min(Math.floor(BUSY / busy), Math.floor(k / 256)));
}

/** A kernel that is a matrix product. */
export function product(spec: ProductSpec): GpuKernel {
  const { name, buffers, integers = [], floats = [], declarations, a, b, uncut = false, size: sizeOf, derive = () => ({}) } = spec;
  const sources = new Map<TileName, Source>();
  const sourceFor = (tile: TileName): Source => {
    const known = sources.get(tile);
    if (known) return known;
    const { text, threads } = mainOf(tile, a, b);
    const made: Source = {
      name: `${name}_${tile}`,
      buffers: { ...buffers, scratch: "out?" },
      integers: [...INTEGERS, ...integers],
      floats,
      threads,
      declarations: [
        `var<workgroup> a_tile: array<vec4<f32>, ${(tiles[tile].rows / 4) * DEPTH}>;`,
        `var<workgroup> b_tile: array<vec4<f32>, ${(tiles[tile].cols / 4) * DEPTH}>;`,
        declarations,
        CELLS,
      ].join("\n"),
      main: text,
    };
    sources.set(tile, made);
    return made;
  };
  const sum = each({
    name: `${name}_sum`,
    buffers: { ...buffers, scratch: "in" },
    integers: [...INTEGERS, ...integers],
    floats,
    declarations: `var<private> layer: u32;\nvar<private> part: u32;\n${declarations}`,
    body: [
      "  var sum = 0.0;",
      "  for (var cut = 0u; cut < u.cuts; cut++) { sum += scratch_at(cut * u.length + i); }",
      "  layer = i / (u.m * u.n);",
      "  let rest = i % (u.m * u.n);",
      "  put(rest / u.n, rest % u.n, sum);",
    ].join("\n"),
  });
  return {
    scratch: (numbers, target) => {
      const size = sizeOf(numbers);
      const cuts = uncut ? 1 : cutsOf(size, target);
      return cuts > 1 ? cuts * size.m * size.n * (size.layers ?? 1) : 0;
    },
    passes: (numbers, target) => {
      const size = sizeOf(numbers);
      const { m, n, k, layers = 1 } = size;
      const tile = tileFor(size, target);
      const cuts = uncut ? 1 : cutsOf(size, target);
      const span = Math.max(DEPTH, Math.ceil(k / cuts / DEPTH) * DEPTH);
      const own = { ...numbers, ...derive(numbers), m, n, k, layers, cuts, span, length: m * n * layers };
      const first = { source: sourceFor(tile), numbers: own, groups: tilesOf(size, tiles[tile]), layers: layers * cuts };
      return cuts === 1 ? [first] : [first, { source: sum, numbers: own, groups: groupsFor(own.length) }];
    },
  };
}
