// Turns a sample's stored values into normalized floats, shifted, mirrored and partly erased as training wants it.
// What happens to a sample depends on (seed, epoch, index in the dataset) alone: never on batch, worker or order.
//
// Draws: key stream(seed, "augment"), counters (block, index, epoch, 0). Block 0: row shift, column shift, mirror, erase;
// blocks 1 .. 10: area, aspect, row and column of an attempt at erasing; blocks from 16: noise of the erased pixels.
// A draw among n is floor(uniform n), so its bias is below n 2^-24. What works on whole pictures is in canvas.ts.

import { exp, log } from "../math.ts";
import { wantOptions } from "../options.ts";
import { stream } from "../random.ts";
import { canvasOf } from "./canvas.ts";
import { checkJitter, type ColorJitterOptions } from "./color-jitter.ts";
import type { Dataset, ImageArray } from "./dataset.ts";
import { checkRandAugment, type RandAugmentOptions } from "./rand-augment.ts";
import type { ResizedCropOptions } from "./resized-crop.ts";

export interface CropOptions {
  /** Pixels added on every side; the crop has the image's own size. */
  readonly padding: number;
  /** "zero": black pixels, before normalization. "reflect": mirrored without repeating the edge. */
  readonly mode?: "zero" | "reflect";
}

export interface EraseOptions {
  readonly probability: number;
  /** Share of the image's area. */
  readonly scale?: readonly [low: number, high: number];
  /** Height over width. */
  readonly ratio?: readonly [low: number, high: number];
  /** "zero": the mean color, after normalization. "color": one normal deviate a channel. "noise": one for each value. */
  readonly fill?: "zero" | "color" | "noise";
}

export interface AugmentOptions {
  readonly seed?: number;
  readonly crop?: CropOptions;
  /** In place of `crop`: a window of random area and aspect, of the whole picture where the set has pictures. */
  readonly resizedCrop?: ResizedCropOptions;
  /** Probability of mirroring left and right. */
  readonly flip?: number;
  /** Operations on images of bytes, after mirroring. */
  readonly randAugment?: RandAugmentOptions;
  /** Brightness, contrast, saturation and hue, after RandAugment. */
  readonly jitter?: ColorJitterOptions;
  readonly erase?: EraseOptions;
  /** One value a channel; by default the dataset's. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Writes one sample, [height, width, channels] floats, to out[at ..]. */
export type WriteSample = (index: number, epoch: number, out: Float32Array, at: number) => void;

const ERASE_ATTEMPTS = 10;
const NOISE_BLOCK = 16;

function checkShare(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`augment: ${name} is ${value}, wanted 0 to 1`);
}

function checkRange(name: string, [low, high]: readonly [number, number], most: number): void {
  if (!(low > 0 && low <= high && high <= most)) {
    throw new RangeError(`augment: ${name} is ${low} to ${high}, wanted a range above 0${most < Infinity ? ` and up to ${most}` : ""}`);
  }
}

function checkOptions(dataset: Dataset, options: AugmentOptions): void {
  const { height, width, channels } = dataset.image;
  const { crop, resizedCrop, flip = 0, randAugment, jitter, erase, mean = dataset.mean, std = dataset.std } = options;
  if (mean.length !== channels || std.length !== channels) {
    throw new RangeError(`augment: mean has ${mean.length} and std ${std.length} values, wanted ${channels} (one a channel)`);
  }
  wantOptions("augment", options, "seed", "crop", "resizedCrop", "flip", "randAugment", "jitter", "erase", "mean", "std");
  checkShare("flip", flip);
  if (crop) {
    const most = crop.mode === "reflect" ? Math.min(height, width) - 1 : 1024;
    if (!(Number.isInteger(crop.padding) && crop.padding >= 0 && crop.padding <= most)) {
      throw new RangeError(`augment: crop padding is ${crop.padding}, wanted a whole number from 0 to ${most}`);
    }
  }
  if (resizedCrop) {
    if (crop) throw new RangeError("augment: crop and resizedCrop, wanted one of the two");
    if (resizedCrop.scale) checkRange("resizedCrop scale", resizedCrop.scale, 1);
    if (resizedCrop.ratio) checkRange("resizedCrop ratio", resizedCrop.ratio, Infinity);
  }
  if (randAugment) checkRandAugment(randAugment);
  if (jitter) checkJitter(jitter);
  if ((randAugment || jitter) && channels !== 1 && channels !== 3)
    throw new RangeError(`augment: images of ${channels} channels, randAugment and jitter want 1 or 3`);
  if (randAugment?.fill && randAugment.fill.length !== channels)
    throw new RangeError(`augment: randAugment fill has ${randAugment.fill.length} values, wanted ${channels} (one a channel)`);
  if (erase) {
    checkShare("erase probability", erase.probability);
    if (erase.scale) checkRange("erase scale", erase.scale, 1);
    if (erase.ratio) checkRange("erase ratio", erase.ratio, Infinity);
  }
}

