// Data sets from files that a person gave to the page, by the readers that the command line has. Where a set has no part to judge by, every
// sixth image is held out.
import { cifarDataset, cifarRecords, readCifarRecords } from "../data/cifar.ts";
import { FormatError, parseIdx, subset, type CifarFormat, type Dataset } from "../data/index.ts";
import { readTar } from "../data/tar.ts";
import type { TrainSettings } from "../cli/settings/settings.ts";
import type { GivenFile, Splits } from "./given-data.ts";
import { readPictures } from "./pictures.ts";
import { MOST_ALL } from "./recognize.ts";
import { archiveOf, CIFARS, idxRole, isTestFile, nameOf, type FileSource } from "./standard-sets.ts";
import { idxBytes, unpacked, wholeFile } from "./unpack.ts";

/** One image of so many is held out. */
const HELD_OUT = 6;

/** A set in two, where it came in one. */
export function heldOut(all: Dataset): Splits {
  const indices = Array.from({ length: all.length }, (_, i) => i);
  return {
    train: subset(
      all,
      indices.filter((i) => i % HELD_OUT !== HELD_OUT - 1),
    ),
    test: subset(
      all,
      indices.filter((i) => i % HELD_OUT === HELD_OUT - 1),
    ),
  };
}

/** Records of several files as one set, put in a file at a time: nothing but the file at hand is in memory twice. */
class Records {
  private readonly format: CifarFormat;
  private readonly images: Uint8Array;
  private readonly labels: Uint8Array;
  private readonly places: number[] = [];

  /** Files by name and bytes, in the order of the set. */
  constructor(files: readonly (readonly [name: string, bytes: number])[], format: CifarFormat) {
    let total = 0;
    for (const [name, bytes] of files) {
      this.places.push(total);
      total += cifarRecords(bytes, format, name);
    }
    this.format = format;
    this.images = new Uint8Array(total * 3072);
    this.labels = new Uint8Array(total);
  }

  put(index: number, name: string, bytes: Uint8Array): void {
    readCifarRecords(bytes, this.format, name, this.images, this.labels, this.places[index]);
  }

  dataset(): Dataset {
    return cifarDataset(this.images, this.labels, this.format);
  }
}

async function readArchive(given: GivenFile, { format, folder, sizes }: (typeof CIFARS)[keyof typeof CIFARS]): Promise<Splits> {
  const file = nameOf(given.path);
  const part = (isTest: boolean) => {
    const files = [...sizes].filter(([name]) => isTestFile(name) === isTest);
    return { names: files.map(([name]) => name), records: new Records(files, format) };
  };
  const [train, test] = [part(false), part(true)];
  const buffer = new Uint8Array(Math.max(...sizes.values()));
  for await (const { name, size, at, bytes } of readTar(unpacked(given, MOST_ALL), { file, folder, files: sizes })) {
    buffer.set(bytes, at);
    if (at + bytes.length < size) continue;
    const { names, records } = isTestFile(name) ? test : train;
    records.put(names.indexOf(name), `${name} in ${file}`, buffer.subarray(0, size));
  }
  return { train: train.records.dataset(), test: test.records.dataset() };
}

async function readLoose(files: readonly GivenFile[], format: CifarFormat): Promise<Dataset> {
  const records = new Records(
    files.map(({ path, file }) => [nameOf(path), file.size]),
    format,
  );
  for (const [index, given] of files.entries()) records.put(index, nameOf(given.path), await wholeFile(given));
  return records.dataset();
}

async function readCifar(files: readonly GivenFile[], known: (typeof CIFARS)[keyof typeof CIFARS]): Promise<Splits> {
  if (archiveOf(files[0].path)) return readArchive(files[0], known);
  // As the command line orders them: by name.
  const sorted = [...files].sort((a, b) => (nameOf(a.path) < nameOf(b.path) ? -1 : 1));
  const test = sorted.filter(({ path }) => isTestFile(path));
  const train = sorted.filter(({ path }) => !isTestFile(path));
  if (test.length === 0 || train.length === 0) return heldOut(await readLoose(sorted, known.format));
  return { train: await readLoose(train, known.format), test: await readLoose(test, known.format) };
}

async function readMnist(files: readonly GivenFile[]): Promise<Splits> {
  const read = async (part: string): Promise<Dataset | null> => {
    const [images, labels] = ["images-idx3", "labels-idx1"].map((what) =>
      files.find(({ path }) => idxRole(path) === `${part}-${what}-ubyte`),
    );
    if (!images && !labels) return null;
    if (!images || !labels) {
      const found = nameOf((images ?? labels)?.path ?? "");
      throw new FormatError({ file: found, offset: -1, found: "one file of two", wanted: "images and labels, both" });
    }
    const bytes = [await idxBytes(images, 3, MOST_ALL), await idxBytes(labels, 1, MOST_ALL)] as const;
    return parseIdx(...bytes, { imageFile: nameOf(images.path), labelFile: nameOf(labels.path) });
  };
  const [train, test] = [await read("train"), await read("t10k")];
  if (train && test) return { train, test };
  const only = train ?? test;
  if (only) return heldOut(only);
  throw new FormatError({ file: nameOf(files[0].path), offset: -1, found: "neither train nor t10k in its name", wanted: "MNIST's names" });
}

/** Both parts of a set. Throws FormatError. */
export async function readFiles({ dataset, files }: FileSource, { imgSize }: TrainSettings): Promise<Splits> {
  if (dataset === "mnist") return readMnist(files);
  if (dataset === "image-folder") return readPictures(files, imgSize ?? 32);
  return readCifar(files, CIFARS[dataset]);
}
