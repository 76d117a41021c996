// The tiled matrix product behind gemm, convolution and attention: C[m,n] = sum over k of A[row,k] B[k,col]. What A and B are and where C
// goes is said in WGSL functions, so that a convolution is a product whose A is read where it lies. Where C has few tiles and the sum is
// long, it is cut, and a second pass adds the parts. tile.ts has what a workgroup does.
import { each, groupsFor } from "./each.ts";
import type { Choice, GpuKernel, Source, Target, TileName, Use } from "./source.ts";
import { sharedTile, tileNames, tiles, tilesTogether, tileText, type Tile } from "./tile.ts";
import { DEPTH } from "./tile-reading.ts";

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

/** Workgroups of a product. */
const groupsOf = (size: ProductSize, tile: Tile): number => Math.ceil(tilesOf(size, tile) / tilesTogether(tile));

function tileFor(size: ProductSize, { tile, products }: Target): Tile {
  const { m, n, layers = 1 } = size;
  const shared = products === undefined ? undefined : sharedTile(products);
  if (shared !== undefined && 2 * n > shared.cols) return shared;
  if (tile !== undefined) return tiles[tile];
  if (tilesOf(size, tiles.huge) * layers >= BUSY && n > 64) return tiles.huge;
  if (n <= 16 && m >= 128) return tiles.tall16;
  if (n <= 32 && m >= 128) return tiles.tall32;
  if (n > 32 && n <= 64 && tilesOf(size, tiles.tall64) * layers >= BUSY) return tiles.tall64;
  return m >= 64 && n > 32 && tilesOf(size, tiles.large) * layers >= BUSY / 4 ? tiles.large : tiles.small;
}

/** Tiles that are not mostly empty. */
const fitting = ({ m, n }: ProductSize): TileName[] =>
  tileNames.filter((name) => {
    const { rows, cols } = tiles[name];
    return (rows < 2 * m || rows <= 32) && (cols < 2 * n || cols <= 16);
  });

interface ProductSpec {
  readonly name: string;
  readonly buffers: Readonly<Record<string, Use>>;
  readonly integers?: readonly string[];
  readonly floats?: readonly string[];
  /**
   * WGSL. `fn row_of(row: u32) -> vec4<i32>` and `fn step_of(k: u32) -> vec4<i32>` take an index of A apart once (w must not be negative),
   * `fn a_value(row: vec4<i32>, step: vec4<i32>) -> item` reads there; `fn b_value(k: u32, col: u32) -> item`; `fn put(row: u32, col: u32,
   * sum: item)` writes into C. `layer` is the number of the product. An item is one element, or four along the index that A or B lies along,
   * and along columns of C.
   */
  readonly declarations: string;
  /** Along which index A lies in memory. */
  readonly a: "k" | "rows";
  readonly b: "k" | "cols";
  /** Whether four elements may be read and written at once: they lie together, and their index is a multiple of four. Never by default. */
  readonly fours?: (numbers: Readonly<Record<string, number>>) => boolean;
  /** Never cut the sum. */
  readonly uncut?: boolean;
  readonly size: (numbers: Readonly<Record<string, number>>) => ProductSize;
  readonly derive?: (numbers: Readonly<Record<string, number>>) => Readonly<Record<string, number>>;
}

const CELLS = `
var<private> layer: u32;
var<private> part: u32;
fn row_in(row: u32) -> vec4<i32> { if (row < u.m) { return row_of(row); } return vec4<i32>(-1); }
fn step_in(k: u32, to: u32) -> vec4<i32> { if (k < to) { return step_of(k); } return vec4<i32>(-1); }
fn a_cell(row: vec4<i32>, step: vec4<i32>) -> item { if ((row.w | step.w) < 0) { return item(0.0); } return a_value(row, step); }
fn b_cell(k: u32, col: u32, to: u32) -> item { if (k < to && col < u.n) { return b_value(k, col); } return item(0.0); }
fn put_item(row: u32, col: u32, sum: item) {
  if (row >= u.m || col >= u.n) { return; }
  if (has_scratch) { scratch_put(((part * u.layers + layer) * u.m + row) * u.n + col, sum); } else { put(row, col, sum); }
}`;

const PUT_FOUR = {
  ones: "fn put_four(row: u32, col: u32, sums: vec4<f32>) { for (var c = 0u; c < 4u; c++) { put_item(row, col + c, sums[c]); } }",
  fours: "fn put_four(row: u32, col: u32, sums: vec4<f32>) { put_item(row, col, sums); }",
};

const INTEGERS = ["m", "n", "k", "layers", "cuts", "span"];

/** Pieces that the sum is cut into. */
function cutsOf(size: ProductSize, target: Target): number {
  const { k, layers = 1 } = size;
  const busy = groupsOf(size, tileFor(size, target)) * layers;
  return busy === 0 ? 1 : Math.max(1, Math.min(Math.floor(BUSY / busy), Math.floor(k / 256)));
}

/** A kernel that is a matrix product. */
export function product(spec: ProductSpec): GpuKernel {
  const { name, buffers, integers = [], floats = [], declarations, a, b, uncut = false, size: sizeOf, derive = () => ({}) } = spec;
  const sources = new Map<string, Source>();
  const sourceFor = (tile: Tile, fours: boolean, target: Target): Source => {
    const label = `${name}_${tile.name}${fours ? "_fours" : ""}${target.half ? "_f16" : ""}`;
    const known = sources.get(label);
    if (known) return known;
    const { declarations: cells, main, threads } = tileText(tile, { a, b, fours }, target);
    const made: Source = {
      name: label,
      buffers: { ...buffers, scratch: "out?" },
      integers: [...INTEGERS, ...integers],
      floats,
      threads,
      extensions: [...(target.half ? (["f16"] as const) : []), ...(tile.subgroup === undefined ? [] : (["subgroups"] as const))],
      ...(tile.subgroup !== undefined && target.sized && { subgroup: tile.subgroup }),
      ...(fours && { fours }),
      declarations: [cells, declarations, CELLS, PUT_FOUR[fours ? "fours" : "ones"]].join("\n"),
      main,
    };
    sources.set(label, made);
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
      const fours = target.fours !== false && spec.fours?.(own) === true;
      const first = { source: sourceFor(tile, fours, target), numbers: own, groups: groupsOf(size, tile), layers: layers * cuts };
      return cuts === 1 ? [first] : [first, { source: sum, numbers: own, groups: groupsFor(own.length) }];
    },
    ways: (numbers, target) => {
      const size = sizeOf(numbers);
      const { tile, products, shareable } = target;
      const ways: Choice[] = [];
      // A tile that was asked for stays.
      if (tile === undefined) {
        const own = tileFor(size, target);
        ways.push(...fitting(size).flatMap((name) => (tiles[name] === own ? [] : [{ tile: name }])));
        if (products === undefined && shareable !== undefined) ways.push({ products: shareable });
      }
      if (target.fours !== false && spec.fours?.({ ...numbers, ...derive(numbers) }) === true) ways.push({ fours: false });
      return ways;
    },
  };
}
