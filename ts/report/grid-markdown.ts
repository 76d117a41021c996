// A grid's results as Markdown, in the form of docs/results: what was run, what came out, what the seeds can show, digests.
import type { Machine } from "../train/events.ts";
import type { Table } from "./figure.ts";
import { crossTable, gridTable, measuredTable, type Grid } from "./grid.ts";
import { markdownTable, plainText } from "./markdown.ts";
import { formatSpan } from "./numbers.ts";
import type { RunLog } from "./run-log.ts";
import { statement } from "./significance.ts";

/** A picture beside the page. */
export interface PictureLink {
  readonly title: string;
  /** As the page links it. */
  readonly path: string;
}

function machineText({ cpu, cores, memoryBytes, platform, runtime, engine }: Machine): string {
  return `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB, ${platform}, ${runtime} (${engine})`;
}

/** Runs that there are. */
export function logsOf({ rows }: Grid): RunLog[] {
  return rows.flatMap(({ logs }) => logs).filter((log) => log !== null);
}

const secondsOf = (logs: readonly RunLog[]): number => logs.reduce((sum, { seconds = 0 }) => sum + seconds, 0);

/** `12 min 3 s`, `3.4 hours`. */
export function trainingTime(logs: readonly RunLog[]): string {
  const seconds = secondsOf(logs);
  return seconds < 360 ? formatSpan(seconds) : `${(seconds / 3600).toFixed(1)} hours`;
}

function facts(grid: Grid): string[] {
  const logs = logsOf(grid);
  const list = (values: readonly string[]): readonly string[] => [...new Set(values)];
  const days = list(logs.flatMap(({ start }) => (start.startedAt === undefined ? [] : [start.startedAt.slice(0, 10)])));
  const workers = list(logs.map(({ start }) => String(start.workers)));
  const versions = list(logs.map(({ start }) => Object.entries(start.versions).map(([what, version]) => `${what} ${version}`).join(", "))); // prettier-ignore
  return [
    `- Command: \`${grid.command}\``,
    ...(grid.commit === undefined ? [] : [`- Commit: ${grid.commit}`]),
    ...list(logs.map(({ start }) => machineText(start.machine))).map((text) => `- Machine: ${plainText(text)}`),
    ...versions.map((text) => `- Versions: ${plainText(text)}`),
    `- Runs: ${logs.length} of ${grid.rows.length * grid.seeds.length}, ${trainingTime(logs)} of training` +
      `${workers.length === 1 ? (workers[0] === "0" ? " on the calling thread" : ` with ${workers[0]} ${workers[0] === "1" ? "worker" : "workers"}`) : ""}${days.length > 0 ? `, ${days.join(", ")}` : ""}`,
  ];
}

const linked = (pictures: readonly PictureLink[]): string[] =>
  pictures.flatMap(({ title, path }) => [`![${plainText(title)}](${path})`, ""]);

const tableOf = ({ head, rows }: Table): string[] =>
  markdownTable(
    head.map(plainText),
    rows.map((row) => row.map(plainText)),
  );

/** One section, with a heading of the second level. Pictures of streams are folded. */
export function gridMarkdown(grid: Grid, pictures: readonly PictureLink[] = [], streams: readonly PictureLink[] = []): string {
  const { head, rows } = gridTable(grid);
  const tests = grid.rows.flatMap(({ name, difference }) =>
    difference === undefined || difference.verdict === "no runs"
      ? []
      : [`- ${plainText(name)} against ${plainText(difference.from)}: ${plainText(statement(difference.paired))}.`],
  );
  const uncertain = [...new Set(grid.rows.flatMap(({ paper }) => (paper?.unverified === undefined ? [] : [paper.unverified])))];
  const digests = grid.rows.flatMap(({ name, logs }) =>
    logs.flatMap((log, index) =>
      log?.end ? [[plainText(name), String(grid.seeds[index]), log.end.reason, formatSpan(log.seconds ?? NaN), `\`${log.end.digest}\``]] : [],
    ),
  ); // prettier-ignore
  const cells = rows.map((row) => row.map(plainText));
  const measured = measuredTable(grid);
  const cross = crossTable(grid);
  const lines = [
    `## ${plainText(grid.title)}`,
    "",
    `${plainText(grid.source)}. Expected: ${plainText(grid.expects)}`,
    "",
    `Scale \`${grid.scale}\`: ${grid.setting}. ${grid.unit} in percent, ${grid.protocol}, mean ± standard deviation over seeds ${grid.seeds.join(", ")}.`,
    "",
    ...markdownTable(head, cells),
    "",
    ...(uncertain.length > 0 ? [`\\* ${plainText(uncertain.join("; "))}.`, ""] : []),
    ...(cross ? [`Means, ${grid.unit} in percent, by ${grid.axes.join(" and ")}:`, "", ...tableOf(cross), ""] : []),
    ...(measured ? ["Of the trained nets:", "", ...tableOf(measured), ""] : []),
    ...linked(pictures),
    ...(streams.length > 0 ? ["<details><summary>What skips do to their stream</summary>", "", ...linked(streams), "</details>", ""] : []),
    ...(tests.length > 0 ? ["What the seeds show:", "", ...tests, ""] : []),
    "How it was run:",
    "",
    ...facts(grid),
    "",
    "<details><summary>Digests of the final weights</summary>",
    "",
    ...(digests.length > 0 ? markdownTable(["run", "seed", "end", "time", "SHA-256"], digests, () => "left") : ["None yet."]),
    "",
    "</details>",
    "",
  ];
  return lines.join("\n");
}
