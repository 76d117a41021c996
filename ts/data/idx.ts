// The idx format of MNIST and its kin: two zero bytes, a type, the rank, big-endian sizes, then the values. Pure functions on bytes.
// Only unsigned bytes (type 8): images of rank 3 [n, height, width] and labels of rank 1 [n]. Described at yann.lecun.com/exdb/mnist.

import { arrayDataset, type Dataset } from "./dataset.ts";
import { DIGIT_CLASSES } from "./class-names.ts";
import { checkFileSize, FormatError } from "./format-error.ts";

export const MNIST_MEAN = 0.1307;
export const MNIST_STD = 0.3081;

export interface IdxHeader {
  readonly sizes: readonly number[];
  /** Bytes of the header, and of the whole file. */
  readonly headerBytes: number;
  readonly fileBytes: number;
}

/** Bytes of a header of this rank. */
export function idxHeaderSize(rank: number): number {
  return 4 + 4 * rank;
}

/** Reads a header of the given rank from the first bytes of a file. */
export function readIdxHeader(bytes: Uint8Array, rank: number, file: string): IdxHeader {
  const headerBytes = idxHeaderSize(rank);
  if (bytes.length < headerBytes) {
    throw new FormatError({ file, offset: 0, found: `${bytes.length} bytes`, wanted: `an idx header of ${headerBytes} bytes` });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic !== 0x800 + rank) {
    throw new FormatError({
      file,
      offset: 0,
      found: `magic number ${hex(magic)}`,
      wanted: `${hex(0x800 + rank)} (idx bytes, rank ${rank})`,
    });
  }
  const sizes = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const fileBytes = sizes.reduce((product, size) => product * size, 1) + headerBytes;
  if (!Number.isSafeInteger(fileBytes) || sizes.some((size) => size === 0)) {
    throw new FormatError({ file, offset: 4, found: `sizes ${sizes.join(" x ")}`, wanted: "sizes from 1 whose product is below 2^53" });
  }
  return { sizes, headerBytes, fileBytes };
}

/** Refuses a file whose size is not what its header says. */
export function checkIdxSize(size: number, header: IdxHeader, file: string): void {
  checkFileSize(file, size, header.fileBytes, `header ${header.headerBytes}, data ${header.sizes.join(" x ")}`);
}

/** DEFLATE cannot pack more than 1032 bytes into one: a file that claims more lies. */
export const LARGEST_RATIO = 1032;

/** Refuses a packed file whose header promises more than so many packed bytes can hold, or more than `most`, before memory is taken. */
export function checkIdxClaim({ sizes, fileBytes }: IdxHeader, packedBytes: number, most: number, file: string): void {
  const refuse = (wanted: string): never => {
    throw new FormatError({ file, offset: 4, found: `sizes ${sizes.join(" x ")}`, wanted });
  };
  const possible = packedBytes * LARGEST_RATIO;
  if (fileBytes > possible) refuse(`at most ${possible} bytes, what ${packedBytes} packed bytes can hold`);
  if (fileBytes > most) refuse(`at most ${most} bytes`);
}

export interface IdxInfo {
  readonly name?: string;
  readonly classes?: number;
  readonly classNames?: readonly string[];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly imageFile?: string;
  readonly labelFile?: string;
}

/** The dataset in an image file and its label file, both unpacked. Views the images' bytes; MNIST's constants are the defaults. */
export function parseIdx(images: Uint8Array, labels: Uint8Array, info: IdxInfo = {}): Dataset {
  const { name = "mnist", classes = 10, mean = [MNIST_MEAN], std = [MNIST_STD], imageFile = "images", labelFile = "labels" } = info;
  const classNames = info.classNames ?? (classes === 10 ? DIGIT_CLASSES : undefined);
  const imageHeader = readIdxHeader(images, 3, imageFile);
  checkIdxSize(images.length, imageHeader, imageFile);
  const labelHeader = readIdxHeader(labels, 1, labelFile);
  checkIdxSize(labels.length, labelHeader, labelFile);
  const [count, height, width] = imageHeader.sizes;
  if (labelHeader.sizes[0] !== count) {
    throw new FormatError({
      file: labelFile,
      offset: 4,
      found: `${labelHeader.sizes[0]} labels`,
      wanted: `${count}, one for each image of ${imageFile}`,
    });
  }
  for (let i = labelHeader.headerBytes; i < labels.length; i++) {
    if (labels[i] >= classes) {
      throw new FormatError({ file: labelFile, offset: i, found: `label ${labels[i]}`, wanted: `0 to ${classes - 1}` });
    }
  }
  return arrayDataset(images.subarray(imageHeader.headerBytes), labels.subarray(labelHeader.headerBytes), {
    name,
    classes,
    ...(classNames && { classNames }),
    image: { height, width, channels: 1 },
    mean,
    std,
  });
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
