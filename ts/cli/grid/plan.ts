// The runs of an experiment: a folder for each combination and seed, and what must be the same for a run to count.
import { join } from "node:path";
import type { Splits } from "../../data/node/files.ts";
import { take } from "../../data/dataset.ts";
import { CONTRACT } from "../../contract.ts";
import type { DataKind } from "../../recipes/data-kind.ts";
import type { Labels } from "../../recipes/evaluate.ts";
import { combinationName, combinationTitle, varying, type Experiment, type RunOptions } from "../../recipes/recipe.ts";
import { checkSetting, shardsOf, type Scale, type Setting } from "../../recipes/setting.ts";
import { DataLoader, type JsonObject } from "../../train/index.ts";
import { DATASETS, openData, type DatasetName } from "../data-sets.ts";
import type { Device } from "../machine/device.ts";
import { observeEvery } from "../settings/diagnostics.ts";
import type { RecipeFile } from "./recipe-files.ts";
import { runFolder, type RunFolder } from "../run/run-folder.ts";
import { UsageError } from "../settings/usage.ts";

export interface PlanOptions {
  readonly scale: Scale;
  readonly output: string;
  readonly seeds?: number;
  readonly checkpointBlocks?: number;
  readonly device?: Device;
}

export interface PlannedRun {
  readonly name: string;
  readonly choice: Labels;
  readonly seed: number;
  readonly data: DataKind;
  readonly folder: RunFolder;
}

export interface Plan {
  readonly file: RecipeFile;
  readonly experiment: Experiment;
  readonly scale: Scale;
  readonly device: Device;
  readonly setting: Setting;
  /** Where the runs' folders, the table and the report are. */
  readonly dir: string;
  readonly combinations: readonly Labels[];
  readonly seeds: readonly number[];
  /** Seed after seed, so that a grid that is stopped early has whole rounds. */
  readonly runs: readonly PlannedRun[];
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9.+-]+/g, "-")
    .replace(/^-|-$/g, "");

/** Lays out the runs. Errors: numbers that no run can have. */
export function planExperiment(file: RecipeFile, experiment: Experiment, options: PlanOptions): Plan {
  const { scale, output, checkpointBlocks, device = "cpu" } = options;
  const usual = experiment.setting(scale);
  const setting: Setting = {
    ...usual,
    ...(options.seeds !== undefined && { seeds: options.seeds }),
    ...(checkpointBlocks !== undefined && { checkpointBlocks }),
  };
  checkSetting(file.name, setting);
  // Apart from those of the CPU, whose bits are others.
  const dir = join(output, file.name, device === "cpu" ? scale : `${scale}-${device}`);
  const combinations = experiment.combinations(scale);
  const seeds = Array.from({ length: setting.seeds }, (_, index) => index + 1);
  const telling = varying(experiment.axes, combinations);
  // Folders keep their names where a smaller scale varies less.
  const all = experiment.axes.filter(({ labels }) => labels.length > 1).map(({ name }) => name);
  const runs = seeds.flatMap((seed) =>
    combinations.map((choice): PlannedRun => {
      const folder = runFolder(join(dir, `${slug(combinationName(choice, all))}-s${seed}`));
      return { name: `${combinationTitle(choice, telling)}, seed ${seed}`, choice, seed, data: experiment.data(choice, scale), folder };
    }),
  );
  return { file, experiment, scale, device, setting, dir, combinations, seeds, runs };
}

/** What decides a run's bits: stored with it, and asked for when it is taken up again. */
export function identityOf({ file, scale, device, setting }: Plan, { choice, seed, data }: PlannedRun): JsonObject {
  const { seeds: _seeds, only: _only, checkpointBlocks: _blocks, ...numbers } = setting;
  const augment = data.augment as JsonObject;
  return {
    recipe: file.name,
    scale,
    choice,
    setting: numbers,
    seed,
    data: data.name,
    augment,
    ...(data.mix && { mix: { ...data.mix } }),
    contract: CONTRACT,
    ...(device !== "cpu" && { device }),
  };
}

const opened = new Map<string, Promise<Splits>>();

/** Both parts of a set, read once. Errors: a set that nothing here can read, and what is wrong with its files. */
export async function openKind(kind: DataKind, { trainImages, testImages }: Setting, dir: string): Promise<Splits> {
  const { name, make } = kind;
  const train = Math.min(trainImages ?? Infinity, kind.trainImages);
  const test = Math.min(testImages ?? Infinity, kind.testImages);
  if (make) return { train: make(train, "train"), test: make(test, "test") };
  const known = DATASETS.find((each) => each === name);
  if (known === undefined) throw new UsageError(`${name}: nothing here reads it yet, wanted ${DATASETS.join(", ")}, or another --scale`);
  const key = `${dir} ${name}`;
  const reading = opened.get(key) ?? openData({ dataset: known as DatasetName, trainSamples: null, testSamples: null }, dir);
  opened.set(key, reading);
  const all = await reading;
  return { train: take(all.train, train), test: take(all.test, test) };
}

export interface Prepared {
  readonly train: DataLoader;
  readonly test: DataLoader;
  readonly splits: Splits;
  readonly options: RunOptions;
  readonly shards: number;
}

/** Batches and options of a run. Error: fewer images than a batch has. */
export function prepareRun({ file, setting }: Plan, { choice, seed, data }: PlannedRun, splits: Splits): Prepared {
  const { batch, bnGroup = 0, epochs } = setting;
  const { length, classes, image } = splits.train;
  if (batch > length) throw new UsageError(`${file.name}: a batch of ${batch} of ${length} training images, wanted at most ${length}`);
  const shards = shardsOf(setting);
  const train = new DataLoader(splits.train, {
    batchSize: batch,
    shuffle: true,
    seed,
    shards,
    bnGroup,
    augment: data.augment,
    ...(data.mix && { mix: data.mix }),
  });
  const test = new DataLoader(splits.test, {
    batchSize: Math.min(batch, splits.test.length),
    shards: Math.min(shards, splits.test.length),
  });
  const { batchesPerEpoch } = train;
  const options: RunOptions = {
    recipe: file.name,
    choice,
    setting,
    classes,
    image: { ...image },
    seed,
    updatesPerEpoch: batchesPerEpoch,
    observeEvery: observeEvery(epochs * batchesPerEpoch),
  };
  return { train, test, splits, options, shards };
}
