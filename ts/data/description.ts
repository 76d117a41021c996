// What a checkpoint says of the images that its model was made for, so that it can be used without them. Nothing of it is believed: names
// reach the screen, sizes decide how much memory is taken.
import type { Dataset } from "./dataset.ts";
import { FormatError, shown } from "./format-error.ts";

/** Pixels of a side that a model's input may have, classes, and characters of a name. */
const MOST_SIDE = 8192;
const MOST_CLASSES = 100_000;
const MOST_CHARACTERS = 1000;

/** Images as a model takes them, and what its classes are called. */
export type DataDescription = {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Of each channel, on the scale 0 .. 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
};

export function describeData({ name, classNames, image, mean, std }: Dataset): DataDescription {
  const { height, width, channels } = image;
  return { name, classNames, height, width, channels, mean, std };
}

/** Reads a description back; `file` is for the error. Throws FormatError. */
export function parseDescription(value: unknown, file: string): DataDescription {
  const refuse = (path: string, found: unknown, wanted: string): never => {
    const text = Array.isArray(found) ? "Array" : typeof found === "object" && found !== null ? "Object" : JSON.stringify(found);
    throw new FormatError({ file, offset: -1, found: `data${path} ${text ?? "undefined"}`, wanted });
  };
  const given: Readonly<Record<string, unknown>> =
    typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : refuse("", value, "an object");
  const side = (key: string): number => {
    const size = given[key];
    if (typeof size === "number" && Number.isSafeInteger(size) && size >= 1 && size <= MOST_SIDE) return size;
    return refuse(`.${key}`, size, `a whole number of 1 to ${MOST_SIDE}`);
  };
  /** Text that does nothing to a terminal but show. */
  const line = (path: string, text: unknown): string => {
    if (typeof text === "string" && text.length <= MOST_CHARACTERS && shown(text) === text) return text;
    return refuse(path, text, `text of at most ${MOST_CHARACTERS} characters without control characters`);
  };
  const list = <T>(key: string, each: (path: string, entry: unknown) => T): T[] => {
    const entries = given[key];
    if (!Array.isArray(entries)) return refuse(`.${key}`, entries, "a list");
    if (entries.length < 1 || entries.length > MOST_CLASSES) refuse(`.${key}`, entries.length, `1 to ${MOST_CLASSES} entries`);
    return entries.map((entry, index) => each(`.${key}.${index}`, entry));
  };
  const number = (path: string, entry: unknown): number =>
    typeof entry === "number" && Number.isFinite(entry) ? entry : refuse(path, entry, "a finite number");
  const positive = (path: string, entry: unknown): number =>
    number(path, entry) > 0 ? number(path, entry) : refuse(path, entry, "a number above 0");

  const name = line(".name", given["name"]);
  const classNames = list("classNames", line);
  const [height, width] = [side("height"), side("width")];
  const channels =
    given["channels"] === 1 || given["channels"] === 3 ? given["channels"] : refuse(".channels", given["channels"], "1 or 3");
  const [mean, std] = [list("mean", number), list("std", positive)];
  if (mean.length !== channels || std.length !== channels)
    refuse("", `${mean.length} and ${std.length} numbers`, "a mean and a std for each channel");
  return { name, classNames, height, width, channels, mean, std };
}
