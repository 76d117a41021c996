// Everything that decides which bits a training run computes. It is stored with the run and its checkpoints; what it does not hold
// (workers, folders, how often to log or save) changes no bit. A setting that does not apply is null.
import * as v from "valibot";
import { FormatError } from "../../data/index.ts";
import { MODEL_NAMES, SKIP_NAMES, SKIP_OVER, type NamedModel } from "../../models/named.ts";
import { defaultShards } from "../../shards.ts";
import type { JsonObject } from "../../train/index.ts";
import { ON_NON_FINITE, type OnNonFinite } from "../../train/nonfinite-what.ts";
import { augmentEntries, resolveAugment, type AugmentSettings } from "./augment-settings.ts";
import { DATASETS, usualAugmentation, type DatasetName } from "./data-names.ts";
import { UsageError } from "./usage.ts";

export { MODEL_NAMES as MODELS, SKIP_NAMES as SKIPS, SKIP_OVER } from "../../models/named.ts";
export const OPTIMIZERS = ["sgd", "adam", "adamw"] as const;
export const SCHEDULES = ["constant", "step", "multistep", "cosine", "poly", "onecycle"] as const;
export const CROP_MODES = ["zero", "reflect"] as const;

export type TrainSettings = AugmentSettings &
  NamedModel & {
    readonly dataset: DatasetName;
    readonly trainSamples: number | null;
    readonly testSamples: number | null;
    readonly cropPadding: number;
    readonly cropMode: (typeof CROP_MODES)[number] | null;
    readonly hflip: number;
    readonly reprob: number;
    readonly epochs: number;
    readonly batchSize: number;
    readonly gradAccumSteps: number;
    readonly opt: (typeof OPTIMIZERS)[number];
    readonly lr: number;
    readonly momentum: number | null;
    readonly nesterov: boolean | null;
    readonly optBetas: readonly number[] | null;
    readonly optEps: number | null;
    readonly weightDecay: number;
    readonly decayAll: boolean;
    readonly clipGrad: number | null;
    readonly smoothing: number;
    readonly sched: (typeof SCHEDULES)[number];
    readonly warmupEpochs: number;
    readonly warmupLr: number;
    readonly minLr: number | null;
    readonly decayEpochs: number | null;
    readonly decayMilestones: readonly number[] | null;
    readonly decayRate: number | null;
    readonly modelEma: boolean;
    readonly modelEmaDecay: number | null;
    readonly seed: number;
    readonly shards: number;
    /** 0 is the whole batch. */
    readonly bnGroup: number;
    /** The relaxed kernels. */
    readonly fast: boolean;
    /** Blocks that are computed again together; changes no bit, but a run that needs it goes on with it. */
    readonly checkpointBlocks: number | null;
    /** What becomes of steps that come to NaN or infinity. */
    readonly onNonfinite: OnNonFinite;
  };

/** Settings as flags give them; `aug: false` is --no-aug. */
export type GivenSettings = { readonly [K in keyof TrainSettings]?: NonNullable<TrainSettings[K]> } & { readonly aug?: boolean };

/** Largest counts and sizes that a file may state: beyond what any machine holds, far below what a number does. */
const MOST = 2 ** 31 - 1;
const MOST_WIDTH = 2 ** 20;
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MOST));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MOST));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const real = v.pipe(v.number(), v.finite(), v.minValue(0));
const reals = v.pipe(v.array(real), v.maxLength(1000));

const schema: v.GenericSchema<unknown, TrainSettings> = v.object({
  ...augmentEntries,
  model: v.picklist(MODEL_NAMES),
  width: v.nullable(v.pipe(size, v.maxValue(MOST_WIDTH))),
  skip: v.picklist(SKIP_NAMES),
  skipOver: v.nullable(v.picklist(SKIP_OVER)),
  skipEps: v.nullable(real),
  dataset: v.picklist(DATASETS),
  trainSamples: v.nullable(size),
  testSamples: v.nullable(size),
  cropPadding: count,
  cropMode: v.nullable(v.picklist(CROP_MODES)),
  hflip: share,
  reprob: share,
  epochs: count,
  batchSize: size,
  gradAccumSteps: size,
  opt: v.picklist(OPTIMIZERS),
  lr: real,
  momentum: v.nullable(share),
  nesterov: v.nullable(v.boolean()),
  optBetas: v.nullable(reals),
  optEps: v.nullable(real),
  weightDecay: real,
  decayAll: v.boolean(),
  clipGrad: v.nullable(real),
  smoothing: share,
  sched: v.picklist(SCHEDULES),
  warmupEpochs: real,
  warmupLr: real,
  minLr: v.nullable(real),
  decayEpochs: v.nullable(real),
  decayMilestones: v.nullable(reals),
  decayRate: v.nullable(real),
  modelEma: v.boolean(),
  modelEmaDecay: v.nullable(share),
  seed: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(0xffffffff)),
  shards: size,
  bnGroup: count,
  fast: v.boolean(),
  checkpointBlocks: v.optional(v.nullable(size), null),
  onNonfinite: v.nullish(v.picklist(ON_NON_FINITE), "stop"),
});

