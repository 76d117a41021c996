// perpend report: one HTML file from the folders of one or several runs.
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { FormatError } from "../../data/index.ts";
import { collectRun, type RunLog } from "../../report/run-log.ts";
import { writeFileAtomic } from "../../train/node/atomic-file.ts";
import { readLog, runFolder } from "../run/run-folder.ts";
import { UsageError } from "../settings/usage.ts";

/** The run in a folder, or in a log.jsonl itself. */
export async function readRun(path: string): Promise<RunLog> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`report: ${path} is not there, wanted the folder of a run`);
  const file = stats.isDirectory() ? runFolder(path).log : path;
  const { events } = await readLog(file);
  if (!events.some(({ type }) => type === "run-start"))
    throw new FormatError({ file, offset: -1, found: "no run-start in it", wanted: "the log of a run" });
  return collectRun(events);
}

/** Writes the report of these runs. */
export async function writeReport(paths: readonly string[], to: string, title?: string): Promise<void> {
  // Charts take a while to load.
  const { renderReport } = await import("../../report/report.ts");
  const text = await renderReport(await Promise.all(paths.map(readRun)), title === undefined ? {} : { title });
  await writeFileAtomic(to, new TextEncoder().encode(text));
}

export function addReport(program: Command): void {
  program
    .command("report")
    .summary("make a report of runs")
    .description("Makes one HTML file that stands alone, of one run or of several side by side; prints its path.")
    .argument("<run...>", "folders of runs")
    .option("-o, --output <file>", "where to (default: report.html in the run's folder; of several runs, here)")
    .option("--title <text>", "(default: the names of the runs)")
    .addHelpText(
      "after",
      `
Examples:
  perpend report runs/a
  perpend report runs/a runs/b -o compared.html`,
    )
    .action(async (runs: string[], { output, title }: { output?: string; title?: string }) => {
      const to =
        output ??
        (runs.length === 1 && statSync(runs[0], { throwIfNoEntry: false })?.isDirectory() ? join(runs[0], "report.html") : "report.html");
      await writeReport(runs, to, title);
      process.stdout.write(`${to}\n`);
    });
}
