// Pictures in folders, one a class, as a data set: decoded by the browser and cut to one size. Another browser may decode a JPEG to other
// bytes, so that equal bits are promised for PNG alone.
import { arrayDataset, FormatError, type Dataset } from "../data/index.ts";
import { fitted } from "../data/picture.ts";
import type { GivenFile, Splits } from "./given-data.ts";
import { classOf } from "./recognize.ts";
import { nameOf } from "./standard-sets.ts";

/** Pixels of a picture, at most. */
const MOST_PIXELS = 2 ** 26;
/** One picture of so many of a class is held out, where the folders do not say which. */
const HELD_OUT = 6;

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

async function decode({ path, file }: GivenFile, size: number): Promise<Uint8Array> {
  const refuse = (found: string, wanted: string): never => {
    throw new FormatError({ file: nameOf(path), offset: -1, found, wanted });
  };
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch(() =>
    refuse("no picture", "one that the browser shows"),
  );
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) refuse(`${width}x${height} pixels`, `at most ${MOST_PIXELS} pixels`);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null) return refuse("no canvas to decode it", "one");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    pixels[to] = data[from];
    pixels[to + 1] = data[from + 1];
    pixels[to + 2] = data[from + 2];
  }
  return fitted({ width, height, pixels }, { width: size, height: size, share: 1 });
}

const isTest = (path: string): boolean => /(^|\/)(test|val|valid|validation)\//i.test(path);

/** Both parts of a set of pictures, `size` pixels a side. Throws FormatError. */
export async function readPictures(files: readonly GivenFile[], size: number): Promise<Splits> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const classNames = [...new Set(sorted.map(({ path }) => classOf(path)))].sort();
  const says = sorted.some(({ path }) => isTest(path)) && !sorted.every(({ path }) => isTest(path));
  const seen = classNames.map(() => 0);
  const parts: { train: GivenFile[]; test: GivenFile[] } = { train: [], test: [] };
  for (const each of sorted) {
    const held = says ? isTest(each.path) : seen[classNames.indexOf(classOf(each.path))]++ % HELD_OUT === HELD_OUT - 1;
    parts[held ? "test" : "train"].push(each);
  }
  const read = async (part: readonly GivenFile[]): Promise<Dataset> => {
    const images = new Uint8Array(part.length * 3 * size * size);
    for (const [at, each] of part.entries()) images.set(await decode(each, size), at * 3 * size * size);
    const labels = Uint16Array.from(part, ({ path }) => classNames.indexOf(classOf(path)));
    const info = { name: "pictures", classes: classNames.length, classNames, image: { height: size, width: size, channels: 3 } };
    return arrayDataset(images, labels, { ...info, mean: MEAN, std: STD });
  };
  if (parts.test.length === 0) {
    const few = `${sorted.length} pictures of ${classNames.length} classes`;
    throw new FormatError({
      file: classNames.join(", "),
      offset: -1,
      found: few,
      wanted: `at least ${HELD_OUT} of a class, to hold one out`,
    });
  }
  return { train: await read(parts.train), test: await read(parts.test) };
}