/** Reads settings back; `file` is for the error. Throws FormatError. */
export function parseSettings(value: unknown, file: string): TrainSettings {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new FormatError({
    file,
    offset: -1,
    found: `settings${path === null ? "" : `.${path}`} ${issue.received}`,
    wanted: issue.expected ?? "those of perpend train",
  });
}

/** Settings without those that do not apply: what a log and recipe.json say. */
export function recipeOf(settings: TrainSettings): JsonObject {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
}

/** `--batch-size` of `batchSize`. */
export function flagOf(key: string): string {
  if (key === "aug") return "--no-aug";
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Flags that want another one, and the words for it. */
const NEEDS: readonly (readonly [keys: readonly (keyof TrainSettings)[], fits: (settings: TrainSettings) => boolean, wanted: string])[] = [
  [["momentum", "nesterov"], ({ opt }) => opt === "sgd", "--opt sgd"],
  [["optBetas", "optEps"], ({ opt }) => opt !== "sgd", "--opt adam or adamw"],
  [["skipOver", "skipEps"], ({ skip }) => skip === "orthogonal", "--skip orthogonal"],
  [["minLr"], ({ sched }) => sched === "cosine" || sched === "poly", "--sched cosine or poly"],
  [["decayEpochs"], ({ sched }) => sched === "step", "--sched step"],
  [["decayMilestones"], ({ sched }) => sched === "multistep", "--sched multistep"],
  [["decayRate"], ({ sched }) => sched === "step" || sched === "multistep", "--sched step or multistep"],
  [["modelEmaDecay"], ({ modelEma }) => modelEma, "--model-ema"],
  [["cropMode"], ({ cropPadding }) => cropPadding > 0, "a --crop-padding above 0"],
];

/** The epochs of warm-up where none are asked for: a tenth, at most 5, where the rate then falls smoothly; the first 30 % of a cycle. */
function usualWarmup(sched: TrainSettings["sched"], epochs: number): number {
  if (sched === "onecycle") return 0.3 * epochs;
  return sched === "cosine" || sched === "poly" ? Math.min(5, epochs / 10) : 0;
}

/** Fills in what was not given. Errors: flags that contradict each other. */
export function resolveSettings(given: GivenSettings): TrainSettings {
  const { dataset = "shapes", opt = "sgd", sched = "cosine", skip = "additive", epochs = 10, batchSize = 128, bnGroup = 0 } = given;
  const usual = given.aug === false ? { cropPadding: 0, hflip: 0 } : usualAugmentation(dataset);
  const augment = resolveAugment(given, dataset, given.reprob ?? 0);
  const cropPadding = given.cropPadding ?? (augment.scale ? 0 : usual.cropPadding);
  const lr = given.lr ?? (opt === "sgd" ? 0.1 : 1e-3);
  const pieces = bnGroup > 0 ? Math.ceil(batchSize / bnGroup) : batchSize;
  const steps = sched === "step" || sched === "multistep";
  const settings: TrainSettings = {
    model: given.model ?? "resnetv2_20",
    width: given.width ?? null,
    skip,
    skipOver: skip === "orthogonal" ? (given.skipOver ?? "feature") : null,
    skipEps: skip === "orthogonal" ? (given.skipEps ?? 1e-6) : null,
    dataset,
    trainSamples: given.trainSamples ?? null,
    testSamples: given.testSamples ?? null,
    cropPadding,
    cropMode: cropPadding > 0 ? (given.cropMode ?? "zero") : null,
    hflip: given.hflip ?? usual.hflip,
    reprob: given.reprob ?? 0,
    ...augment,
    epochs,
    batchSize,
    gradAccumSteps: given.gradAccumSteps ?? 1,
    opt,
    lr,
    momentum: opt === "sgd" ? (given.momentum ?? 0.9) : null,
    nesterov: opt === "sgd" ? (given.nesterov ?? false) : null,
    optBetas: opt === "sgd" ? null : (given.optBetas ?? [0.9, 0.999]),
    optEps: opt === "sgd" ? null : (given.optEps ?? 1e-8),
    weightDecay: given.weightDecay ?? { sgd: 5e-4, adam: 0, adamw: 1e-2 }[opt],
    decayAll: given.decayAll ?? false,
    clipGrad: given.clipGrad ?? null,
    smoothing: given.smoothing ?? 0,
    sched,
    warmupEpochs: given.warmupEpochs ?? usualWarmup(sched, epochs),
    warmupLr: given.warmupLr ?? (sched === "onecycle" ? lr / 25 : 0),
    minLr: sched === "cosine" || sched === "poly" ? (given.minLr ?? 0) : null,
    decayEpochs: sched === "step" ? (given.decayEpochs ?? Math.max(1, Math.floor(epochs / 3))) : null,
    decayMilestones: sched === "multistep" ? (given.decayMilestones ?? [Math.floor(epochs / 2), Math.floor((3 * epochs) / 4)]) : null,
    decayRate: steps ? (given.decayRate ?? 0.1) : null,
    modelEma: given.modelEma ?? false,
    modelEmaDecay: given.modelEma ? (given.modelEmaDecay ?? 0.9998) : null,
    seed: given.seed ?? 42,
    shards: given.shards ?? Math.min(defaultShards(batchSize), pieces),
    bnGroup,
    fast: given.fast ?? false,
    checkpointBlocks: given.checkpointBlocks ?? null,
    onNonfinite: given.onNonfinite ?? "stop",
  };
  checkSettings(settings, given, pieces);
  return settings;
}

function checkSettings(settings: TrainSettings, given: GivenSettings, pieces: number): void {
  for (const [keys, fits, wanted] of NEEDS)
    for (const key of keys)
      if (given[key] !== undefined && !fits(settings))
        throw new UsageError(`${flagOf(key)}: it changes nothing here, wanted with ${wanted}`);
  const { batchSize, bnGroup, shards, sched, warmupEpochs, epochs, nesterov, momentum, optBetas } = settings;
  if (given.aug === false && (given.hflip || given.cropPadding || given.reprob))
    throw new UsageError("--no-aug: with --hflip, --crop-padding or --reprob, wanted one or the other");
  if (bnGroup > batchSize) throw new UsageError(`--bn-group: ${bnGroup} of a batch of ${batchSize}, wanted at most ${batchSize}`);
  if (shards > pieces) {
    const why = bnGroup > 0 ? `groups of ${bnGroup} in a batch of ${batchSize}` : "images of a batch";
    throw new UsageError(`--shards: ${shards} for ${pieces} ${why}, wanted at most ${pieces}`);
  }
  if (warmupEpochs > epochs) throw new UsageError(`--warmup-epochs: ${warmupEpochs} of ${epochs} epochs, wanted at most ${epochs}`);
  if (sched === "onecycle" && epochs > 0 && !(warmupEpochs > 0 && warmupEpochs < epochs))
    throw new UsageError(`--warmup-epochs: ${warmupEpochs} of ${epochs} in a cycle, wanted above 0 and below ${epochs}`);
  if (nesterov && momentum === 0) throw new UsageError("--nesterov: with --momentum 0, wanted a momentum above 0");
  if (optBetas && optBetas.length !== 2) throw new UsageError(`--opt-betas: ${optBetas.length} numbers, wanted 2`);
}

/** Schedules whose rate at a step does not depend on where the run ends: such a run may be made longer. */
const OPEN_ENDED: readonly string[] = ["constant", "step", "multistep"];

/** The settings to go on with: those of the checkpoint. Error: a flag that would change the bits, with both values. */
export function continueWith(stored: TrainSettings, given: GivenSettings): TrainSettings {
  const { aug, ...rest } = given;
  const asked: { readonly [key: string]: unknown } = { ...(aug === false && { cropPadding: 0, hflip: 0, reprob: 0 }), ...rest };
  const mayChange = ["checkpointBlocks", "onNonfinite", ...(OPEN_ENDED.includes(stored.sched) ? ["epochs"] : [])];
  for (const [key, value] of Object.entries(asked)) {
    const before = stored[key as keyof TrainSettings];
    if (JSON.stringify(before) === JSON.stringify(value) || mayChange.includes(key)) continue;
    throw new UsageError(
      `${key in rest ? flagOf(key) : "--no-aug"}: ${settingText(value)}, the checkpoint was trained with ${settingText(before)}; ` +
        "wanted the same to go on to the same bits, or a new run without --resume",
    );
  }
  const { epochs = stored.epochs, checkpointBlocks = stored.checkpointBlocks, onNonfinite = stored.onNonfinite } = rest;
  return { ...stored, epochs, checkpointBlocks, onNonfinite };
}

/** A setting's value for a person. */
export function settingText(value: unknown): string {
  if (value === null || value === undefined) return "none";
  return Array.isArray(value) ? value.join(" ") : String(value);
}
