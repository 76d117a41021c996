// A labeled image set in memory: all images in one array, channels last (NHWC), one class index an image.

import type { ImageShape } from "./image-shape.ts";
import type { Picture } from "./picture.ts";

/** Bytes 0 .. 255 (scaled to 0 .. 1 when a batch is made), or numbers taken as they are. */
export type ImageArray = Uint8Array | Float32Array;

export type LabelArray = Uint8Array | Uint16Array | Int32Array;

/** An image and its class. */
export interface Sample {
  /** One image's values, [height, width, channels]: a view, not a copy. */
  readonly image: ImageArray;
  readonly label: number;
}

/** Images with classes, in memory or read when asked for. arrayDataset() and collectDataset() make one of your own data. */
export interface Dataset {
  readonly name: string;
  readonly length: number;
  readonly classes: number;
  readonly classNames: readonly string[];
  readonly image: ImageShape;
  /** Mean and standard deviation of each channel on the scale 0 .. 1 (or of float images' own values). */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** [length, height, width, channels] */
  readonly images: ImageArray;
  /** [length], values 0 .. classes - 1 */
  readonly labels: LabelArray;
  get(index: number): Sample;
  /** The whole picture of a sample, of any size, where the set has pictures: `get` shows its middle at the size of `image`. */
  picture?(index: number): Picture;
  /** These samples as a set, where images are not in memory. */
  select?(indices: ArrayLike<number>): Dataset;
}

/** What describes a set besides its images and labels. */
export interface DatasetInfo {
  readonly name?: string;
  readonly classes: number;
  readonly classNames?: readonly string[];
  readonly image: ImageShape;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** A dataset over the given arrays (not copied). Refuses lengths that do not fit together and labels out of range. */
export function arrayDataset(images: ImageArray, labels: LabelArray | readonly number[], info: DatasetInfo): Dataset {
  const { name = "arrays", classes, image } = info;
  const { height, width, channels } = image;
  for (const [what, size] of Object.entries({ height, width, channels, classes })) {
    if (!(Number.isInteger(size) && size >= 1)) throw new RangeError(`arrayDataset: ${what} is ${size}, wanted a whole number from 1`);
  }
  const classNames = info.classNames ?? Array.from({ length: classes }, (_, i) => String(i));
  const mean = info.mean ?? new Array<number>(channels).fill(0);
  const std = info.std ?? new Array<number>(channels).fill(1);
  const pixels = height * width * channels;
  if (images.length !== labels.length * pixels) {
    throw new RangeError(
      `arrayDataset: images hold ${images.length} values, wanted ${labels.length * pixels} (${labels.length} labels, ${height}x${width}x${channels} each)`,
    );
  }
  if (classNames.length !== classes) throw new RangeError(`arrayDataset: ${classNames.length} class names, wanted ${classes}`);
  if (mean.length !== channels || std.length !== channels) {
    throw new RangeError(`arrayDataset: mean has ${mean.length} and std ${std.length} values, wanted ${channels} (one a channel)`);
  }
  for (const s of std) if (!(s > 0 && s < Infinity)) throw new RangeError(`arrayDataset: std ${s}, wanted a positive number`);
  for (const m of mean) if (!Number.isFinite(m)) throw new RangeError(`arrayDataset: mean ${m}, wanted a finite number`);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new RangeError(`arrayDataset: label ${label} at index ${i}, wanted 0 to ${classes - 1}`);
    }
  }
  const indices = ArrayBuffer.isView(labels) ? labels : Int32Array.from(labels);
  return {
    name,
    length: labels.length,
    classes,
    classNames,
    image,
    mean,
    std,
    images,
    labels: indices,
    get(index) {
      if (!(Number.isInteger(index) && index >= 0 && index < indices.length)) {
        throw new RangeError(`${name}: index ${index}, wanted 0 to ${indices.length - 1}`);
      }
      return { image: images.subarray(index * pixels, (index + 1) * pixels), label: indices[index] };
    },
  };
}

/**
 * A dataset whose images are drawn when they are first asked for: `draw` writes image `index` to images[at ..]. Who asks for `images`
 * has all of them drawn.
 */
export function drawnDataset(
  labels: LabelArray,
  draw: (index: number, images: Uint8Array, at: number) => void,
  info: DatasetInfo,
): Dataset {
  const pixels = info.image.height * info.image.width * info.image.channels;
  const images = new Uint8Array(labels.length * pixels);
  const drawn = new Uint8Array(labels.length);
  const plain = arrayDataset(images, labels, info);
  const ensure = (index: number): void => {
    if (drawn[index] === 1) return;
    draw(index, images, index * pixels);
    drawn[index] = 1;
  };
  return {
    ...plain,
    get images() {
      for (let index = 0; index < drawn.length; index++) ensure(index);
      return images;
    },
    get(index) {
      const sample = plain.get(index);
      ensure(index);
      return sample;
    },
  };
}

/** The samples `get(0 .. length - 1)` of any source, read once into memory as float images unless every image is bytes. */
export function collectDataset(source: { readonly length: number; get(index: number): Sample }, info: DatasetInfo): Dataset {
  const { length } = source;
  if (!(Number.isInteger(length) && length >= 0)) throw new RangeError(`collectDataset: length ${length}, wanted a whole number from 0`);
  const pixels = info.image.height * info.image.width * info.image.channels;
  const labels = new Array<number>(length);
  let images: ImageArray = new Uint8Array(0);
  for (let i = 0; i < length; i++) {
    const { image, label } = source.get(i);
    if (image.length !== pixels) throw new RangeError(`collectDataset: image ${i} has ${image.length} values, wanted ${pixels}`);
    if (i === 0) images = image instanceof Uint8Array ? new Uint8Array(length * pixels) : new Float32Array(length * pixels);
    if (image instanceof Uint8Array !== images instanceof Uint8Array) {
      throw new TypeError(`collectDataset: image ${i} is a ${image.constructor.name}, image 0 is not, wanted one kind`);
    }
    images.set(image, i * pixels);
    labels[i] = label;
  }
  return arrayDataset(images, labels, info);
}

/** The samples at these indices, copied (pictures: read when asked for), in this order. */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  if (dataset.select) return dataset.select(indices);
  const { height, width, channels } = dataset.image;
  const pixels = height * width * channels;
  const count = indices.length;
  const images = dataset.images instanceof Uint8Array ? new Uint8Array(count * pixels) : new Float32Array(count * pixels);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const { image, label } = dataset.get(indices[i]);
    images.set(image, i * pixels);
    labels[i] = label;
  }
  return arrayDataset(images, labels, dataset);
}

/** Samples from .. to - 1 as a view: nothing is copied. */
export function slice(dataset: Dataset, from: number, to: number): Dataset {
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= dataset.length)) {
    throw new RangeError(`slice: samples ${from} to ${to}, wanted whole numbers within 0 to ${dataset.length}`);
  }
  if (dataset.select) return dataset.select(Array.from({ length: to - from }, (_, i) => from + i));
  const { height, width, channels } = dataset.image;
  const pixels = height * width * channels;
  return arrayDataset(dataset.images.subarray(from * pixels, to * pixels), dataset.labels.subarray(from, to), dataset);
}

/** The first count samples (all, where there are fewer) as a view. */
export function take(dataset: Dataset, count: number): Dataset {
  return slice(dataset, 0, Math.min(count, dataset.length));
}

/** [the first count samples, the rest], both views. */
export function split(dataset: Dataset, count: number): [Dataset, Dataset] {
  return [slice(dataset, 0, count), slice(dataset, count, dataset.length)];
}
