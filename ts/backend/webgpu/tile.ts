// How a workgroup multiplies a tile: each invocation has a block of C in registers; parts of A and B pass through workgroup memory, the
// next ones being read while the current ones are multiplied. In half precision they are rounded to 16 bits there, and multiplied and summed
// in float32. Where products are laid out by subgroups, a subgroup has one row of blocks: an invocation reads a part of A, and the others
// have it from there by broadcasts of constant lanes, so that only B is read from workgroup memory.
import type { Target, TileName } from "./source.ts";

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

/** Steps of the sum that are in workgroup memory at once. */
export const DEPTH = 16;

export const tiles = {
  huge: { name: "huge", rows: 128, cols: 128, ownRows: 8, ownCols: 8 },
  large: { name: "large", rows: 64, cols: 64, ownRows: 8, ownCols: 4 },
  tall32: { name: "tall32", rows: 128, cols: 32, ownRows: 8, ownCols: 4 },
  tall16: { name: "tall16", rows: 128, cols: 16, ownRows: 8, ownCols: 4 },
  small: { name: "small", rows: 32, cols: 32, ownRows: 4, ownCols: 4 },
} as const satisfies Record<TileName, Tile>;

/** By subgroups of so many invocations. */
const shared: readonly Tile[] = [
  { name: "by4", rows: 64, cols: 16, ownRows: 4, ownCols: 4, subgroup: 4 },
  { name: "by8", rows: 32, cols: 32, ownRows: 4, ownCols: 4, subgroup: 8 },
  { name: "by16", rows: 64, cols: 64, ownRows: 8, ownCols: 4, subgroup: 16 },
  { name: "by32", rows: 64, cols: 128, ownRows: 8, ownCols: 4, subgroup: 32 },
];

/** The tile of products by subgroups of such a size; none for sizes that are laid out for no tile. */
export const sharedTile = (subgroup: number): Tile | undefined => shared.find((tile) => tile.subgroup === subgroup);

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** How a workgroup reads its parts of A and B, in fours along rows and columns, and puts them into workgroup memory. */
interface Reading {
  readonly begin: readonly string[];
  readonly read: readonly string[];
  readonly put: readonly string[];
}

interface Side {
  readonly side: "a" | "b";
  readonly fours: number;
  readonly threads: number;
  /** It lies in memory along the sum. */
  readonly along: boolean;
  /** The type of workgroup memory. */
  readonly cell: string;
}

/** Written out, so that what is read stays in registers. */
function written({ side, fours, threads, along, cell }: Side): Reading {
  const edge = side === "a" ? "top" : "left";
  const units = range((fours * DEPTH) / threads);
  const unit = (index: number): string => `(thread + ${index * threads}u)`;
  const value = (j: number, r: number): string => (side === "a" ? `a_cell(a_row${j}_${r}, step)` : `b_cell(k, b_col${j} + ${r}u, to)`);
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
        .map((r) => value(j, r))
        .join(", ")}); }`;
    }),
    put: units.map((j) => `    ${side}_tile[${side}_step${j} * ${fours}u + ${side}_four${j}] = ${cell}(${side}${j});`),
  };
}

/** The same in loops: a shader that software compiles in a third of the time. */
function looped({ side, fours, threads, along, cell }: Side): Reading {
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
    put: each(`      ${side}_tile[inner * ${fours}u + four] = ${cell}(${side}_next[j]);`),
  };
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

/** The text of a shader that multiplies by a tile; A and B lie along the sum (`k`) or along C. */
export function tileText(tile: Tile, a: "k" | "rows", b: "k" | "cols", { half = false }: Target): TileText {
  const { rows, cols, ownRows, ownCols, subgroup = 0 } = tile;
  const across = cols / ownCols;
  const threads = (rows / ownRows) * across;
  const [aFours, bFours] = [rows / 4, cols / 4];
  const colGroups = range(ownCols / 4);
  const cell = half ? "vec4<f16>" : "vec4<f32>";
  // Tiles that software runs: shorter to compile.
  const reading = tile === tiles.small || (subgroup > 0 && subgroup < 16) ? looped : written;
  const left = reading({ side: "a", fours: aFours, threads, along: a === "k", cell });
  const right = reading({ side: "b", fours: bFours, threads, along: b === "k", cell });
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
