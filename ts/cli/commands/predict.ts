// perpend predict: what a trained model sees in pictures.
import type { Command } from "commander";
import { formatPercent } from "../../report/numbers.ts";
import { createPredictor } from "../../serve/index.ts";
import { aboutOf } from "../settings/checkpoint-about.ts";
import { openKernels } from "../machine/kernels.ts";
import { openCheckpoint } from "../run/run-folder.ts";
import { number } from "../settings/usage.ts";

interface PredictOptions {
  readonly checkpoint: string;
  readonly topK: number;
  readonly json?: boolean;
}

async function predict(files: readonly string[], { checkpoint: given, topK, json }: PredictOptions): Promise<void> {
  const { path, checkpoint } = await openCheckpoint("--checkpoint", given, "best");
  const kernels = openKernels(aboutOf(checkpoint, path).settings.fast).module;
  const predictor = createPredictor(checkpoint, { kernels, file: path, topK });
  // Nobody else pays for the decoders.
  const { readPicture } = await import("../../data/node/decode-picture.ts");
  for (const file of files) {
    const picture = await readPicture(file);
    const [predictions] = predictor.predict([picture]);
    if (json) {
      const classes = predictions.map(({ name, probability }) => ({ class: name, probability }));
      process.stdout.write(`${JSON.stringify({ file, width: picture.width, height: picture.height, classes })}\n`);
      continue;
    }
    const wide = Math.max(...predictions.map(({ name }) => name.length));
    process.stdout.write(`${file}\n`);
    for (const { name, probability } of predictions)
      process.stdout.write(`  ${name.padEnd(wide)}  ${formatPercent(probability, 1).padStart(7)}\n`);
  }
}

export function addPredict(program: Command): void {
  program
    .command("predict")
    .summary("classes of pictures")
    .description(
      "Prints the likeliest classes of PNG and JPEG pictures. A picture is scaled until it covers the model's input, " +
        "smoothed as far as it shrinks, and its middle is taken.",
    )
    .argument("<picture...>", "PNG or JPEG files")
    .requiredOption("--checkpoint <path>", "a checkpoint, or a run's folder for its best one")
    .option("-k, --top-k <count>", "classes to print", number("--top-k", { whole: true, least: 1 }), 5)
    .option("--json", "print one line of JSON a picture")
    .addHelpText(
      "after",
      `
Examples:
  perpend predict --checkpoint runs/a cat.png dog.jpg
  perpend predict --checkpoint runs/a/checkpoints/best.safetensors --top-k 1 --json *.png`,
    )
    .action((files: string[], options: PredictOptions) => predict(files, options));
}
