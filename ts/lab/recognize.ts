// What the files are that a person gave: a standard set, or pictures in a folder a class. Nothing is read here but names and sizes, so that
// a file that is too large is refused before memory is taken.
import { cifarRecordSize } from "../data/cifar.ts";
import type { DataSource, GivenFile } from "./given-data.ts";
import { archiveOf, CIFARS, givenName, idxRole, isIdx, isMoreOf, nameOf, type FileSource } from "./standard-sets.ts";

/** Bytes of one file and of all of them, at most. */
export const MOST_FILE = 512 * 2 ** 20;
export const MOST_ALL = 2 ** 30;

const PICTURE = /\.(png|jpe?g|webp|gif|bmp)$/i;
/** CIFAR in the forms that only Python and Matlab read, packed or as a folder. */
const OTHER_CIFAR = /(?:^|\/)cifar-(100?)-(?:batches-)?(?:py|python|mat|matlab)(?=[/.]|$)/i;

/** `2.1 GB`, `537 MB`, `12 kB`. */
export function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${Math.floor(bytes / 1e6)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

function checkSizes(files: readonly GivenFile[]): void {
  let all = 0;
  for (const { path, file } of files) {
    if (file.size > MOST_FILE) throw new Error(`${nameOf(path)}: ${sizeText(file.size)}, wanted at most ${sizeText(MOST_FILE)} a file`);
    all += file.size;
  }
  if (all > MOST_ALL) throw new Error(`${files.length} files: ${sizeText(all)}, wanted at most ${sizeText(MOST_ALL)} in all`);
}

/** The files that hold whole records. Errors: one that is CIFAR's by its name and does not. */
function recordsOf(files: readonly GivenFile[], dataset: keyof typeof CIFARS): GivenFile[] {
  const { format, sizes } = CIFARS[dataset];
  const record = cifarRecordSize(format);
  const whole = files.filter(({ file }) => file.size > 0 && file.size % record === 0);
  const broken = files.find((each) => !whole.includes(each) && sizes.has(givenName(each.path).toLowerCase()));
  if (broken) throw new Error(`${nameOf(broken.path)}: ${broken.file.size} bytes, wanted a whole number of records of ${record} bytes`);
  return whole;
}

/** The folder that a picture lies in: its class. */
export function classOf(path: string): string {
  return path.split("/").at(-2) ?? "";
}

function refuse(files: readonly GivenFile[], pictures: number): never {
  const other = files.map(({ path }) => OTHER_CIFAR.exec(path)).find((match) => match !== null);
  if (other)
    throw new Error(
      `${other[0].replace("/", "")}: a form that is for Python or Matlab, wanted the binary one, cifar-${other[1]}-binary.tar.gz`,
    );
  const named = files.slice(0, 3).map(({ path }) => nameOf(path));
  const found = named.join(", ") + (files.length > 3 ? ` and ${files.length - 3} more` : "");
  const folders = pictures > 0 ? " (a folder a class, at least two of them)" : "";
  throw new Error(
    `${found || "no file"}: nothing to train on, wanted CIFAR's .bin files or archive, MNIST's idx files, or pictures in folders${folders}`,
  );
}

/** Says what files are. Errors: too large, or nothing that can be trained on. */
export function recognize(given: readonly GivenFile[]): FileSource {
  // What systems put into folders by themselves.
  const files = given.filter(({ path }) => !nameOf(path).startsWith(".") && nameOf(path) !== "Thumbs.db");
  checkSizes(files);
  for (const each of files) {
    const dataset = archiveOf(each.path);
    if (dataset) return { kind: "files", dataset, files: [each] };
  }
  const idx = files.filter(({ path }) => isIdx(path));
  const known = idx.filter(({ path }) => idxRole(path) !== null);
  if (known.length > 0) return { kind: "files", dataset: "mnist", files: known };
  if (idx.length > 0)
    throw new Error(
      `${nameOf(idx[0].path)}: an idx file of another name, wanted names that begin as MNIST's do, train-images or t10k-images`,
    );
  const records = files.filter(({ path }) => /\.bin$/i.test(path));
  for (const dataset of ["cifar10", "cifar100"] as const) {
    const whole = recordsOf(records, dataset);
    if (whole.length > 0) return { kind: "files", dataset, files: whole };
  }
  const pictures = files.filter(({ path }) => PICTURE.test(path));
  const classes = new Set(pictures.map(({ path }) => classOf(path)));
  if (classes.size >= 2 && !classes.has("")) return { kind: "files", dataset: "image-folder", files: pictures };
  return refuse(files, pictures.length);
}

/** As recognize(), of files that came after others: what was missing of a set is added to it, anything else takes its place. */
export function recognizeMore(before: DataSource, given: readonly GivenFile[]): FileSource {
  const found = recognize(given);
  if (before.kind !== "files" || !isMoreOf(before, found)) return found;
  return recognize([...before.files, ...found.files]);
}
