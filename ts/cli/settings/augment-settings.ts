// Settings of pictures, crops, colors and mixing, with the names of timm's train.py: their flags, defaults, checks, and what a loader makes
// of them. A setting that does not apply is null.
import * as v from "valibot";
import { bicubic, bilinear, timmIncreasingOps, timmOps, type MixOptions, type RandAugmentOptions } from "../../data/index.ts";
import type { DataLoaderOptions } from "../../train/index.ts";
import { hasPictures, type DatasetName } from "./data-names.ts";
import { UsageError } from "./usage.ts";

export const INTERPOLATIONS = ["bilinear", "bicubic"] as const;
export const ERASE_MODES = ["const", "rand", "pixel"] as const;
export const MIXUP_MODES = ["batch", "pair", "elem"] as const;

export type AugmentSettings = {
  /** Height and width of images made of pictures, and the share of the shorter side that evaluation sees. */
  readonly imgSize: number | null;
  readonly cropPct: number | null;
  /** Random-resized crop: share of the area, width over height, and how it is scaled. */
  readonly scale: readonly number[] | null;
  readonly ratio: readonly number[] | null;
  readonly trainInterpolation: (typeof INTERPOLATIONS)[number] | null;
  /** RandAugment as `rand-m9-n2`. */
  readonly aa: string | null;
  /** Brightness, contrast, saturation, hue. */
  readonly colorJitter: readonly number[] | null;
  readonly remode: (typeof ERASE_MODES)[number] | null;
  readonly mixup: number | null;
  readonly cutmix: number | null;
  readonly mixupProb: number | null;
  readonly mixupSwitchProb: number | null;
  readonly mixupMode: (typeof MIXUP_MODES)[number] | null;
  readonly mixupOffEpoch: number | null;
};

/** Settings as flags give them. */
type Given = { readonly [K in keyof AugmentSettings]?: NonNullable<AugmentSettings[K]> } & {
  readonly aug?: boolean;
  readonly cropPadding?: number;
  readonly hflip?: number;
  readonly reprob?: number;
};

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const positive = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e6));
const pair = v.pipe(v.array(v.pipe(positive, v.check((value) => value > 0, "a number above 0"))), v.length(2)); // prettier-ignore
const maybe = <T>(schema: v.GenericSchema<unknown, T>) => v.optional(v.nullable(schema), null);

/** What files may state; files of before have none of it. */
export const augmentEntries = {
  imgSize: maybe(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(4096))),
  cropPct: maybe(v.pipe(share, v.check((value) => value > 0, "a number above 0"))), // prettier-ignore
  scale: maybe(pair),
  ratio: maybe(pair),
  trainInterpolation: maybe(v.picklist(INTERPOLATIONS)),
  aa: maybe(v.pipe(v.string(), v.check((text) => parseAa(text) !== null, "rand-m9-n2"))), // prettier-ignore
  colorJitter: maybe(v.pipe(v.array(positive), v.minLength(3), v.maxLength(4))),
  remode: maybe(v.picklist(ERASE_MODES)),
  mixup: maybe(positive),
  cutmix: maybe(positive),
  mixupProb: maybe(share),
  mixupSwitchProb: maybe(share),
  mixupMode: maybe(v.picklist(MIXUP_MODES)),
  mixupOffEpoch: maybe(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
};

/** RandAugment of a text as timm has it: rand, then m magnitude, n count, p probability, mstd spread, inc1; null where it is none. */
export function parseAa(text: string): RandAugmentOptions | null {
  const [kind, ...parts] = text.split("-");
  const values = new Map<string, number>();
  for (const part of parts) {
    const found = /^(mstd|inc|m|n|p)(\d{1,3}(?:\.\d{1,6})?)$/.exec(part);
    if (found === null || values.has(found[1])) return null;
    values.set(found[1], Number(found[2]));
  }
  const [magnitude, count, probability, spread, increasing] = (["m", "n", "p", "mstd", "inc"] as const).map((key) => values.get(key));
  const fits = (magnitude ?? 10) <= 10 && (probability ?? 0) <= 1 && (spread ?? 0) <= 100 && [undefined, 0, 1].includes(increasing);
  const whole = Number.isInteger(count ?? 2) && (count ?? 2) >= 1 && (count ?? 2) <= 100;
  if (kind !== "rand" || !fits || !whole) return null;
  return {
    magnitude: magnitude ?? 10,
    count: count ?? 2,
    table: increasing === 1 ? timmIncreasingOps : timmOps,
    ...(probability !== undefined && { probability }),
    ...(spread !== undefined && { spread }),
  };
}

const AUG_FLAGS = ["scale", "ratio", "aa", "colorJitter", "mixup", "cutmix"] as const;