/** map[i] = the source of position i after a shift (and mirror), -1 for padding. */
function sourceMap(map: Int32Array, shift: number, mirror: boolean, reflect: boolean): void {
  const size = map.length;
  for (let i = 0; i < size; i++) {
    let from = (mirror ? size - 1 - i : i) + shift;
    if (from < 0) from = reflect ? -from : -1;
    else if (from >= size) from = reflect ? 2 * (size - 1) - from : -1;
    map[i] = from;
  }
}

/** One function that normalizes and augments samples of this dataset. With no options it only normalizes. */
export function augment(dataset: Dataset, options: AugmentOptions = {}): WriteSample {
  checkOptions(dataset, options);
  const { seed = 0, crop, flip = 0, erase, mean = dataset.mean, std = dataset.std } = options;
  const { height, width } = dataset.image;
  const padding = crop?.padding ?? 0;
  const reflect = crop?.mode === "reflect";
  const draws = stream(seed, "augment").cursor();
  const rows = new Int32Array(height);
  const columns = new Int32Array(width);
  const isBytes = dataset.length === 0 || dataset.get(0).image instanceof Uint8Array;
  const gather = isBytes ? gatherBytes(mean, std) : gatherFloats(mean, std);
  const eraseFrom = erase && erase.probability > 0 ? eraser(dataset, seed, erase) : null;
  sourceMap(rows, 0, false, false);
  sourceMap(columns, 0, false, false);
  const still = padding === 0 && flip === 0;
  const { resizedCrop, randAugment, jitter } = options;
  if (!isBytes && (randAugment || jitter)) throw new RangeError("augment: images of real numbers, randAugment and jitter want bytes");
  const canvas = canvasOf(dataset, isBytes, {
    seed,
    mean,
    ...(resizedCrop && { resizedCrop }),
    ...(randAugment && { randAugment }),
    ...(jitter && { jitter }),
  });
  const asItIs = { rows: rows.slice(), columns: columns.slice() };

  return (index, epoch, out, at) => {
    let eraseDraw = 1;
    let mirror = false;
    if (!still || eraseFrom) {
      draws.restart(index, epoch);
      const dy = Math.floor(draws.uniform() * (2 * padding + 1)) - padding;
      const dx = Math.floor(draws.uniform() * (2 * padding + 1)) - padding;
      mirror = draws.uniform() < flip;
      eraseDraw = draws.uniform();
      sourceMap(rows, dy, false, reflect);
      sourceMap(columns, dx, mirror, reflect);
    }
    if (canvas) gather(canvas(index, epoch, { rows, columns }, mirror), asItIs.rows, asItIs.columns, out, at);
    else gather(dataset.get(index).image, rows, columns, out, at);
    if (eraseFrom && erase && eraseDraw < erase.probability) eraseFrom(index, epoch, out, at);
  };
}

/** Writes (v - mean) / std of the pixels that rows and columns name. */
type Gather = (image: ImageArray, rows: Int32Array, columns: Int32Array, out: Float32Array, at: number) => void;

