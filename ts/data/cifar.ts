// CIFAR's binary records: one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100), then the red, green and blue planes
// of a 32x32 image. Pure functions on bytes. Format: https://www.cs.toronto.edu/~kriz/cifar.html

import { arrayDataset, type Dataset } from "./dataset.ts";
import { CIFAR100_COARSE_CLASSES, CIFAR100_FINE_CLASSES, CIFAR10_CLASSES } from "./class-names.ts";
import { checkFileSize, FormatError } from "./format-error.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;
const PIXELS = 3 * PLANE;

/** One of the binary formats: how a record begins and which of its label bytes is the class. */
export interface CifarFormat {
  readonly name: string;
  /** Classes of each label byte of a record. */
  readonly labels: readonly number[];
  /** Which label byte is the class. */
  readonly label: number;
  readonly classNames: readonly string[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export const CIFAR10: CifarFormat = {
  name: "cifar10",
  labels: [10],
  label: 0,
  classNames: CIFAR10_CLASSES,
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
};

const CIFAR100 = { labels: [20, 100], mean: [0.5071, 0.4867, 0.4408], std: [0.2675, 0.2565, 0.2761] };
export const CIFAR100_FINE: CifarFormat = { ...CIFAR100, name: "cifar100", label: 1, classNames: CIFAR100_FINE_CLASSES };
export const CIFAR100_COARSE: CifarFormat = { ...CIFAR100, name: "cifar100-coarse", label: 0, classNames: CIFAR100_COARSE_CLASSES };

/** Bytes of one record. */
export function cifarRecordSize(format: CifarFormat): number {
  return format.labels.length + PIXELS;
}

/** The number of records in a file of this many bytes; refuses anything but a whole number (of `wanted` records, if given). */
export function cifarRecords(size: number, format: CifarFormat, file: string, wanted?: number): number {
  const record = cifarRecordSize(format);
  const count = wanted ?? Math.max(1, Math.ceil(size / record));
  checkFileSize(file, size, count * record, `${count} records of ${record} bytes`);
  return count;
}

/** Reads whole records into images (NHWC) and labels, beginning at sample `at`; returns how many. Labels are checked before anything is written. */
export function readCifarRecords(
  bytes: Uint8Array,
  format: CifarFormat,
  file: string,
  images: Uint8Array,
  labels: Uint8Array,
  at: number,
): number {
  const record = cifarRecordSize(format);
  const heads = format.labels.length;
  const count = cifarRecords(bytes.length, format, file);
  for (let i = 0; i < count; i++) {
    for (let head = 0; head < heads; head++) {
      const label = bytes[i * record + head];
      if (label < format.labels[head]) continue;
      const kind = heads === 1 ? "label" : head === 0 ? "coarse label" : "fine label";
      throw new FormatError({
        file,
        offset: i * record + head,
        found: `${kind} ${label} of record ${i}`,
        wanted: `0 to ${format.labels[head] - 1}`,
      });
    }
  }
  for (let i = 0; i < count; i++) {
    labels[at + i] = bytes[i * record + format.label];
    const red = i * record + heads;
    let out = (at + i) * PIXELS;
    for (let pixel = red; pixel < red + PLANE; pixel++, out += 3) {
      images[out] = bytes[pixel];
      images[out + 1] = bytes[pixel + PLANE];
      images[out + 2] = bytes[pixel + 2 * PLANE];
    }
  }
  return count;
}

/** A dataset over images and labels already read. */
export function cifarDataset(images: Uint8Array, labels: Uint8Array, format: CifarFormat): Dataset {
  const { name, classNames, mean, std } = format;
  return arrayDataset(images, labels, {
    name,
    classes: classNames.length,
    classNames,
    image: { height: SIDE, width: SIDE, channels: 3 },
    mean,
    std,
  });
}

/** The dataset in the bytes of one file, e.g. fetched in a browser. */
export function parseCifar(bytes: Uint8Array, options: { readonly format?: CifarFormat; readonly file?: string } = {}): Dataset {
  const { format = CIFAR10, file = format.name } = options;
  const count = cifarRecords(bytes.length, format, file);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  readCifarRecords(bytes, format, file, images, labels, 0);
  return cifarDataset(images, labels, format);
}
