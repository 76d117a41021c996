// The files that standard sets come in, by their names: which file is what, and which are missing.
import { CIFAR10, CIFAR100_FINE } from "../data/index.ts";
import type { DataSource } from "./given-data.ts";

export type FileSource = Extract<DataSource, { kind: "files" }>;

/** CIFAR as its site has it: what is in its archives, in bytes. */
export const CIFARS = {
  cifar10: {
    format: CIFAR10,
    folder: "cifar-10-batches-bin",
    sizes: new Map<string, number>(
      [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), "test_batch.bin"].map((name) => [name, 30_730_000]),
    ),
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

const ARCHIVE = /^cifar-(100?)-binary\.tar(\.gz)?$/i;
const IDX = /idx[13]-ubyte(\.gz)?$/i;

/** A path's last part. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A file's name without the number that browsers give to a second copy, `train.bin` for `train (1).bin`. */
export function givenName(path: string): string {
  return nameOf(path).replace(/ ?\(\d+\)(?=\.|$)/, "");
}

/** Which set's published archive a file is by its name, packed or a plain .tar. */
export function archiveOf(path: string): "cifar10" | "cifar100" | null {
  const match = ARCHIVE.exec(givenName(path));
  if (!match) return null;
  return match[1] === "100" ? "cifar100" : "cifar10";
}

/** Whether a name is that of an idx file. */
export function isIdx(path: string): boolean {
  return IDX.test(givenName(path));
}

/** Which of MNIST's four files this is, by its plain name; null where the name does not say. */
export function idxRole(path: string): string | null {
  const name = givenName(path);
  const part = /^train/i.test(name) ? "train" : /^(t10k|test)/i.test(name) ? "t10k" : null;
  const what = /images/i.test(name) ? "images-idx3" : /labels/i.test(name) ? "labels-idx1" : null;
  return isIdx(path) && part !== null && what !== null ? `${part}-${what}-ubyte` : null;
}

/** Whether images of a file of records are for judging. */
export function isTestFile(path: string): boolean {
  return /^test/i.test(nameOf(path));
}

export interface Missing {
  /** There is nothing to train on without these. */
  readonly needed: readonly string[];
  /** It goes without these. */
  readonly others: readonly string[];
  /** Nothing is there to judge by, so that images are held out. */
  readonly holdsOut: boolean;
}

const roleOf = (dataset: FileSource["dataset"], path: string): string | null =>
  dataset === "mnist" ? idxRole(path) : givenName(path).toLowerCase();

const MNIST_PAIRS = ["train", "t10k"].map((part) => [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`] as const);

/** What is missing of a standard set. Files of records that have names of their own are a set as they are. */
export function missingOf({ dataset, files }: FileSource): Missing {
  const roles = new Set(files.map(({ path }) => roleOf(dataset, path)));
  const absent = (names: Iterable<string>): string[] => [...names].filter((name) => !roles.has(name));
  if (dataset === "mnist") {
    const gaps = MNIST_PAIRS.map(absent);
    const needed = gaps.filter(({ length }) => length === 1).flat();
    return { needed, others: gaps.filter(({ length }) => length === 2).flat(), holdsOut: gaps.some(({ length }) => length === 2) };
  }
  const none = { needed: [], others: [], holdsOut: false };
  if (dataset === "image-folder" || files.some(({ path }) => archiveOf(path))) return none;
  const { sizes } = CIFARS[dataset];
  const test = files.filter(({ path }) => isTestFile(path)).length;
  const holdsOut = test === 0 || test === files.length;
  return { ...none, holdsOut, others: files.some(({ path }) => sizes.has(givenName(path).toLowerCase())) ? absent(sizes.keys()) : [] };
}

/** Whether all these files are among what is missing of a set, so that they are more of it and no other one. */
export function isMoreOf(source: FileSource, { dataset, files }: FileSource): boolean {
  const { needed, others } = missingOf(source);
  const missing = new Set<string | null>([...needed, ...others]);
  return dataset === source.dataset && files.every(({ path }) => missing.has(roleOf(dataset, path)));
}
