// What the files are that a person gave: a standard set, or pictures in a folder a class. Nothing is read here but names and sizes, so that
// a file that is too large is refused before memory is taken.
import { cifarRecordSize } from "../data/cifar.ts";
import { CIFAR10, CIFAR100_FINE } from "../data/index.ts";
import type { DataSource, GivenFile } from "./given-data.ts";

/** Bytes of one file and of all of them, at most. */
export const MOST_FILE = 512 * 2 ** 20;
export const MOST_ALL = 2 ** 30;

const PICTURE = /\.(png|jpe?g|webp|gif|bmp)$/i;
const IDX = /idx[13]-ubyte(\.gz)?$/i;

export type FileSource = Extract<DataSource, { kind: "files" }>;

/** `2.1 GB`, `537 MB`, `12 kB`. */
export function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${Math.floor(bytes / 1e6)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

/** A path's last part. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function checkSizes(files: readonly GivenFile[]): void {
  let all = 0;
  for (const { path, file } of files) {
    if (file.size > MOST_FILE) throw new Error(`${nameOf(path)}: ${sizeText(file.size)}, wanted at most ${sizeText(MOST_FILE)} a file`);
    all += file.size;
  }
  if (all > MOST_ALL) throw new Error(`${files.length} files: ${sizeText(all)}, wanted at most ${sizeText(MOST_ALL)} in all`);
}

function isCifar({ file }: GivenFile, record: number): boolean {
  return file.size > 0 && file.size % record === 0;
}

/** The folder that a picture lies in: its class. */
export function classOf(path: string): string {
  return path.split("/").at(-2) ?? "";
}

/** Says what files are. Errors: too large, or nothing that can be trained on. */
export function recognize(given: readonly GivenFile[]): FileSource {
  // What systems put into folders by themselves.
  const files = given.filter(({ path }) => !nameOf(path).startsWith(".") && nameOf(path) !== "Thumbs.db");
  checkSizes(files);
  const named = (pattern: RegExp): GivenFile[] => files.filter(({ path }) => pattern.test(nameOf(path)));
  const archive = named(/^cifar-100?-binary\.tar\.gz$/i);
  if (archive.length > 0)
    return { kind: "files", dataset: nameOf(archive[0].path).includes("100") ? "cifar100" : "cifar10", files: [archive[0]] };
  const idx = named(IDX);
  if (idx.length > 0) return { kind: "files", dataset: "mnist", files: idx };
  const records = named(/\.bin$/i);
  const ten = records.filter((each) => isCifar(each, cifarRecordSize(CIFAR10)));
  if (ten.length > 0) return { kind: "files", dataset: "cifar10", files: ten };
  const hundred = records.filter((each) => isCifar(each, cifarRecordSize(CIFAR100_FINE)));
  if (hundred.length > 0) return { kind: "files", dataset: "cifar100", files: hundred };
  const pictures = named(PICTURE);
  const classes = new Set(pictures.map(({ path }) => classOf(path)));
  if (classes.size >= 2 && !classes.has("")) return { kind: "files", dataset: "image-folder", files: pictures };
  const found =
    files
      .slice(0, 3)
      .map(({ path }) => nameOf(path))
      .join(", ") + (files.length > 3 ? ` and ${files.length - 3} more` : "");
  const folders = pictures.length > 0 ? " (a folder a class, at least two of them)" : "";
  throw new Error(
    `${found || "no file"}: nothing to train on, wanted CIFAR's .bin files or archive, MNIST's idx files, or pictures in folders${folders}`,
  );
}
