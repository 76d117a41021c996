// A model in one line, and its summary, without running it.
import { withBackend } from "../../autograd/index.ts";
import { createDryBackend } from "../../backend/index.ts";
import type { ImageShape } from "../../data/index.ts";
import { stepMemory, summarizeModel, usualCheckpointBlocks, type ModelSummary } from "../../models/index.ts";
import { uninitialized, type Layer } from "../../nn/index.ts";
import { formatCount } from "../../report/numbers.ts";
import type { TrainSettings } from "../settings/settings.ts";
import { blocksOf, createModel } from "../settings/training-program.ts";

function dryModel(settings: TrainSettings, { height, width, channels }: ImageShape, classes: number): Layer {
  const options = { ...settings, classes, channels, imageSize: [height, width], observeEvery: 0 };
  return withBackend(createDryBackend(), () => uninitialized(() => createModel(options)));
}

/** The summary of the model that settings name, for images of this shape. */
export function summaryOf(settings: TrainSettings, image: ImageShape, classes: number): ModelSummary {
  return summarizeModel(dryModel(settings, image, classes), [image.height, image.width, image.channels]);
}

/** What a training step holds at most, as `stepMemory` counts it. */
export interface MemoryRow {
  readonly batchSize: number;
  readonly checkpointBlocks: number | null;
  readonly bytes: number;
}

/** The memory of a training step without recomputation, with the length of runs that suits, and with the one of the settings. */
export function memoryOf(settings: TrainSettings, image: ImageShape, classes: number): MemoryRow[] {
  const { batchSize } = settings;
  const units = blocksOf(dryModel(settings, image, classes));
  const lengths = [...new Set([null, usualCheckpointBlocks(units), settings.checkpointBlocks])];
  return lengths.map((checkpointBlocks) => {
    const model = dryModel({ ...settings, checkpointBlocks }, image, classes);
    return { batchSize, checkpointBlocks, bytes: stepMemory(model, [image.height, image.width, image.channels], batchSize) };
  });
}

/** Rows of memoryOf() as text. */
export function memoryLines(rows: readonly MemoryRow[]): string {
  const lines = rows.map(({ batchSize, checkpointBlocks, bytes }, index) => {
    const size = `${formatCount(Math.ceil(bytes / 2 ** 20))} MiB`;
    if (index === 0) return `memory       ${size} at most in a training step of ${formatCount(batchSize)} images`;
    return `             ${size} with --checkpoint-blocks ${checkpointBlocks}`;
  });
  return lines.join("\n");
}

/** `resnetv2_20, orthogonal skips: 269,722 parameters, 81.1 MFLOP forward and 2.0 MB of activations an image`. */
export function modelLine(settings: TrainSettings, { image, classes }: { readonly image: ImageShape; readonly classes: number }): string {
  const { parameters, flops, activationBytes } = summaryOf(settings, image, classes);
  const { model, skip } = settings;
  return (
    `${model}, ${skip === "none" ? "no" : skip} skips: ${formatCount(parameters)} parameters, ` +
    `${(flops / 1e6).toFixed(1)} MFLOP forward and ${(activationBytes / 1e6).toFixed(1)} MB of activations an image`
  );
}
