// A grid's results as Markdown, in the form of docs/results: what was run, what came out, what the seeds can show, digests.
import type { Machine } from "../train/events.ts";
import { gridTable, type Grid } from "./grid.ts";
import { formatSpan } from "./numbers.ts";
import { statement } from "./significance.ts";

const cell = (text: string): string => text.replace(/\|/g, "\\|");
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

function machineText({ cpu, cores, memoryBytes, platform, runtime, engine }: Machine): string {
  return `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB, ${platform}, ${runtime} (${engine})`;
}

/** One section, with a heading of the second level. */
export function gridMarkdown(grid: Grid): string {
  const logs = grid.rows.flatMap(({ logs: own }) => own).filter((log) => log !== null);
  const hours = logs.reduce((sum, { end }) => sum + (end?.seconds ?? 0), 0) / 3600;
  const { head, rows } = gridTable(grid);
  const tests = grid.rows.flatMap(({ name, difference }) =>
    difference === undefined || difference.verdict === "no runs"
      ? []
      : [`- ${name} against ${difference.from}: ${statement(difference.paired)}.`],
  );
  const uncertain = [...new Set(grid.rows.flatMap(({ paper }) => (paper?.unverified === undefined ? [] : [paper.unverified])))];
  const digests = grid.rows.flatMap(({ name, logs: own }) =>
    own.flatMap((log, index) =>
      log?.end ? [row([name, String(grid.seeds[index]), log.end.reason, formatSpan(log.end.seconds), `\`${log.end.digest}\``])] : [],
    ),
  );
  const machines = [...new Set(logs.map(({ start }) => machineText(start.machine)))];
  const versions = [...new Set(logs.map(({ start }) => Object.entries(start.versions).map(([what, version]) => `${what} ${version}`).join(", ")))]; // prettier-ignore
  const lines = [
    `## ${grid.title}`,
    "",
    `${grid.source}. Expected: ${grid.expects}`,
    "",
    `Scale \`${grid.scale}\`: ${grid.setting}. ${grid.unit} in percent, ${grid.protocol}, mean ± standard deviation over seeds ${grid.seeds.join(", ")}.`,
    "",
    row(head),
    row(head.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...rows.map(row),
    "",
    ...(uncertain.length > 0 ? [`\\* ${uncertain.join("; ")}.`, ""] : []),
    ...(tests.length > 0 ? ["What the seeds show:", "", ...tests, ""] : []),
    `- Command: \`${grid.command}\``,
    ...(grid.commit === undefined ? [] : [`- Commit: ${grid.commit}`]),
    ...machines.map((text) => `- Machine: ${text}`),
    ...versions.map((text) => `- Versions: ${text}`),
    `- Runs: ${logs.length} of ${grid.rows.length * grid.seeds.length}, ${hours < 0.1 ? formatSpan(3600 * hours) : `${hours.toFixed(1)} hours`} of training`,
    "",
    "<details><summary>Digests of the final weights</summary>",
    "",
    row(["run", "seed", "end", "time", "SHA-256"]),
    row(["---", "---", "---", "---", "---"]),
    ...digests,
    "",
    "</details>",
    "",
  ];
  return lines.join("\n");
}
