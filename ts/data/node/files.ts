// The standard image sets from a folder: CIFAR-10 and CIFAR-100 in their binary form, MNIST and its kin as idx files, plain or .gz.
// Every size is checked before memory is taken for the data: the file's own size, and a .gz file's claim of what it unpacks to. Files
// are regular ones in the folder named; a link out of it is refused.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  CIFAR10,
  CIFAR100_COARSE,
  CIFAR100_FINE,
  cifarDataset,
  cifarRecords,
  cifarRecordSize,
  readCifarRecords,
  type CifarFormat,
} from "../cifar.ts";
import type { Dataset } from "../dataset.ts";
import { checkFileSize, FormatError } from "../format-error.ts";
import { checkIdxSize, idxHeaderSize, parseIdx, readIdxHeader, type IdxInfo } from "../idx.ts";
import { unpackIdx } from "./gzip.ts";
import { openRegular, readInto } from "./read-file.ts";

/** Bytes of a set's file, or of all files of a part of it, at most. */
const MOST_BYTES = 0x1_0000_0000;

export interface Splits {
  readonly train: Dataset;
  readonly test: Dataset;
}

export interface CifarOptions {
  /** The folder with the .bin files, or the one above it. */
  readonly dir: string;
  /** Accept files with any whole number of records; by default only the published sizes. */
  readonly anySize?: boolean;
}

/** The first of these folders that has any of the files; else an error that says what was looked for and what is there. */
async function findFolder(dir: string, inner: readonly string[], files: readonly string[]): Promise<string> {
  let listing: string[] = [];
  for (const folder of [dir, ...inner.map((name) => join(dir, name))]) {
    const names = await readdir(folder).catch(() => null);
    if (names === null && folder === dir) {
      const found = (await stat(dir).catch(() => null)) === null ? "no such folder" : "this is not a folder that can be read";
      throw new FormatError({ file: dir, offset: -1, found, wanted: `a folder with ${files.join(", ")}` });
    }
    if (names?.some((name) => files.includes(name))) return folder;
    if (folder === dir) listing = names ?? [];
  }
  const shown = listing.sort().slice(0, 8).join(", ") + (listing.length > 8 ? ` and ${listing.length - 8} more` : "");
  const elsewhere = inner.length > 0 ? ` there or in ${inner.join(", ")}` : "";
  throw new FormatError({
    file: dir,
    offset: -1,
    found: listing.length === 0 ? "the folder is empty" : `the folder has ${shown}`,
    wanted: `${files.join(", ")}${elsewhere}`,
  });
}

/** Where a set is looked for: the folder named, in which its files must lie, and the one in it that has them. */
interface Place {
  readonly within: string;
  readonly dir: string;
}

async function fileSize(path: string, { within }: Place, siblings: readonly string[]): Promise<number> {
  const { handle, size } = await openRegular(path, { what: siblings.join(", "), within });
  await handle.close();
  return size;
}

/** Exactly `size` bytes from the beginning of a file into `into`. */
async function readExactly(path: string, { within }: Place, size: number, into: Uint8Array): Promise<Uint8Array> {
  const file = await openRegular(path, { what: `${size} bytes`, within });
  try {
    checkFileSize(path, await readInto(file, into.subarray(0, size)), size, "its size a moment ago");
    return into.subarray(0, size);
  } finally {
    await file.handle.close();
  }
}

function checkTotal(file: string, bytes: number): void {
  if (bytes > MOST_BYTES) throw new FormatError({ file, offset: -1, found: `${bytes} bytes`, wanted: `at most ${MOST_BYTES}` });
}

