// perpend quickstart, what `npm start` runs: the same small net with the usual and with orthogonal skips, one after the other, on drawn
// shapes that need no download; then both side by side in a table and a report.
import { join } from "node:path";
import type { Command } from "commander";
import picocolors from "picocolors";
import { formatCount, formatLoss, formatPercent, formatSpan } from "../../report/numbers.ts";
import { headlineOf } from "../../report/summary.ts";
import { openData } from "../data-sets.ts";
import { modelLine } from "../terminal/model-line.ts";
import { workersFor } from "../machine/pool.ts";
import { createProgress } from "../terminal/progress.ts";
import { readRun, writeReport } from "./report.ts";
import { lockFolder, type FolderLock } from "../run/folder-lock.ts";
import { newRunFolder, OUTPUT, writeRecipe, type RunFolder } from "../run/run-folder.ts";
import { runTraining, type RunOutcome } from "../run/run.ts";
import { quoted, selfCommand } from "../terminal/self-command.ts";
import { resolveSettings, type TrainSettings } from "../settings/settings.ts";
import { EXIT_STOPPED, listenForStop } from "../terminal/stop.ts";
import { recipeFile } from "./train.ts";
import { number } from "../settings/usage.ts";

const SKIPS = ["additive", "orthogonal"] as const;

interface QuickstartOptions {
  readonly workers?: number;
  readonly seed: number;
  readonly epochs: number;
  readonly output: string;
  readonly trainSamples: number;
}

function settingsOf({ seed, epochs, trainSamples }: QuickstartOptions): TrainSettings {
  return resolveSettings({
    model: "resnetv2_8",
    dataset: "shapes",
    trainSamples,
    testSamples: 1000,
    batchSize: 64,
    epochs,
    opt: "sgd",
    lr: 0.2,
    sched: "onecycle",
    weightDecay: 5e-4,
    seed,
  });
}

/** `perpend train` with these settings, as somebody would type it. */
function commandOf({ model, trainSamples, batchSize, epochs, lr, sched, skip, seed }: TrainSettings): string {
  return (
    `perpend train --model ${model} --skip ${skip} --train-samples ${trainSamples} --test-samples 1000 -b ${batchSize} ` +
    `--epochs ${epochs} --lr ${lr} --sched ${sched} --seed ${seed}`
  );
}

async function comparison(outcomes: readonly RunOutcome[]): Promise<string> {
  const head = ["", "top-1", "top-5", "loss", "images/s", "time"];
  const logs = await Promise.all(outcomes.map(({ folder }) => readRun(folder.dir)));
  const rows = outcomes.map(({ evaluation, end }, index) => {
    const { imagesPerSecond } = headlineOf(logs[index]);
    const { top1 = NaN, top5 = NaN, loss = NaN } = evaluation ?? {};
    return [
      SKIPS[index],
      formatPercent(top1),
      formatPercent(top5),
      formatLoss(loss),
      formatCount(imagesPerSecond),
      formatSpan(end.seconds),
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row.map((text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join("  ");
  return [picocolors.dim(line(head)), ...rows.map(line)].join("\n");
}

async function quickstart(options: QuickstartOptions): Promise<void> {
  const settings = settingsOf(options);
  const workers = workersFor(settings, options.workers);
  const progress = createProgress();
  const stop = listenForStop(() => progress.message("stopping after this step; once more ends at once"));
  try {
    const splits = await openData(settings, "");
    progress.message(
      `Two runs of the same net from the same seed, on ${formatCount(splits.train.length)} drawn shapes, judged on ${formatCount(splits.test.length)} others:\n` +
        `one adds what a block finds to its stream, one adds only what is at right angles to it.`,
    );
    progress.message(modelLine(settings, splits.train).replace(", additive skips", ""));
    let parent: RunFolder | undefined;
    let lock: FolderLock | undefined;
    const outcomes: RunOutcome[] = [];
    for (const skip of SKIPS) {
      const own: TrainSettings = skip === "orthogonal" ? { ...settings, skip, skipOver: "feature", skipEps: 1e-6 } : settings;
      const plan = {
        name: skip,
        settings: own,
        splits,
        workers,
        command: commandOf(own),
        evalInterval: 1,
        checkpointHist: 1,
        logInterval: 1,
        tensorboard: false,
        digest: "step" as const,
      };
      const openFolder = async (): Promise<RunFolder> => {
        parent ??= newRunFolder(options.output, "quickstart", false);
        const folder = newRunFolder(parent.dir, skip, false);
        lock = await lockFolder(folder.dir);
        await writeRecipe(folder, recipeFile(plan));
        return folder;
      };
      const surroundings = { openFolder, progress, emit: () => {}, signal: stop.signal };
      const outcome = await runTraining(plan, surroundings).finally(() => lock?.release());
      outcomes.push(outcome);
      if (stop.signal.aborted) {
        progress.message(`stopped; go on with this run alone:\n  ${selfCommand()} train --resume ${quoted(outcome.folder.dir)}`);
        process.exitCode = EXIT_STOPPED;
        return;
      }
      if (outcome.failure) throw outcome.failure;
    }
    if (parent === undefined) return;
    const report = join(parent.dir, "report.html");
    await writeReport(
      outcomes.map(({ folder }) => folder.dir),
      report,
    );
    const digests = outcomes.map(({ end }, index) => `digest ${end.digest} ${SKIPS[index]}`);
    process.stdout.write(`\n${await comparison(outcomes)}\n\nreport ${report}\n${digests.join("\n")}\n`);
  } finally {
    progress.stop();
    stop.release();
  }
}

export function addQuickstart(program: Command): void {
  program
    .command("quickstart")
    .summary("train two small nets in a minute and compare them")
    .description("Trains a small net with additive and with orthogonal skips, one after the other, and compares them. Needs no download.")
    .option("-j, --workers <count>", "threads (default: one a core; changes no bit)", number("--workers", { whole: true, least: 0 }))
    .option("--seed <number>", "of weights, order and augmentation", number("--seed", { whole: true, least: 0, most: 0xffffffff }), 42)
    .option("--epochs <count>", "passes over the data", number("--epochs", { whole: true, least: 1 }), 5)
    .option("--train-samples <count>", "images to train on", number("--train-samples", { whole: true, least: 64 }), 4800)
    .option("--output <folder>", "where the run's folder is made", OUTPUT)
    .addHelpText(
      "after",
      `
Examples:
  npm start
  perpend quickstart --seed 7`,
    )
    .action((options: QuickstartOptions) => quickstart(options));
}
