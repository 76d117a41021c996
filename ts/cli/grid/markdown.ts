// perpend reproduce PAPER --markdown FILE: the page of a paper's results from the runs that are done, with pictures beside it. Runs nothing.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Grid } from "../../report/grid.ts";
import { resultsPage } from "../../report/results-page.ts";
import type { RunLog } from "../../report/run-log.ts";
import { writeFileAtomic } from "../../train/node/atomic-file.ts";
import type { Plan } from "./plan.ts";
import { gatherGrid } from "./results.ts";
import { finishedRun } from "./run.ts";
import { UsageError } from "../settings/usage.ts";

export interface MarkdownOptions {
  readonly file: string;
  /** The command that writes the page, without the file. */
  readonly command: string;
  /** The command that runs an experiment. */
  readonly commandOf: (name: string) => string;
  readonly warn: (text: string) => void;
}

/** Runs that are done; one of other settings is told and left out. */
async function logsOf(plan: Plan, warn: (text: string) => void): Promise<(RunLog | undefined)[]> {
  const logs: (RunLog | undefined)[] = [];
  for (const run of plan.runs)
    try {
      logs.push(await finishedRun(plan, run, { warn }));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      warn(`left out: ${error.message}`);
      logs.push(undefined);
    }
  return logs;
}

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Writes page and pictures; pictures of the same experiments that are no longer drawn are removed. Returns the paths that were written. */
export async function writeResultsPage(plans: readonly Plan[], { file, command, commandOf, warn }: MarkdownOptions): Promise<string[]> {
  if (!file.endsWith(".md")) throw new UsageError(`--markdown: ${file}, wanted a name that ends in .md`);
  const grids: Grid[] = [];
  for (const plan of plans) grids.push(gatherGrid(plan, await logsOf(plan, warn), commandOf(plan.file.name)));
  const { title, authors, year, source } = plans[0].experiment.paper;
  const { markdown, pictures } = await resultsPage({
    title,
    source: `${authors}, ${year}, ${source}`,
    command: `${command} --markdown ${basename(file)}`,
    grids,
  });
  const folder = dirname(file);
  const written: string[] = [];
  const own = grids.map(({ name }) => `${name.replaceAll("/", "-")}-`);
  for (const path of [...new Set([...pictures.keys()].map(dirname))]) {
    mkdirSync(join(folder, path), { recursive: true });
    for (const name of readdirSync(join(folder, path)))
      if (name.endsWith(".svg") && own.some((start) => name.startsWith(start)) && !pictures.has(join(path, name)))
        rmSync(join(folder, path, name));
  }
  for (const [path, text] of pictures) {
    await writeFileAtomic(join(folder, path), encoded(text));
    written.push(join(folder, path));
  }
  mkdirSync(folder, { recursive: true });
  await writeFileAtomic(file, encoded(markdown));
  return [file, ...written];
}
