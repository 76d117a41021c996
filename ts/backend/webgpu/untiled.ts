// A product without workgroup memory: each invocation has 4 x 4 elements of C and reads what it multiplies where it lies. No barrier, and
// short to compile: for small products, and for drivers that compute on the CPU.
import type { Layout, TileText } from "./tile.ts";

/** Invocations of a workgroup. */
export const UNTILED_THREADS = 64;

const four = [0, 1, 2, 3];
const letter = (index: number): string => "xyzw"[index];

/** Lines of the loop over the sum; how many elements of it one turn takes. */
function turn({ a, b, fours }: Layout): { readonly step: number; readonly lines: readonly string[] } {
  if (!fours)
    return {
      step: 1,
      lines: [
        "let step = step_in(k, to);",
        `let y = vec4<f32>(${four.map((c) => `b_cell(k, left + ${c}u, to)`).join(", ")});`,
        ...four.map((r) => `c${r} = fma(vec4<f32>(a_cell(row${r}, step)), y, c${r});`),
      ],
    };
  if (a === "rows")
    return {
      step: 1,
      lines: [
        "let x = a_cell(row0, step_in(k, to));",
        "let y = b_cell(k, left, to);",
        ...four.map((r) => `c${r} = fma(vec4<f32>(x.${letter(r)}), y, c${r});`),
      ],
    };
  return {
    step: 4,
    lines: [
      "let step = step_in(k, to);",
      ...four.map((r) => `let x${r} = a_cell(row${r}, step);`),
      ...four.map((j) => `let y${j} = b_cell(${b === "k" ? `k, left + ${j}u` : `k + ${j}u, left`}, to);`),
      ...four.flatMap((r) =>
        b === "k"
          ? [`c${r} += vec4<f32>(${four.map((c) => `dot(x${r}, y${c})`).join(", ")});`]
          : four.map((j) => `c${r} = fma(vec4<f32>(x${r}.${letter(j)}), y${j}, c${r});`),
      ),
    ],
  };
}

/** The text of a shader that multiplies so. */
export function untiledText(layout: Layout): TileText {
  const { step, lines } = turn(layout);
  const inFours = layout.fours && layout.a === "rows";
  const main = [
    "  let wide = (u.n + 3u) / 4u;",
    `  let place = group * ${UNTILED_THREADS}u + thread;`,
    "  let top = place / wide * 4u;",
    "  let left = place % wide * 4u;",
    "  if (top >= u.m) { return; }",
    "  layer = wg.z / u.cuts;",
    "  part = wg.z % u.cuts;",
    "  let begin = part * u.span;",
    "  let to = min(begin + u.span, u.k);",
    ...(inFours ? ["  let row0 = row_in(top);"] : four.map((r) => `  let row${r} = row_in(top + ${r}u);`)),
    ...four.map((r) => `  var c${r} = vec4<f32>(0.0);`),
    `  for (var k = begin; k < to; k += ${step}u) {`,
    ...lines.map((line) => `    ${line}`),
    "  }",
    ...four.map((r) => `  put_four(top + ${r}u, left, c${r});`),
  ];
  return { declarations: "", main: main.join("\n"), threads: UNTILED_THREADS };
}
