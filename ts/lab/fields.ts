// What a person may choose in the laboratory, as data: the form, the address of the page and its checks are made from this table.
import { MODELS, OPTIMIZERS, SCHEDULES, SKIPS } from "../cli/settings/settings.ts";

export const LAB_DATASETS = ["shapes", "cifar10", "cifar100", "mnist", "image-folder"] as const;
export const AGAINST = ["nothing", ...SKIPS] as const;

/** Settings of the laboratory: one run, or two of the same seed that differ in their skip. `null` is the usual. */
export interface LabSettings {
  readonly dataset: (typeof LAB_DATASETS)[number];
  readonly trainSamples: number | null;
  readonly testSamples: number | null;
  readonly imgSize: number;
  readonly model: string;
  readonly width: number | null;
  readonly skip: (typeof SKIPS)[number];
  readonly against: (typeof AGAINST)[number];
  readonly epochs: number;
  readonly batchSize: number;
  readonly opt: (typeof OPTIMIZERS)[number];
  readonly lr: number;
  readonly sched: (typeof SCHEDULES)[number];
  readonly weightDecay: number | null;
  readonly seed: number;
}

export type LabKey = keyof LabSettings;

export interface ChoiceField {
  readonly kind: "choice";
  readonly choices: readonly string[];
}

export interface NumberField {
  readonly kind: "number";
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
  /** May be left out. */
  readonly optional?: boolean;
}

export type Field = ChoiceField | NumberField;

const whole = (least: number, most: number): NumberField => ({ kind: "number", least, most, whole: true });
const real = (least: number, most: number): NumberField => ({ kind: "number", least, most, whole: false });
const maybe = (field: NumberField): NumberField => ({ ...field, optional: true });

/** Every setting, in the order of the form. */
export const FIELDS: { readonly [K in LabKey]: Field } = {
  dataset: { kind: "choice", choices: LAB_DATASETS },
  trainSamples: maybe(whole(16, 1_000_000)),
  testSamples: maybe(whole(1, 1_000_000)),
  imgSize: whole(8, 224),
  model: { kind: "choice", choices: MODELS },
  width: maybe(whole(1, 1024)),
  skip: { kind: "choice", choices: SKIPS },
  against: { kind: "choice", choices: AGAINST },
  epochs: whole(1, 1000),
  batchSize: whole(1, 4096),
  opt: { kind: "choice", choices: OPTIMIZERS },
  lr: real(0, 100),
  sched: { kind: "choice", choices: SCHEDULES },
  weightDecay: maybe(real(0, 1)),
  seed: whole(0, 0xffffffff),
};

export const LAB_KEYS = Object.keys(FIELDS) as readonly LabKey[];

/** Those of `perpend quickstart`: two small nets on drawn shapes, a minute or two. */
export const DEFAULTS: LabSettings = {
  dataset: "shapes",
  trainSamples: 4800,
  testSamples: 1000,
  imgSize: 32,
  model: "resnetv2_8",
  width: null,
  skip: "additive",
  against: "orthogonal",
  epochs: 5,
  batchSize: 64,
  opt: "sgd",
  lr: 0.2,
  sched: "onecycle",
  weightDecay: null,
  seed: 42,
};

/** A text as the value of a field. Error: what is wanted, in words. */
export function parseField(key: LabKey, text: string): string | number | null {
  const field = FIELDS[key];
  if (field.kind === "choice") {
    if (!field.choices.includes(text)) throw new Error(`"${text.slice(0, 40)}", wanted ${field.choices.join(", ")}`);
    return text;
  }
  const { least, most, whole: isWhole, optional = false } = field;
  const trimmed = text.trim();
  if (trimmed === "" && optional) return null;
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : NaN;
  if (!(value >= least && value <= most) || (isWhole && !Number.isInteger(value)))
    throw new Error(`"${text.slice(0, 40)}", wanted a ${isWhole ? "whole " : ""}number from ${least} to ${most}`);
  return value;
}
