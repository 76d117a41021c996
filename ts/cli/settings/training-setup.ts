// What a run's settings make of its data: batches, the options of its program, and how the trainer goes through them.
import type { Dataset } from "../../data/index.ts";
import { DataLoader, type TrainerOptions } from "../../train/index.ts";
import { augmentOptions, eraseFill, mixOptions } from "./augment-settings.ts";
import { observeEvery } from "./diagnostics.ts";
import { scheduleOf } from "./schedules.ts";
import type { TrainSettings } from "./settings.ts";
import type { ProgramOptions } from "./training-program.ts";
import { UsageError } from "./usage.ts";

/** Batches to train on. Error: fewer images than a batch has. */
export function trainLoader(dataset: Dataset, settings: TrainSettings): DataLoader {
  const { batchSize, shards, bnGroup, seed, cropPadding, cropMode, hflip, reprob } = settings;
  const { length } = dataset;
  const mix = mixOptions(settings);
  if (batchSize > length) throw new UsageError(`--batch-size: ${batchSize} of ${length} training images, wanted at most ${length}`);
  return new DataLoader(dataset, {
    batchSize,
    shuffle: true,
    seed,
    shards,
    bnGroup,
    augment: {
      ...(cropPadding > 0 && { crop: { padding: cropPadding, mode: cropMode ?? "zero" } }),
      flip: hflip,
      ...(reprob > 0 && { erase: { probability: reprob, fill: eraseFill(settings) } }),
      ...augmentOptions(settings),
    },
    ...(mix && { mix }),
  });
}

/** Batches to evaluate on, of the size of training's. */
export function testLoader(dataset: Dataset, { batchSize, shards }: Pick<TrainSettings, "batchSize" | "shards">): DataLoader {
  return new DataLoader(dataset, { batchSize, shards });
}

/** What the program is told. */
export function programOptions(settings: TrainSettings, { dataset, batchesPerEpoch }: DataLoader): ProgramOptions {
  const { classes, image } = dataset;
  const { channels, height, width } = image;
  return { ...settings, classes, channels, imageSize: [height, width], observeEvery: observeEvery(settings.epochs * batchesPerEpoch) };
}

/** How the trainer goes through the batches; all of it decides bits. */
export function trainerSettings(
  settings: TrainSettings,
  train: DataLoader,
): Pick<TrainerOptions, "train" | "classes" | "epochs" | "schedule" | "accumulate" | "clipGrad" | "onNonFinite"> {
  const { epochs, gradAccumSteps, clipGrad, onNonfinite } = settings;
  return {
    train,
    classes: train.dataset.classes,
    epochs,
    schedule: scheduleOf(settings, Math.ceil(train.batchesPerEpoch / gradAccumSteps)),
    accumulate: gradAccumSteps,
    ...(clipGrad !== null && { clipGrad }),
    onNonFinite: onNonfinite,
  };
}
