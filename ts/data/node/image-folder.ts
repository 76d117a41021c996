// Pictures in class folders, as torchvision's ImageFolder and timm read them: <dir>/train/<class>/*.jpg and <dir>/val/<class>/*.jpg
// (or test). Classes are numbered by name. Nothing is decoded here,
// and decoders are loaded only with a set.
import { join } from "node:path";
import type { Dataset } from "../dataset.ts";
import type { Splits } from "./files.ts";
import { listFolder, listPictures, MOST_CLASSES, MOST_PICTURES, refuse } from "./picture-folders.ts";
import type { PictureOptions } from "./picture-set.ts";

export interface ImageFolderOptions extends PictureOptions {
  /** The folder with train and val (or test), or one with class folders for readImageClasses. */
  readonly dir: string;
}

interface Found {
  readonly classNames: string[];
  readonly files: string[];
  readonly labels: number[];
}

async function classesIn(dir: string): Promise<string[]> {
  const { folders } = await listFolder(dir, "a folder with a folder for each class");
  if (folders.length === 0) refuse(dir, "no class folders", "a folder for each class");
  if (folders.length > MOST_CLASSES) refuse(dir, `${folders.length} class folders`, `at most ${MOST_CLASSES}`);
  return folders;
}

async function find(dir: string, known: readonly string[] | null): Promise<Found> {
  const folders = await classesIn(dir);
  const classNames = [...(known ?? folders)];
  const numbers = new Map(classNames.map((name, label) => [name, label]));
  const found: Found = { classNames, files: [], labels: [] };
  for (const name of folders) {
    const label = numbers.get(name);
    if (label === undefined)
      return refuse(join(dir, name), `class ${JSON.stringify(name)}, which training does not have`, "the same classes");
    const names = await listPictures(join(dir, name));
    if (names.length === 0) refuse(join(dir, name), "no picture", "at least one .jpg, .jpeg or .png");
    for (const file of names) {
      found.files.push(join(dir, name, file));
      found.labels.push(label);
    }
    if (found.files.length > MOST_PICTURES) refuse(dir, `more than ${MOST_PICTURES} pictures`, "fewer");
  }
  return found;
}

/** One set of class folders. */
export async function readImageClasses(options: ImageFolderOptions): Promise<Dataset> {
  const { dir } = options;
  const found = await find(dir, null);
  const { pictureSet } = await import("./picture-set.ts");
  return pictureSet({ name: "image-folder", within: dir, ...found }, options);
}

/** Both parts of a set: train, and val or test. Classes are those of train. */
export async function readImageFolder(options: ImageFolderOptions): Promise<Splits> {
  const { dir } = options;
  const { folders } = await listFolder(dir, "a folder with train and val");
  const held = ["val", "validation", "test"].find((name) => folders.includes(name));
  if (!folders.includes("train") || held === undefined)
    return refuse(
      dir,
      folders.length === 0 ? "no folders" : `folders ${folders.slice(0, 8).join(", ")}`,
      "train and val (or test), each with a folder for each class",
    );
  const train = await find(join(dir, "train"), null);
  const test = await find(join(dir, held), train.classNames);
  const { pictureSet } = await import("./picture-set.ts");
  const about = { name: "image-folder", within: dir };
  return { train: pictureSet({ ...about, ...train }, options), test: pictureSet({ ...about, ...test }, options) };
}
