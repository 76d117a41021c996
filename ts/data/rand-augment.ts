// RandAugment (Cubuk et al., 2019): `count` operations drawn from a table, all of one magnitude. Tables differ between libraries; here are
// timm's two and torchvision's. A table is an object: another one, or one with an operation more, is as good.
// Differences: timm draws bilinear or bicubic anew for each move, here it is bilinear.
import type { RandomCursor } from "../random.ts";
import {
  autoContrast,
  brightness,
  contrast,
  equalize,
  invert,
  posterize,
  saturation,
  sharpness,
  solarize,
  solarizeAdd,
  type Canvas,
} from "./color-ops.ts";
import { fourPixels, nearestPixel, rotation, warp, type Sampler } from "./warp.ts";

/** Changes an image in place. `level` is the magnitude from 0 to 1, `sign` is -1 or 1 at random. */
export interface PictureOp {
  readonly name: string;
  readonly apply: (canvas: Canvas, level: number, sign: number) => void;
}

export interface OpTable {
  readonly label: string;
  /** The magnitude that is level 1. */
  readonly levels: number;
  readonly ops: readonly PictureOp[];
}

export interface RandAugmentOptions {
  /** Operations an image (N). */
  readonly count: number;
  /** M, from 0 to the table's `levels`. */
  readonly magnitude: number;
  /** timmOps by default. */
  readonly table?: OpTable;
  /** With which each drawn operation is done: 0.5 with timm's tables as there, else 1. */
  readonly probability?: number;
  /** Standard deviation of the magnitude from operation to operation (timm's mstd); 0 by default. */
  readonly spread?: number;
  /** The color of what comes in from outside, 0 .. 255; by default the mean color with timm's tables, black with torchvision's. */
  readonly fill?: readonly number[];
}

const op = (name: string, apply: PictureOp["apply"]): PictureOp => ({ name, apply });

/** Shears by 0.3, shifts by this share of the width and height, turns by 30 degrees at level 1. */
function moves(sampler: Sampler, shiftX: (canvas: Canvas, level: number) => number, shiftY: typeof shiftX): PictureOp[] {
  return [
    op("shearX", (canvas, level, sign) => warp(canvas, [1, 0.3 * level * sign, 0, 0, 1, 0], sampler)),
    op("shearY", (canvas, level, sign) => warp(canvas, [1, 0, 0, 0.3 * level * sign, 1, 0], sampler)),
    op("translateX", (canvas, level, sign) => warp(canvas, [1, 0, sign * shiftX(canvas, level), 0, 1, 0], sampler)),
    op("translateY", (canvas, level, sign) => warp(canvas, [1, 0, 0, 0, 1, sign * shiftY(canvas, level)], sampler)),
    op("rotate", (canvas, level, sign) => warp(canvas, rotation(canvas, 30 * level * sign), sampler)),
  ];
}

const timmMoves = moves(
  fourPixels,
  ({ width }, level) => 0.45 * level * width,
  ({ height }, level) => 0.45 * level * height,
);
const tables = [op("autoContrast", autoContrast), op("equalize", equalize)];
const enhancers = [
  ["color", saturation],
  ["contrast", contrast],
  ["brightness", brightness],
  ["sharpness", sharpness],
] as const;

/** timm's `rand-...`: factors of colors from 0.1 to 1.9; posterize and solarize are strongest at level 0. */
export const timmOps: OpTable = {
  label: "timm",
  levels: 10,
  ops: [
    ...tables,
    op("invert", invert),
    op("posterize", (canvas, level) => posterize(canvas, Math.trunc(4 * level))),
    op("solarize", (canvas, level) => solarize(canvas, Math.min(256, Math.trunc(256 * level)))),
    op("solarizeAdd", (canvas, level) => solarizeAdd(canvas, Math.min(128, Math.trunc(110 * level)))),
    ...enhancers.map(([name, change]) => op(name, (canvas, level) => change(canvas, 1.8 * level + 0.1))),
    ...timmMoves,
  ],
};

