// A data set whose pictures stay in their files: one is read and decoded when it is asked for. What was decoded is kept until a bounded
// room is full, and then no longer: an order that is new each epoch asks for every picture equally often.
import type { Dataset } from "../dataset.ts";
import type { ImageShape } from "../image-shape.ts";
import { fitted, type Fit, type Picture } from "../picture.ts";
import { decodePicture, MOST_BYTES } from "./decode-picture.ts";
import { readRegularSync } from "./read-file.ts";

/** Constants of ImageNet. */
export const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** Bytes of decoded pictures that are kept unless told otherwise, and of all images that `images` may gather. */
const ROOM = 256 * 2 ** 20;
const MOST_GATHERED = 2 ** 30;

export interface PictureOptions {
  /** Height and width of the set's images. */
  readonly size: number;
  /** Share of a picture's shorter side that evaluation sees (crop_pct); 1 by default. */
  readonly share?: number;
  /** Bytes of decoded pictures to keep; 256 MiB by default. Changes no bit. */
  readonly room?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

export interface PictureFiles {
  readonly name: string;
  /** The folder that all files must lie in. */
  readonly within: string;
  readonly files: readonly string[];
  readonly labels: readonly number[];
  readonly classNames: readonly string[];
}

/** Kept pictures of a set and of every part of it, by file. */
class Store {
  readonly #kept = new Map<string, Picture>();
  readonly #within: string;
  #room: number;

  constructor(within: string, room: number) {
    this.#within = within;
    this.#room = room;
  }

  read(file: string): Picture {
    const known = this.#kept.get(file);
    if (known) return known;
    const bytes = readRegularSync(file, { what: "a picture", within: this.#within, most: MOST_BYTES });
    const picture = decodePicture(bytes, file);
    if (picture.pixels.length <= this.#room) {
      this.#room -= picture.pixels.length;
      this.#kept.set(file, picture);
    }
    return picture;
  }
}

function over(store: Store, { name, files, labels, classNames, ...rest }: PictureFiles, fit: Fit, options: PictureOptions): Dataset {
  const { mean = IMAGENET.mean, std = IMAGENET.std } = options;
  const image: ImageShape = { height: fit.height, width: fit.width, channels: 3 };
  const values = 3 * fit.height * fit.width;
  const check = (index: number): void => {
    if (!(Number.isInteger(index) && index >= 0 && index < files.length))
      throw new RangeError(`${name}: index ${index}, wanted 0 to ${files.length - 1}`);
  };
  const picture = (index: number): Picture => {
    check(index);
    return store.read(files[index]);
  };
  const get = (index: number): { image: Uint8Array; label: number } => ({ image: fitted(picture(index), fit), label: labels[index] });
  const images = (): Uint8Array => {
    if (files.length * values > MOST_GATHERED)
      throw new RangeError(`${name}: ${files.length} images at once, wanted at most ${Math.floor(MOST_GATHERED / values)}; get(i) has one`);
    const all = new Uint8Array(files.length * values);
    for (let index = 0; index < files.length; index++) all.set(get(index).image, index * values);
    return all;
  };
  const set = {
    name,
    length: files.length,
    classes: classNames.length,
    classNames,
    image,
    mean,
    std,
    labels: Int32Array.from(labels),
    picture,
    get,
    select(indices: ArrayLike<number>): Dataset {
      const chosen = Array.from(indices);
      chosen.forEach(check);
      const part = { files: chosen.map((index) => files[index]), labels: chosen.map((index) => labels[index]) };
      return over(store, { name, classNames, ...rest, ...part }, fit, options);
    },
  };
  // Copies of the set with other constants ({ ...set, mean }) do not gather all images.
  return Object.defineProperty(set, "images", { get: images, enumerable: false }) as Dataset;
}

function checkOptions({ size, share = 1, room = ROOM, mean = IMAGENET.mean, std = IMAGENET.std }: PictureOptions): void {
  if (!(Number.isInteger(size) && size >= 1 && size <= 4096))
    throw new RangeError(`pictures: size ${size}, wanted a whole number from 1 to 4096`);
  if (!(share > 0 && share <= 1)) throw new RangeError(`pictures: share ${share}, wanted above 0 and at most 1`);
  if (!(room >= 0)) throw new RangeError(`pictures: room for ${room} bytes, wanted 0 or more`);
  if (mean.length !== 3 || std.length !== 3 || !std.every((s) => s > 0))
    throw new RangeError(`pictures: mean ${mean.join(" ")} and std ${std.join(" ")}, wanted 3 numbers each, std above 0`);
}

/** A set over files that were found; none is opened yet. */
export function pictureSet(files: PictureFiles, options: PictureOptions): Dataset {
  checkOptions(options);
  const { size, share = 1, room = ROOM } = options;
  return over(new Store(files.within, room), files, { height: size, width: size, share }, options);
}