function gatherBytes(mean: readonly number[], std: readonly number[]): Gather {
  const channels = mean.length;
  // table[256 c + v]
  const table = new Float32Array(256 * channels);
  for (let c = 0; c < channels; c++) for (let v = 0; v < 256; v++) table[256 * c + v] = (v / 255 - mean[c]) / std[c];
  if (channels === 3) return gatherColors(table);
  return (image, rows, columns, out, at) => {
    const width = columns.length;
    for (let y = 0; y < rows.length; y++) {
      for (let x = 0; x < width; x++, at += channels) {
        const inside = rows[y] >= 0 && columns[x] >= 0;
        const pixel = (rows[y] * width + columns[x]) * channels;
        for (let c = 0; c < channels; c++) out[at + c] = table[256 * c + (inside ? image[pixel + c] : 0)];
      }
    }
  };
}

/** gatherBytes for three channels, the common case. */
function gatherColors(table: Float32Array): Gather {
  return (image, rows, columns, out, at) => {
    const width = columns.length;
    for (let y = 0; y < rows.length; y++) {
      const row = rows[y];
      for (let x = 0; x < width; x++, at += 3) {
        const column = columns[x];
        if (row < 0 || column < 0) {
          out[at] = table[0];
          out[at + 1] = table[256];
          out[at + 2] = table[512];
          continue;
        }
        const pixel = (row * width + column) * 3;
        out[at] = table[image[pixel]];
        out[at + 1] = table[256 + image[pixel + 1]];
        out[at + 2] = table[512 + image[pixel + 2]];
      }
    }
  };
}

function gatherFloats(mean: readonly number[], std: readonly number[]): Gather {
  const channels = mean.length;
  return (image, rows, columns, out, at) => {
    const width = columns.length;
    for (let y = 0; y < rows.length; y++) {
      for (let x = 0; x < width; x++, at += channels) {
        const inside = rows[y] >= 0 && columns[x] >= 0;
        const pixel = (rows[y] * width + columns[x]) * channels;
        for (let c = 0; c < channels; c++) out[at + c] = ((inside ? image[pixel + c] : 0) - mean[c]) / std[c];
      }
    }
  };
}

/** Random erasing (Zhong et al., 2017): a rectangle of random area and aspect, the first of ten that fits. */
function eraser(dataset: Dataset, seed: number, options: EraseOptions): WriteSample {
  const { scale = [0.02, 0.33], ratio = [0.3, 3.3], fill = "zero" } = options;
  const { height, width, channels } = dataset.image;
  const purpose = stream(seed, "augment");
  const lowRatio = log(ratio[0]);
  const highRatio = log(ratio[1]);
  return (index, epoch, out, at) => {
    for (let attempt = 1; attempt <= ERASE_ATTEMPTS; attempt++) {
      const uniform = (word: number): number => purpose.uniform(4 * attempt + word, index, epoch);
      const area = height * width * (scale[0] + (scale[1] - scale[0]) * uniform(0));
      const aspect = exp(lowRatio + (highRatio - lowRatio) * uniform(1));
      const tall = Math.floor(Math.sqrt(area * aspect) + 0.5);
      const wide = Math.floor(Math.sqrt(area / aspect) + 0.5);
      if (tall < 1 || wide < 1 || tall >= height || wide >= width) continue;
      const top = Math.floor(uniform(2) * (height - tall + 1));
      const left = Math.floor(uniform(3) * (width - wide + 1));
      const noise = fill === "zero" ? null : new Float32Array(4 * NOISE_BLOCK + (fill === "noise" ? tall * wide * channels : channels));
      const color = fill === "color" ? noise?.subarray(4 * NOISE_BLOCK) : undefined;
      if (noise) purpose.fillNormal(noise, index, epoch);
      for (let y = 0; y < tall; y++) {
        const from = at + ((top + y) * width + left) * channels;
        if (color) for (let x = 0; x < wide; x++) out.set(color, from + x * channels);
        else if (noise) {
          const row = 4 * NOISE_BLOCK + y * wide * channels;
          out.set(noise.subarray(row, row + wide * channels), from);
        } else out.fill(0, from, from + wide * channels);
      }
      return;
    }
  };
}
