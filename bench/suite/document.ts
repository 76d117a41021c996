// Puts a run's tables into a Markdown file, between marks that name the engine: `<!-- bench:node20:begin -->` and
// `<!-- bench:node20:end -->`. Kernels are gathered, a line a shape.
import { digits, measuredTable, percent, table } from "./markdown.ts";
import type { Measured } from "./rows.ts";
import { reachedTargets, targetsTable } from "./targets.ts";

interface Pivot {
  readonly title: string;
  /** Groups `line` and `column` of a row's name. */
  readonly pattern: RegExp;
  readonly unit: Measured["unit"];
  readonly columns: readonly string[];
}

const PASSES = ["forward", "input_gradient", "weight_gradient"];

const PIVOTS: readonly Pivot[] = [
  {
    title: "Matrix products, GFLOP/s and share of the ceiling",
    ...{ pattern: /^gemm_(?<column>nn|tn|nt)_(?<line>.*)$/, unit: "GFLOP/s", columns: ["nn", "tn", "nt"] },
  },
  {
    title: "Direct convolutions, GFLOP/s and share of the ceiling",
    ...{ pattern: /^conv_(?<line>.*?)_(?<column>forward|(?:input|weight)_gradient)$/, unit: "GFLOP/s", columns: PASSES },
  },
  {
    title: "Winograd, times as fast as direct",
    ...{
      pattern: /^winograd_over_direct_(?<line>.*?)_(?<column>forward|(?:input|weight)_gradient)$/,
      unit: "speed ratio",
      columns: PASSES,
    },
  },
  {
    title: "Passes over memory, GB/s and share of a copy",
    ...{ pattern: /^(?<line>.*)_(?<column>l1|l2|dram)$/, unit: "GB/s", columns: ["l1", "l2", "dram"] },
  },
];

const isCopy = ({ name }: Measured): boolean => name.startsWith("copy_");

function pivotOf({ title, pattern, unit, columns }: Pivot, rows: readonly Measured[]): readonly string[] {
  const lines = new Map<string, Map<string, string>>();
  for (const row of rows) {
    const { line, column } = pattern.exec(row.name)?.groups ?? {};
    if (line === undefined || row.unit !== unit || isCopy(row)) continue;
    const cells = lines.get(line) ?? new Map<string, string>();
    lines.set(line, cells.set(column, `${digits(row.value)}${row.ceilingShare === null ? "" : ` (${percent(row.ceilingShare)})`}`));
  }
  if (lines.size === 0) return [];
  const cells = [...lines].map(([line, found]) => [line, ...columns.map((column) => found.get(column) ?? "")]);
  return [`#### ${title}`, table(["", ...columns.map((column) => column.replace("_", " "))], cells)];
}

/** The rows that no pivot gathers, by the words their names begin with. */
const PLAIN: readonly (readonly [title: string, pattern: RegExp])[] = [
  ["Ceilings", /^(?:multiply_add|copy_)/],
  ["Training steps", /^(?:train_|peak_memory_|workers_|team_|orthogonal_over_|observing_)/],
  ["Growth", /^growth_/],
  ["Start", /^start_/],
];

/** The sections of a run: those it has rows for. */
export function sectionsOf(rows: readonly Measured[]): string {
  const reached = reachedTargets(rows);
  return [
    ...(reached.length > 0 ? ["#### Targets", targetsTable(reached)] : []),
    ...PLAIN.slice(0, 1).flatMap(([title, pattern]) => plainOf(title, pattern, rows)),
    ...PIVOTS.flatMap((pivot) => pivotOf(pivot, rows)),
    ...PLAIN.slice(1).flatMap(([title, pattern]) => plainOf(title, pattern, rows)),
  ].join("\n\n");
}

function plainOf(title: string, pattern: RegExp, rows: readonly Measured[]): readonly string[] {
  const own = rows.filter(({ name }) => pattern.test(name));
  return own.length === 0 ? [] : [`#### ${title}`, measuredTable(own)];
}

/** A text with what stands between the marks of `part` replaced. Error: marks that are not there. */
export function writeBetween(text: string, part: string, content: string, file: string): string {
  const begin = `<!-- bench:${part}:begin -->`;
  const end = `<!-- bench:${part}:end -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`bench: ${file} without ${begin} and ${end}, wanted both, in this order`);
  return `${text.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${text.slice(to)}`;
}
