// How a workgroup multiplies a tile: each invocation has a block of C in registers; parts of A and B pass through workgroup memory, the
// next ones being read while the current ones are multiplied (tile-reading.ts). In half precision they are rounded to 16 bits there, and
// multiplied and summed in float32. Where products are laid out by subgroups, a subgroup has one row of blocks: an invocation reads a part
// of A, and the others have it from there by broadcasts of constant lanes, so that only B is read from workgroup memory.
import type { Target, TileName } from "./source.ts";
import { DEPTH, readingOf } from "./tile-reading.ts";
import { UNTILED_THREADS, untiledText } from "./untiled.ts";

/** Rows and columns of C a workgroup has, and an invocation. */
export interface Tile {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly ownRows: number;
  readonly ownCols: number;
  /** Invocations of a subgroup where they share what they read of A. */
  readonly subgroup?: number;
}

export const tiles = {
  huge: { name: "huge", rows: 128, cols: 128, ownRows: 8, ownCols: 8 },
  tall64: { name: "tall64", rows: 128, cols: 64, ownRows: 8, ownCols: 8 },
  large: { name: "large", rows: 64, cols: 64, ownRows: 8, ownCols: 4 },
  tall32: { name: "tall32", rows: 128, cols: 32, ownRows: 8, ownCols: 4 },
  tall16: { name: "tall16", rows: 128, cols: 16, ownRows: 8, ownCols: 4 },
  small: { name: "small", rows: 32, cols: 32, ownRows: 4, ownCols: 4 },
  untiled: { name: "untiled", rows: 4, cols: 4, ownRows: 4, ownCols: 4 },
} as const satisfies Record<TileName, Tile>;

export const tileNames = Object.keys(tiles) as TileName[];

/** By subgroups of so many invocations. */
const shared: readonly Tile[] = [
  { name: "by4", rows: 64, cols: 16, ownRows: 4, ownCols: 4, subgroup: 4 },
  { name: "by8", rows: 32, cols: 32, ownRows: 4, ownCols: 4, subgroup: 8 },
  { name: "by16", rows: 64, cols: 64, ownRows: 8, ownCols: 4, subgroup: 16 },
  { name: "by32", rows: 64, cols: 128, ownRows: 8, ownCols: 4, subgroup: 32 },
];

/** The tile of products by subgroups of such a size; none for sizes that are laid out for no tile. */
export const sharedTile = (subgroup: number): Tile | undefined => shared.find((tile) => tile.subgroup === subgroup);

/** Tiles that a workgroup has. */
export const tilesTogether = (tile: Tile): number => (tile === tiles.untiled ? UNTILED_THREADS : 1);

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Invocations that run together on most GPUs. */
const TOGETHER = 32;

/**
 * Column tx and row ty of an invocation's block. Those that run together have a patch of 8 x 4 blocks: they read 4 parts of A and 8 of B from
 * workgroup memory where a row of 16 and another would read 2 and 16.
 */
function places({ rows, cols, ownRows, ownCols, subgroup }: Tile): readonly string[] {
  const across = cols / ownCols;
  const down = rows / ownRows;
  const wide = Math.min(across, 8);
  const high = TOGETHER / wide;
  if (subgroup !== undefined || across === wide || down % high !== 0)
    return [`  let tx = thread % ${across}u;`, `  let ty = thread / ${across}u;`];
  const patches = across / wide;
  return [
    `  let bundle = thread / ${TOGETHER}u;`,
    `  let tx = bundle % ${patches}u * ${wide}u + thread % ${wide}u;`,
    `  let ty = bundle / ${patches}u * ${high}u + thread % ${TOGETHER}u / ${wide}u;`,
  ];
}

/** Multiplies what is in workgroup memory. */
function multiplied({ ownRows, ownCols, subgroup }: Tile, aFours: number, bFours: number): readonly string[] {
  const rowGroups = range(ownRows / 4);
  const colGroups = range(ownCols / 4);
  const aStride = aFours / rowGroups.length;
  const bStride = bFours / colGroups.length;
  const b = (step: string): string[] => colGroups.map((g) => `let y${g} = vec4<f32>(b_tile[${step} * ${bFours}u + tx + ${g * bStride}u]);`);
  const sums = range(ownRows).flatMap((r) =>
    colGroups.map((c) => `c${r}_${c} = fma(vec4<f32>(x${Math.floor(r / 4)}.${"xyzw"[r % 4]}), y${c}, c${r}_${c});`),
  );
  if (subgroup === undefined)
    return [
      `for (var kk = 0u; kk < ${DEPTH}u; kk++) {`,
      ...rowGroups.map((g) => `let x${g} = vec4<f32>(a_tile[kk * ${aFours}u + ty + ${g * aStride}u]);`),
      ...b("kk"),
      ...sums,
      "}",
    ];
  const parts = range(Math.ceil(DEPTH / subgroup));
  return [
    ...rowGroups.flatMap((g) =>
      parts.map((j) => `let p${g}_${j} = vec4<f32>(a_tile[(tx % ${DEPTH}u + ${j * subgroup}u) * ${aFours}u + ty + ${g * aStride}u]);`),
    ),
    ...range(DEPTH).flatMap((kk) => [
      "{",
      ...rowGroups.map((g) => `let x${g} = subgroupBroadcast(p${g}_${Math.floor(kk / subgroup)}, ${kk % subgroup}u);`),
      ...b(`${kk}u`),
      ...sums,
      "}",
    ]),
  ];
}

export interface TileText {
  readonly declarations: string;
  readonly main: string;
  readonly threads: number;
}

/** How what is multiplied lies in memory. */
export interface Layout {
  /** Along the sum (`k`) or along C. */
  readonly a: "k" | "rows";
  readonly b: "k" | "cols";
  /** In fours, which are read and written at once. */
  readonly fours: boolean;
}

/** The text of a shader that multiplies by a tile. */
export function tileText(tile: Tile, layout: Layout, { half = false }: Target): TileText {
  if (tile === tiles.untiled) return untiledText(layout);
  const { a, b, fours } = layout;
  const { rows, cols, ownRows, ownCols, subgroup = 0 } = tile;
  const across = cols / ownCols;
  const threads = (rows / ownRows) * across;
  const [aFours, bFours] = [rows / 4, cols / 4];
  const colGroups = range(ownCols / 4);
  const cell = half ? "vec4<f16>" : "vec4<f32>";
  // Tiles that software runs: shorter to compile.
  const way = fours ? "fours" : tile === tiles.small || (subgroup > 0 && subgroup < 16) ? "loops" : "ones";
  const left = readingOf({ side: "a", fours: aFours, threads, along: a === "k", cell }, way);
  const right = readingOf({ side: "b", fours: bFours, threads, along: b === "k", cell }, way);
  const aStride = aFours / (ownRows / 4);
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
    ...places(tile),
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
    ...multiplied(tile, aFours, bFours),
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
  const declarations = [
    `var<workgroup> a_tile: array<${cell}, ${aFours * DEPTH}>;`,
    `var<workgroup> b_tile: array<${cell}, ${bFours * DEPTH}>;`,
  ].join("\n");
  return { declarations, main: lines.join("\n"), threads };
}
