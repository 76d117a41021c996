// perpend evaluate: accuracy and loss of a checkpoint on held-out images.
import type { Command } from "commander";
import { formatCount, formatLoss, formatPercent } from "../../report/numbers.ts";
import { summarize } from "../../train/index.ts";
import { DATA_DIR, DATASETS, openData, type DatasetName } from "../data-sets.ts";
import { testLoader } from "../settings/training-setup.ts";
import { openTrained } from "../run/trained.ts";
import { number, oneOf, UsageError } from "../settings/usage.ts";
import type { DataDescription } from "../../data/description.ts";
import type { Dataset } from "../../data/index.ts";

interface EvaluateOptions {
  readonly checkpoint: string;
  readonly dataset?: DatasetName;
  readonly dataDir?: string;
  readonly testSamples?: number;
  readonly workers?: number;
  readonly json?: boolean;
}

/** Refuses images that the model does not take. */
function checkFit({ name, image, classes }: Dataset, data: DataDescription): void {
  if (image.channels !== data.channels)
    throw new UsageError(
      `--dataset: ${name} has ${image.channels} channels, wanted ${data.channels} as in ${data.name}, which it was trained on`,
    );
  if (classes !== data.classNames.length)
    throw new UsageError(
      `--dataset: ${name} has ${classes} classes, wanted ${data.classNames.length} as in ${data.name}, which it was trained on`,
    );
}

async function evaluate({ checkpoint, dataset, dataDir, testSamples, workers, json }: EvaluateOptions): Promise<void> {
  const { path, about, pool } = await openTrained(checkpoint, workers);
  try {
    const { settings, data } = about;
    const choice = {
      dataset: dataset ?? settings.dataset,
      trainSamples: null,
      testSamples: testSamples ?? settings.testSamples,
      imgSize: data.height,
      cropPct: settings.cropPct,
    };
    const { test } = await openData(choice, dataDir ?? DATA_DIR);
    checkFit(test, data);
    // Normalized as in training, whatever the set.
    const images = { ...test, mean: data.mean, std: data.std };
    const { loss, top1, top5, confusion, nonFinite } = await summarize(pool, testLoader(images, settings), test.classes, {
      ema: pool.ema !== null,
    });
    if (json) {
      const result = {
        type: "evaluate",
        checkpoint: path,
        dataset: test.name,
        images: test.length,
        split: "test",
        loss,
        top1,
        top5,
        confusion,
        ...(nonFinite !== undefined && { nonFinite }),
      };
      // JSON has no NaN: it is written as this word, as in logs.
      const text = JSON.stringify(result, (_key, value: unknown) =>
        typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
      );
      process.stdout.write(`${text}\n`);
      return;
    }
    const average = pool.ema === null ? "" : ", averaged weights";
    process.stdout.write(`${path}: ${settings.model} on ${formatCount(test.length)} test images of ${test.name}${average}\n`);
    process.stdout.write(`top-1 ${formatPercent(top1, 2)}  top-5 ${formatPercent(top5, 2)}  loss ${formatLoss(loss)}\n`);
    if (nonFinite !== undefined) process.stdout.write(`not finite: the logits or loss of ${formatCount(nonFinite)} images\n`);
  } finally {
    await pool.close();
  }
}

export function addEvaluate(program: Command): void {
  program
    .command("evaluate")
    .summary("accuracy of a checkpoint")
    .description("Prints top-1 and top-5 accuracy and the loss of a checkpoint on the held-out part of its data set.")
    .requiredOption("--checkpoint <path>", "a checkpoint, or a run's folder for its best one")
    .option("--dataset <name>", "another set of the same classes (default: the one it was trained on)", oneOf("--dataset", DATASETS))
    .option("--data-dir <folder>", `where the data set is (default: ${DATA_DIR})`)
    .option("--test-samples <count>", "the first so many images", number("--test-samples", { whole: true, least: 1 }))
    .option("-j, --workers <count>", "threads; 0 is the calling one alone", number("--workers", { whole: true, least: 0 }))
    .option("--json", "print one line of JSON, with the confusion matrix")
    .addHelpText(
      "after",
      `
Examples:
  perpend evaluate --checkpoint runs/a
  perpend evaluate --checkpoint runs/a/checkpoints/last.safetensors --data-dir data --json`,
    )
    .action((options: EvaluateOptions) => evaluate(options));
}
