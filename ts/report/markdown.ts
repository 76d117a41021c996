// Markdown as Prettier leaves it: tables with aligned columns, text whose signs mean nothing.

/** Text that is no markup. */
export function plainText(text: string): string {
  return text.replace(/([\\`*_[\]<>|])/g, "\\$1").replace(/(?<=\w)\\_(?=\w)/g, "_");
}

const widthOf = (text: string): number => [...text].length;

/** A table; its first column is aligned to the left, the others to the right, or as `align` says. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: (column: number) => "left" | "right" = (column) => (column === 0 ? "left" : "right"),
): string[] {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replace(/(?<!\\)\|/g, "\\|")));
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => widthOf(row[column]))));
  const pad = (text: string, column: number): string => {
    const space = " ".repeat(widths[column] - widthOf(text));
    return align(column) === "left" ? text + space : space + text;
  };
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = widths.map((width, column) => (align(column) === "left" ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const [first, ...others] = all.map((row) => line(row.map(pad)));
  return [first, line(rule), ...others];
}
