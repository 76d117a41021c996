// Data sets from files that a person gave to the page, by the readers that the command line has. Where a set has no part to judge by, every
// sixth image is held out.
import { cifarDataset, cifarRecords, readCifarRecords } from "../data/cifar.ts";
import { CIFAR10, CIFAR100_FINE, FormatError, parseIdx, subset, type CifarFormat, type Dataset } from "../data/index.ts";
import { readTar } from "../data/tar.ts";
import type { TrainSettings } from "../cli/settings/settings.ts";
import type { GivenFile, Splits } from "./given-data.ts";
import { readPictures } from "./pictures.ts";
import { MOST_ALL, nameOf, type FileSource } from "./recognize.ts";
import { bytesOf, unpacked } from "./unpack.ts";

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

const CIFARS = {
  cifar10: {
    format: CIFAR10,
    folder: "cifar-10-batches-bin",
    sizes: new Map([...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), "test_batch.bin"].map((name) => [name, 30_730_000])),
  },
  cifar100: {
    format: CIFAR100_FINE,
    folder: "cifar-100-binary",
    sizes: new Map([
      ["train.bin", 153_700_000],
      ["test.bin", 30_740_000],
    ]),
  },
} as const;

interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function unpackArchive({ path, file }: GivenFile, { folder, sizes }: (typeof CIFARS)["cifar10" | "cifar100"]): Promise<NamedBytes[]> {
  const name = nameOf(path);
  const found = new Map<string, Uint8Array>();
  for await (const piece of readTar(unpacked(file, name, MOST_ALL), { file: name, folder, files: sizes })) {
    const bytes = found.get(piece.name) ?? new Uint8Array(piece.size);
    bytes.set(piece.bytes, piece.at);
    found.set(piece.name, bytes);
  }
  return [...sizes.keys()].map((each) => ({ name: each, bytes: found.get(each) ?? new Uint8Array(0) }));
}

function readRecords(files: readonly NamedBytes[], format: CifarFormat): Dataset {
  const counts = files.map(({ name, bytes }) => cifarRecords(bytes.length, format, name));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const images = new Uint8Array(total * 3072);
  const labels = new Uint8Array(total);
  let at = 0;
  for (const { name, bytes } of files) at += readCifarRecords(bytes, format, name, images, labels, at);
  return cifarDataset(images, labels, format);
}

async function readCifar(files: readonly GivenFile[], kind: keyof typeof CIFARS): Promise<Splits> {
  const known = CIFARS[kind];
  const isArchive = /\.tar\.gz$/i.test(files[0].path);
  const read = async ({ path, file }: GivenFile): Promise<NamedBytes> => ({
    name: nameOf(path),
    bytes: await bytesOf(file, path, MOST_ALL),
  });
  const named = isArchive ? await unpackArchive(files[0], known) : await Promise.all(files.map(read));
  // As the command line orders them: by name.
  const sorted = [...named].sort((a, b) => (a.name < b.name ? -1 : 1));
  const test = sorted.filter(({ name }) => /^test/i.test(name));
  const train = sorted.filter(({ name }) => !/^test/i.test(name));
  if (test.length === 0) return heldOut(readRecords(train, known.format));
  if (train.length === 0) return heldOut(readRecords(test, known.format));
  return { train: readRecords(train, known.format), test: readRecords(test, known.format) };
}

async function readMnist(files: readonly GivenFile[]): Promise<Splits> {
  const find = (part: RegExp, what: RegExp): GivenFile | undefined =>
    files.find(({ path }) => part.test(nameOf(path)) && what.test(nameOf(path)));
  const read = async (part: RegExp): Promise<Dataset | null> => {
    const [images, labels] = [find(part, /images/i), find(part, /labels/i)];
    if (!images && !labels) return null;
    if (!images || !labels) {
      const found = nameOf((images ?? labels)?.path ?? "");
      throw new FormatError({ file: found, offset: -1, found: "one file of two", wanted: "images and labels, both" });
    }
    const [imageFile, labelFile] = [nameOf(images.path), nameOf(labels.path)];
    const bytes = await Promise.all([bytesOf(images.file, imageFile, MOST_ALL), bytesOf(labels.file, labelFile, MOST_ALL)]);
    return parseIdx(bytes[0], bytes[1], { imageFile, labelFile });
  };
  const [train, test] = [await read(/^train/i), await read(/^(t10k|test)/i)];
  if (train && test) return { train, test };
  const only = train ?? test;
  if (only) return heldOut(only);
  throw new FormatError({ file: nameOf(files[0].path), offset: -1, found: "neither train nor t10k in its name", wanted: "MNIST's names" });
}

/** Both parts of a set. Throws FormatError. */
export async function readFiles({ dataset, files }: FileSource, { imgSize }: TrainSettings): Promise<Splits> {
  if (dataset === "mnist") return readMnist(files);
  if (dataset === "image-folder") return readPictures(files, imgSize ?? 32);
  return readCifar(files, dataset);
}