/** Fills in what was not given. `reprob` is the resolved one. */
export function resolveAugment(given: Given, dataset: DatasetName, reprob: number): AugmentSettings {
  const pictures = hasPictures(dataset);
  const usual = pictures && given.aug !== false && !given.cropPadding ? [0.08, 1] : null;
  const scale = given.scale ?? (given.ratio ? [0.08, 1] : usual);
  const mixes = (given.mixup ?? 0) > 0 || (given.cutmix ?? 0) > 0;
  const both = (given.mixup ?? 0) > 0 && (given.cutmix ?? 0) > 0;
  const jitter = given.colorJitter?.length === 1 ? [0, 1, 2].map(() => given.colorJitter?.[0] ?? 0) : given.colorJitter;
  check(given, pictures, scale, mixes, both, reprob);
  return {
    imgSize: pictures ? (given.imgSize ?? (dataset === "tiny-imagenet" ? 64 : 224)) : null,
    cropPct: pictures ? (given.cropPct ?? (dataset === "tiny-imagenet" ? 1 : 0.875)) : null,
    scale,
    ratio: scale ? (given.ratio ?? [3 / 4, 4 / 3]) : null,
    trainInterpolation: scale ? (given.trainInterpolation ?? "bilinear") : null,
    aa: given.aa ?? null,
    colorJitter: jitter?.some((value) => value > 0) ? jitter : null,
    remode: reprob > 0 ? (given.remode ?? "pixel") : null,
    mixup: mixes ? (given.mixup ?? 0) : null,
    cutmix: mixes ? (given.cutmix ?? 0) : null,
    mixupProb: mixes ? (given.mixupProb ?? 1) : null,
    mixupSwitchProb: both ? (given.mixupSwitchProb ?? 0.5) : null,
    mixupMode: mixes ? (given.mixupMode ?? "batch") : null,
    mixupOffEpoch: mixes && given.mixupOffEpoch ? given.mixupOffEpoch : null,
  };
}

function check(given: Given, pictures: boolean, scale: readonly number[] | null, mixes: boolean, both: boolean, reprob: number): void {
  const refuse = (flag: string, found: string, wanted: string): never => {
    throw new UsageError(`${flag}: ${found}, wanted ${wanted}`);
  };
  const needs: readonly (readonly [key: keyof Given, flag: string, fits: boolean, wanted: string])[] = [
    ["imgSize", "--img-size", pictures, "with --dataset image-folder or tiny-imagenet"],
    ["cropPct", "--crop-pct", pictures, "with --dataset image-folder or tiny-imagenet"],
    ["trainInterpolation", "--train-interpolation", scale !== null, "with --scale"],
    ["remode", "--remode", reprob > 0, "with --reprob"],
    ["mixupProb", "--mixup-prob", mixes, "with --mixup or --cutmix"],
    ["mixupSwitchProb", "--mixup-switch-prob", both, "with --mixup and --cutmix"],
    ["mixupMode", "--mixup-mode", mixes, "with --mixup or --cutmix"],
    ["mixupOffEpoch", "--mixup-off-epoch", mixes, "with --mixup or --cutmix"],
  ];
  for (const [key, flag, fits, wanted] of needs) if (given[key] !== undefined && !fits) refuse(flag, "it changes nothing here", wanted);
  for (const [flag, range, most] of [
    ["--scale", scale, 1],
    ["--ratio", given.ratio, 1e6],
  ] as const)
    // prettier-ignore
    if (range && !(range.length === 2 && range[0] > 0 && range[0] <= range[1] && range[1] <= most))
      refuse(flag, range.join(" "), `two numbers above 0${most === 1 ? " and up to 1" : ""}, the smaller first`);
  if (scale && given.cropPadding) refuse("--scale", "with --crop-padding", "one or the other");
  if (given.aa !== undefined && parseAa(given.aa) === null)
    refuse("--aa", given.aa, "rand-m9-n2: m 0 to 10, n 1 to 100; more: -p0.5 -mstd0.5 -inc1");
  const { colorJitter } = given;
  if (colorJitter && !([1, 3, 4].includes(colorJitter.length) && (colorJitter[3] ?? 0) <= 0.5))
    refuse("--color-jitter", colorJitter.join(" "), "one number, or brightness, contrast, saturation and hue up to 0.5");
  const extra = given.aug === false ? AUG_FLAGS.find((key) => given[key] !== undefined) : undefined;
  if (extra !== undefined) refuse("--no-aug", `with --${extra === "colorJitter" ? "color-jitter" : extra}`, "one or the other");
}

const between = (values: readonly number[]): readonly [number, number] => [values[0], values[1]];

/** What a loader makes of them; without any, nothing. */
export function augmentOptions(settings: AugmentSettings): NonNullable<DataLoaderOptions["augment"]> {
  const { scale, ratio, trainInterpolation, aa, colorJitter } = settings;
  const operations = aa === null ? null : parseAa(aa);
  const [brightness, contrast, saturation, hue = 0] = colorJitter ?? [];
  return {
    ...(scale &&
      ratio && {
        resizedCrop: { scale: between(scale), ratio: between(ratio), filter: trainInterpolation === "bicubic" ? bicubic : bilinear },
      }),
    ...(operations && { randAugment: operations }),
    ...(colorJitter && { jitter: { brightness, contrast, saturation, hue } }),
  };
}

/** How erased pixels are filled; "noise" where runs of before say nothing. */
export function eraseFill({ remode }: AugmentSettings): "zero" | "color" | "noise" {
  return remode === "const" ? "zero" : remode === "rand" ? "color" : "noise";
}

/** How batches are mixed, if they are. */
export function mixOptions({ mixup, cutmix, mixupProb, mixupSwitchProb, mixupMode, mixupOffEpoch }: AugmentSettings): MixOptions | null {
  if (!mixup && !cutmix) return null;
  return {
    mixup: mixup ?? 0,
    cutmix: cutmix ?? 0,
    probability: mixupProb ?? 1,
    switchProbability: mixupSwitchProb ?? 0.5,
    each: mixupMode === "elem" ? "sample" : (mixupMode ?? "batch"),
    offEpoch: mixupOffEpoch ?? 0,
  };
}