async function readCifar(
  options: CifarOptions,
  format: CifarFormat,
  folder: string,
  parts: { readonly train: readonly string[]; readonly test: readonly string[] },
  published: { readonly train: number; readonly test: number },
): Promise<Splits> {
  const names = [...parts.train, ...parts.test];
  const dir = await findFolder(options.dir, [folder], names);
  const place = { within: options.dir, dir };
  const counts = new Map<string, number>();
  for (const part of ["train", "test"] as const) {
    for (const name of parts[part]) {
      const path = join(dir, name);
      const wanted = options.anySize ? undefined : published[part];
      counts.set(name, cifarRecords(await fileSize(path, place, names), format, path, wanted));
    }
  }
  const record = cifarRecordSize(format);
  checkTotal(dir, [...counts.values()].reduce((sum, count) => sum + count, 0) * record);
  const buffer = new Uint8Array(Math.max(...counts.values()) * record);
  const read = async (files: readonly string[]): Promise<Dataset> => {
    const total = files.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
    const images = new Uint8Array(total * (record - format.labels.length));
    const labels = new Uint8Array(total);
    let at = 0;
    for (const name of files) {
      const path = join(dir, name);
      const bytes = await readExactly(path, place, (counts.get(name) ?? 0) * record, buffer);
      at += readCifarRecords(bytes, format, path, images, labels, at);
    }
    return cifarDataset(images, labels, format);
  };
  return { train: await read(parts.train), test: await read(parts.test) };
}

/** CIFAR-10 (binary version): data_batch_1..5.bin and test_batch.bin in `dir` or in its folder cifar-10-batches-bin. */
export function readCifar10(options: CifarOptions): Promise<Splits> {
  const train = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  return readCifar(options, CIFAR10, "cifar-10-batches-bin", { train, test: ["test_batch.bin"] }, { train: 10_000, test: 10_000 });
}

/** CIFAR-100 (binary version): train.bin and test.bin in `dir` or in its folder cifar-100-binary; 100 fine or 20 coarse classes. */
export function readCifar100(options: CifarOptions & { readonly labels?: "fine" | "coarse" }): Promise<Splits> {
  const format = options.labels === "coarse" ? CIFAR100_COARSE : CIFAR100_FINE;
  return readCifar(options, format, "cifar-100-binary", { train: ["train.bin"], test: ["test.bin"] }, { train: 50_000, test: 10_000 });
}

export interface MnistOptions extends Omit<IdxInfo, "imageFile" | "labelFile"> {
  /** The folder with the four idx files. */
  readonly dir: string;
}

/** MNIST or any set in its form: {train,t10k}-{images-idx3,labels-idx1}-ubyte, plain or .gz. Constants of MNIST unless given. */
export async function readMnist(options: MnistOptions): Promise<Splits> {
  const stems = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
  const spellings = (stem: string): string[] => {
    const names = [`${stem}-ubyte`, `${stem.replace("-idx", ".idx")}-ubyte`];
    return [...names, ...names.map((name) => `${name}.gz`)];
  };
  const dir = await findFolder(options.dir, ["MNIST/raw"], stems.flatMap(spellings));
  const place = { within: options.dir, dir };
  const present = new Set(await readdir(dir));
  const [trainImages, trainLabels, testImages, testLabels] = stems.map((stem) => {
    const name = spellings(stem).find((spelling) => present.has(spelling));
    return join(dir, name ?? `${stem}-ubyte.gz`);
  });
  const read = async (imageFile: string, labelFile: string): Promise<Dataset> =>
    parseIdx(await readIdxFile(imageFile, place, 3), await readIdxFile(labelFile, place, 1), { ...options, imageFile, labelFile });
  return { train: await read(trainImages, trainLabels), test: await read(testImages, testLabels) };
}

/** The unpacked bytes of an idx file of this rank, its size checked against its header. */
async function readIdxFile(path: string, place: Place, rank: number): Promise<Uint8Array> {
  const size = await fileSize(path, place, ["an idx file"]);
  checkTotal(path, size);
  if (path.endsWith(".gz")) return unpackIdx(await readExactly(path, place, size, new Uint8Array(size)), rank, path);
  const headerBytes = idxHeaderSize(rank);
  const start = await readExactly(path, place, Math.min(size, headerBytes), new Uint8Array(headerBytes));
  checkIdxSize(size, readIdxHeader(start, rank, path), path);
  return readExactly(path, place, size, new Uint8Array(size));
}