/** timm's `rand-...-inc1`: every operation grows stronger with the level. */
export const timmIncreasingOps: OpTable = {
  label: "timm, increasing",
  levels: 10,
  ops: [
    ...tables,
    op("invert", invert),
    op("posterize", (canvas, level) => posterize(canvas, 4 - Math.trunc(4 * level))),
    op("solarize", (canvas, level) => solarize(canvas, 256 - Math.min(256, Math.trunc(256 * level)))),
    op("solarizeAdd", (canvas, level) => solarizeAdd(canvas, Math.min(128, Math.trunc(110 * level)))),
    ...enhancers.map(([name, change]) => op(name, (canvas, level, sign) => change(canvas, Math.max(0.1, 1 + 0.9 * level * sign)))),
    ...timmMoves,
  ],
};

/** torchvision's RandAugment with 31 magnitudes, moves by nearest pixel. */
export const torchvisionOps: OpTable = {
  label: "torchvision",
  levels: 30,
  ops: [
    op("identity", () => {}),
    ...moves(
      nearestPixel,
      ({ width }, level) => Math.trunc((150 / 331) * width * level),
      ({ height }, level) => Math.trunc((150 / 331) * height * level),
    ),
    ...enhancers.map(([name, change]) => op(name, (canvas, level, sign) => change(canvas, 1 + 0.9 * level * sign))),
    op("posterize", (canvas, level) => posterize(canvas, 8 - Math.floor(4 * level + 0.5))),
    op("solarize", (canvas, level) => solarize(canvas, 255 * (1 - level))),
    ...tables,
  ],
};

const isTimms = (table: OpTable): boolean => table === timmOps || table === timmIncreasingOps;

export function checkRandAugment({ count, magnitude, table = timmOps, probability = 1, spread = 0, fill }: RandAugmentOptions): void {
  const refuse = (name: string, value: unknown, wanted: string): never => {
    throw new RangeError(`augment: randAugment ${name} is ${String(value)}, wanted ${wanted}`);
  };
  if (!(Number.isInteger(count) && count >= 1 && count <= 100)) refuse("count", count, "a whole number from 1 to 100");
  if (!(magnitude >= 0 && magnitude <= table.levels)) refuse("magnitude", magnitude, `0 to ${table.levels}, the levels of ${table.label}`);
  if (table.ops.length === 0) refuse("table", "empty", "at least one operation");
  if (!(probability >= 0 && probability <= 1)) refuse("probability", probability, "0 to 1");
  if (!(spread >= 0 && spread <= 100)) refuse("spread", spread, "0 to 100");
  for (const value of fill ?? []) if (!(value >= 0 && value <= 255)) refuse("fill", value, "0 to 255");
}

/** The color of what comes in from outside, one value a channel. */
export function fillOf({ table = timmOps, fill }: RandAugmentOptions, mean: readonly number[]): readonly number[] {
  if (fill !== undefined) return fill;
  return mean.map((value) => (isTimms(table) ? Math.max(0, Math.min(255, Math.floor(255 * value + 0.5))) : 0));
}

/** Does `count` operations in place. Reads three words each, and two more where magnitudes spread. */
export function randAugment(canvas: Canvas, options: RandAugmentOptions, draws: RandomCursor): void {
  const { count, magnitude, table = timmOps, spread = 0 } = options;
  const { probability = isTimms(table) ? 0.5 : 1 } = options;
  for (let at = 0; at < count; at++) {
    const { apply } = table.ops[Math.floor(draws.uniform() * table.ops.length)];
    const done = draws.uniform() < probability;
    const sign = draws.uniform() < 0.5 ? -1 : 1;
    const own = spread > 0 ? magnitude + spread * draws.normal() : magnitude;
    if (done) apply(canvas, Math.max(0, Math.min(1, own / table.levels)), sign);
  }
}
