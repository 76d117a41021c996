// The part of augmentation that works on whole pictures before they are normalized: a window of any size, or a shifted copy, then
// mirrored, then operations on bytes. The order is timm's: crop, mirror, RandAugment, color jitter.
//
// Draws beside those of augment.ts: stream(seed, "augment/resized-crop"), "augment/rand-augment", "augment/color-jitter", counters
// (sample, epoch), each read from its first word on as far as it takes.
import { stream } from "../random.ts";
import { jitter, type ColorJitterOptions } from "./color-jitter.ts";
import type { Canvas } from "./color-ops.ts";
import type { Dataset, ImageArray } from "./dataset.ts";
import type { ImageShape } from "./image-shape.ts";
import { fillOf, randAugment, type RandAugmentOptions } from "./rand-augment.ts";
import { resize, toByte } from "./resize.ts";
import { drawWindow, RESIZED_CROP, type ResizedCropOptions } from "./resized-crop.ts";

export interface CanvasOptions {
  readonly seed: number;
  readonly resizedCrop?: ResizedCropOptions;
  readonly randAugment?: RandAugmentOptions;
  readonly jitter?: ColorJitterOptions;
  readonly mean: readonly number[];
}

/** Rows and columns of the source for each of the image's, -1 for padding. */
export interface Maps {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** The image of a sample, not normalized, valid until the next call. */
export type DrawCanvas = (index: number, epoch: number, maps: Maps, mirror: boolean) => ImageArray;

/** What a crop is taken from. */
function sourceOf(dataset: Dataset, index: number): { readonly values: ImageArray; readonly shape: ImageShape } {
  if (dataset.picture === undefined) return { values: dataset.get(index).image, shape: dataset.image };
  const { pixels, height, width } = dataset.picture(index);
  return { values: pixels, shape: { height, width, channels: 3 } };
}

function copy(image: ImageArray, { rows, columns }: Maps, channels: number, out: ImageArray): void {
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const inside = row >= 0 && column >= 0;
      const from = (row * columns.length + column) * channels;
      for (let c = 0; c < channels; c++) out[at++] = inside ? image[from + c] : 0;
    }
  }
}

function mirrored(image: ImageArray, { height, width, channels }: ImageShape): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; 2 * x < width - 1; x++) {
      const [left, right] = [(y * width + x) * channels, (y * width + width - 1 - x) * channels];
      for (let c = 0; c < channels; c++) {
        const kept = image[left + c];
        image[left + c] = image[right + c];
        image[right + c] = kept;
      }
    }
  }
}

/** Null where these options ask for nothing of this kind. */
export function canvasOf(dataset: Dataset, isBytes: boolean, options: CanvasOptions): DrawCanvas | null {
  const { seed, resizedCrop, randAugment: operations, jitter: jittering, mean } = options;
  if (!resizedCrop && !operations && !jittering) return null;
  const { height, width, channels } = dataset.image;
  const size = height * width * channels;
  const image = isBytes ? new Uint8Array(size) : new Float32Array(size);
  const purpose = stream(seed, "augment");
  const windows = purpose.split("resized-crop").cursor();
  const operating = purpose.split("rand-augment").cursor();
  const coloring = purpose.split("color-jitter").cursor();
  const canvas: Canvas | null =
    image instanceof Uint8Array
      ? { height, width, channels, pixels: image, spare: new Uint8Array(size), fill: operations ? fillOf(operations, mean) : mean }
      : null;

  return (index, epoch, maps, mirror) => {
    if (resizedCrop) {
      windows.restart(index, epoch);
      const { values, shape } = sourceOf(dataset, index);
      const window = drawWindow(shape, resizedCrop, windows);
      const scaled = resize(values, shape, dataset.image, resizedCrop.filter ?? RESIZED_CROP.filter, window);
      if (isBytes) for (let i = 0; i < size; i++) image[i] = toByte(scaled[i]);
      else image.set(scaled);
      if (mirror) mirrored(image, dataset.image);
    } else copy(dataset.get(index).image, maps, channels, image);
    if (canvas && operations) {
      operating.restart(index, epoch);
      randAugment(canvas, operations, operating);
    }
    if (canvas && jittering) {
      coloring.restart(index, epoch);
      jitter(canvas, jittering, coloring);
    }
    return image;
  };
}
