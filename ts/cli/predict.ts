// perpend predict: what a trained model sees in pictures.
import type { Command } from "commander";
import { noGrad, scope, softmax, tensor } from "../autograd/index.ts";
import type { DataDescription } from "../data/description.ts";
import { inputOf } from "../data/picture-input.ts";
import { formatPercent } from "../report/numbers.ts";
import { Layer } from "../nn/index.ts";
import type { Pool } from "../train/index.ts";
import { openTrained } from "./trained.ts";
import { number } from "./usage.ts";

interface Guess {
  readonly class: string;
  readonly probability: number;
}

/** Classes with their probabilities, the likeliest first. */
function guess(pool: Pool, values: Float32Array, { height, width, channels, classNames }: DataDescription): Guess[] {
  const { model } = pool;
  if (!(model instanceof Layer)) throw new Error("predict: a model that gives no logits, wanted one of perpend train");
  const run = (): ArrayLike<number> =>
    scope(() => noGrad(() => softmax(model.forward(tensor(values, [1, height, width, channels]))).toArray()));
  model.eval();
  const found = pool.ema === null ? run() : pool.ema.swapped(run);
  return classNames.map((name, k) => ({ class: name, probability: found[k] })).sort((a, b) => b.probability - a.probability);
}

interface PredictOptions {
  readonly checkpoint: string;
  readonly topK: number;
  readonly json?: boolean;
}

async function predict(files: readonly string[], { checkpoint, topK, json }: PredictOptions): Promise<void> {
  const { about, pool } = await openTrained(checkpoint, 0);
  const { data } = about;
  // Nobody else pays for the decoders.
  const { readPicture } = await import("../data/node/decode-picture.ts");
  try {
    for (const file of files) {
      const picture = await readPicture(file);
      const guesses = guess(pool, inputOf(picture, data), data).slice(0, topK);
      if (json) {
        process.stdout.write(`${JSON.stringify({ file, width: picture.width, height: picture.height, classes: guesses })}\n`);
        continue;
      }
      const wide = Math.max(...guesses.map(({ class: name }) => name.length));
      process.stdout.write(`${file}\n`);
      for (const { class: name, probability } of guesses)
        process.stdout.write(`  ${name.padEnd(wide)}  ${formatPercent(probability, 1).padStart(7)}\n`);
    }
  } finally {
    await pool.close();
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
