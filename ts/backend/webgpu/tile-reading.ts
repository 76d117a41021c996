// How a workgroup brings its parts of A and B into workgroup memory, where they lie in fours along rows and columns of C. What is read
// stays in registers while the parts before it are multiplied.

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Steps of the sum that are in workgroup memory at once. */
export const DEPTH = 16;

/** How a workgroup reads its parts of A and B, in fours along rows and columns, and puts them into workgroup memory. */
export interface Reading {
  readonly begin: readonly string[];
  readonly read: readonly string[];
  readonly put: readonly string[];
}

export interface Side {
  readonly side: "a" | "b";
  readonly fours: number;
  readonly threads: number;
  /** It lies in memory along the sum. */
  readonly along: boolean;
  /** The type of workgroup memory. */
  readonly cell: string;
}

/** Element by element, written out, so that what is read stays in registers. */
function byOnes({ side, fours, threads, along, cell }: Side): Reading {
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
function byLoops({ side, fours, threads, along, cell }: Side): Reading {
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

/** Four elements at once. Those that lie along the sum are read as blocks of 4 x 4 and turned in registers. */
function byFours({ side, fours, threads, along, cell }: Side): Reading {
  const edge = side === "a" ? "top" : "left";
  const blocks = along ? (fours * DEPTH) / 4 : fours * DEPTH;
  const units = range(Math.ceil(blocks / threads));
  const unit = (index: number): string => `(thread + ${index * threads}u)`;
  const reads = range(along ? 4 : 1);
  // Where there are fewer blocks than invocations, the others have none.
  const guarded = (lines: readonly string[]): string[] =>
    blocks < threads ? [`    if (thread < ${blocks}u) {`, ...lines, "    }"] : [...lines];
  const value = (j: number, r: number): string =>
    side === "a" ? `a_cell(a_row${j}_${r}, step)` : `b_cell(k, b_col${j}${r === 0 ? "" : ` + ${r}u`}, to)`;
  return {
    begin: units.flatMap((j) => [
      `  let ${side}_step${j} = ${unit(j)} ${along ? `% ${DEPTH / 4}u * 4u` : `/ ${fours}u`};`,
      `  let ${side}_four${j} = ${unit(j)} ${along ? `/ ${DEPTH / 4}u` : `% ${fours}u`};`,
      `  let ${side}_col${j} = ${edge} + ${side}_four${j} * 4u;`,
      ...(side === "a" ? reads.map((r) => `  let a_row${j}_${r} = row_in(a_col${j} + ${r}u);`) : []),
      ...reads.map((r) => `  var ${side}${j}_${r} = vec4<f32>(0.0);`),
    ]),
    read: guarded(
      units.map((j) => {
        const step = side === "a" ? `let step = step_in(k0 + a_step${j}, to);` : `let k = k0 + b_step${j};`;
        return `      { ${step} ${reads.map((r) => `${side}${j}_${r} = ${value(j, r)};`).join(" ")} }`;
      }),
    ),
    put: guarded(
      units.flatMap((j) =>
        along
          ? range(4).map((k) => {
              const turned = reads.map((r) => `${side}${j}_${r}.${"xyzw"[k]}`).join(", ");
              return `    ${side}_tile[(${side}_step${j} + ${k}u) * ${fours}u + ${side}_four${j}] = ${cell}(vec4<f32>(${turned}));`;
            })
          : [`    ${side}_tile[${side}_step${j} * ${fours}u + ${side}_four${j}] = ${cell}(${side}${j}_0);`],
      ),
    ),
  };
}

const ways = { ones: byOnes, loops: byLoops, fours: byFours };

/** The text that reads a side in a way: element by element, the same in loops, or four at once. */
export const readingOf = (side: Side, way: keyof typeof ways): Reading => ways[way](side);
