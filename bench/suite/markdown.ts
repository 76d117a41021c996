// Results as Markdown: what a bench found, two runs beside each other, and what --check says.
import type { Comparison } from "./comparison.ts";
import type { Verdict } from "./baseline.ts";
import { spreadsOf, type Measured } from "./rows.ts";
import { disturbance, median } from "./statistics.ts";

/** A number with three digits that count, without an exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export function percent(part: number | null): string {
  return part === null ? "" : `${(100 * part).toFixed(0)} %`;
}

/** Columns are numbers, and right-aligned, but for the first `texts`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], texts = 1): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column < texts ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(" | ")} |`;
  const rule = widths.map((width, column) => (column < texts ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

export function measuredTable(rows: readonly Measured[]): string {
  return table(
    ["what", "unit", "threads", "median", "best", "share", "spread", "CPU"],
    rows.map(({ name, unit, threads, value, best, ceilingShare, spread, cpu }) => [
      name,
      unit,
      String(threads),
      digits(value),
      best === value ? "" : digits(best),
      percent(ceilingShare),
      percent(spread),
      cpu === null ? "" : cpu.toFixed(2),
    ]),
    2,
  );
}

/** How calm the machine was, in a line; null where nothing was measured often enough to tell. */
export function disturbanceLine(rows: readonly Measured[]): string | null {
  const spreads = spreadsOf(rows);
  if (spreads.length === 0) return null;
  const worst = Math.max(...spreads);
  const name = rows.find(({ spread }) => spread === worst)!.name;
  return `This run was ${disturbance(spreads)}: the middle half of the rounds reaches over ${percent(median(spreads))} of the median, at worst ${percent(worst)} (${name}).`;
}

export function comparisonTable({ differences, onlyBefore, onlyNow }: Comparison, file: string): string {
  const left = [
    ...(onlyNow.length > 0 ? [`${onlyNow.length} rows are not in ${file}.`] : []),
    ...(onlyBefore.length > 0 ? [`${onlyBefore.length} rows of ${file} were not measured.`] : []),
  ];
  const rows = differences.map(({ row, before, gain }) => [
    row.name,
    row.unit,
    String(row.threads),
    digits(before.value),
    digits(row.value),
    `${gain.toFixed(3)}x`,
  ]);
  const head = ["what", "unit", "threads", "before", "now", "as good"];
  return [...(rows.length > 0 ? [table(head, rows, 2)] : [`No row is in ${file} too.`]), ...left].join("\n\n");
}

/** What got worse, then how many did not. */
export function verdictText(verdicts: readonly Verdict[]): string {
  const worse = verdicts.filter((verdict) => verdict.worse);
  const lines = worse.map(
    ({ name, value, accepted, gain, tolerance }) =>
      `worse: ${name}: ${digits(value)}, ${digits(accepted)} was accepted (${gain.toFixed(2)}x as good, at least ${(1 - tolerance).toFixed(2)}x is wanted)`,
  );
  return [...lines, `${verdicts.length - worse.length} of ${verdicts.length} ratios are as good as accepted`].join("\n");
}
