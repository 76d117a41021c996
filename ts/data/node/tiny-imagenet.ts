// Tiny-ImageNet as Stanford's archive unpacks: wnids.txt (200 lines), words.txt, train/<wnid>/images/*.JPEG, val/images/*.JPEG with
// val/val_annotations.txt (file, wnid, box; tabs between). Classes are numbered by wnid in order, as ImageFolder would; the test folder
// has no classes and is not read. Names in files are only compared with names of folders, never made into paths.
import { join } from "node:path";
import type { Dataset } from "../dataset.ts";
import type { Splits } from "./files.ts";
import { listFolder, listPictures, MOST_CLASSES, refuse } from "./picture-folders.ts";
import type { PictureOptions } from "./picture-set.ts";
import { readRegular } from "./read-file.ts";

export interface TinyImagenetOptions extends Omit<PictureOptions, "size"> {
  /** The folder with wnids.txt, or the one above it, which has it in tiny-imagenet-200. */
  readonly dir: string;
  /** Height and width of the images; their own, 64, by default. */
  readonly size?: number;
}

const FOLDER = "tiny-imagenet-200";
const MOST_TEXT = 16 * 2 ** 20;
const MOST_NAME = 60;
const WNID = /^n\d{8}$/;

interface Line {
  readonly text: string;
  /** Of its first byte; texts are ASCII where that is told. */
  readonly offset: number;
}

const readText = (file: string, within: string): Promise<Uint8Array> =>
  readRegular(file, { what: "a text of Tiny-ImageNet", within, most: MOST_TEXT });

function linesOf(bytes: Uint8Array): Line[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const lines: Line[] = [];
  for (let offset = 0; offset < text.length;) {
    const end = text.indexOf("\n", offset);
    const stop = end < 0 ? text.length : end;
    const line = text.slice(offset, stop).replace(/\r$/, "");
    if (line !== "") lines.push({ text: line, offset });
    offset = stop + 1;
  }
  return lines;
}

/** The classes of wnids.txt in order. */
export function parseWnids(bytes: Uint8Array, file: string): string[] {
  const seen = new Set<string>();
  for (const { text, offset } of linesOf(bytes)) {
    if (!WNID.test(text)) refuse(file, JSON.stringify(text), "n and 8 digits", offset);
    if (seen.has(text)) refuse(file, `${text} a second time`, "it once", offset);
    seen.add(text);
  }
  if (seen.size === 0 || seen.size > MOST_CLASSES) refuse(file, `${seen.size} classes`, `1 to ${MOST_CLASSES}`);
  return [...seen].sort();
}

/** The first word for each class, or the wnid where there is none. */
function parseNames(bytes: Uint8Array, wnids: readonly string[]): string[] {
  const words = new Map<string, string>();
  const wanted = new Set(wnids);
  for (const { text } of linesOf(bytes)) {
    const tab = text.indexOf("\t");
    const [wnid, name] = [text.slice(0, tab), text.slice(tab + 1).split(",")[0]];
    if (wanted.has(wnid) && /^[\x20-\x7e]+$/.test(name)) words.set(wnid, name.slice(0, MOST_NAME));
  }
  return wnids.map((wnid) => words.get(wnid) ?? wnid);
}

interface Found {
  readonly files: string[];
  readonly labels: number[];
}

async function findTrain(dir: string, wnids: readonly string[]): Promise<Found> {
  const found: Found = { files: [], labels: [] };
  const { folders } = await listFolder(dir, "a folder for each class");
  const known = new Set(wnids);
  const strange = folders.find((name) => !known.has(name));
  if (strange !== undefined) refuse(join(dir, strange), "a folder of no class in wnids.txt", "folders of classes");
  for (const [label, wnid] of wnids.entries()) {
    const images = join(dir, wnid, "images");
    const names = await listPictures(images);
    if (names.length === 0) refuse(images, "no picture", "at least one .JPEG");
    for (const name of names) {
      found.files.push(join(images, name));
      found.labels.push(label);
    }
  }
  return found;
}

/** The class of each picture by val_annotations.txt, which must name every one of them once and no other. */
export function parseAnnotations(bytes: Uint8Array, file: string, pictures: readonly string[], wnids: readonly string[]): number[] {
  const numbers = new Map(wnids.map((wnid, label) => [wnid, label]));
  const labels = new Map<string, number>(pictures.map((name) => [name, -1]));
  for (const { text, offset } of linesOf(bytes)) {
    const [name, wnid] = text.split("\t", 2);
    const known = labels.get(name);
    if (known === undefined) refuse(file, `picture ${JSON.stringify(name)}`, "one of those in the folder images", offset);
    if (known !== -1) refuse(file, `${name} a second time`, "it once", offset);
    const label = numbers.get(wnid);
    if (label === undefined) return refuse(file, `class ${JSON.stringify(wnid ?? "")}`, "one of wnids.txt", offset);
    labels.set(name, label);
  }
  for (const [name, label] of labels) if (label < 0) refuse(file, `nothing on ${name}`, "a line for each picture");
  return pictures.map((name) => labels.get(name) ?? -1);
}

async function findVal(dir: string, within: string, wnids: readonly string[]): Promise<Found> {
  const images = join(dir, "images");
  const present = await listPictures(images);
  if (present.length === 0) refuse(images, "no picture", "at least one .JPEG");
  const file = join(dir, "val_annotations.txt");
  const labels = parseAnnotations(await readText(file, within), file, present, wnids);
  return { files: present.map((name) => join(images, name)), labels };
}

/** Training and validation pictures. The set's constants are ImageNet's. */
export async function readTinyImagenet(options: TinyImagenetOptions): Promise<Splits> {
  const { dir: within, size = 64 } = options;
  const { folders, files } = await listFolder(within, `a folder with wnids.txt or ${FOLDER}`);
  const inner = !files.includes("wnids.txt") && folders.includes(FOLDER);
  if (!inner && !files.includes("wnids.txt")) refuse(within, "no wnids.txt", `wnids.txt there or in ${FOLDER}`);
  const dir = inner ? join(within, FOLDER) : within;
  const classes = join(dir, "wnids.txt");
  const wnids = parseWnids(await readText(classes, within), classes);
  const classNames = parseNames(await readText(join(dir, "words.txt"), within), wnids);
  const { pictureSet } = await import("./picture-set.ts");
  const about = { name: "tiny-imagenet", within, classNames };
  const set = (found: Found): Dataset => pictureSet({ ...about, ...found }, { ...options, size });
  return { train: set(await findTrain(join(dir, "train"), wnids)), test: set(await findVal(join(dir, "val"), within, wnids)) };
}
