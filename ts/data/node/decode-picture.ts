// Pictures from files: PNG and JPEG of at most 64 megapixels to 8-bit RGB, checked before anything is unpacked. Gray becomes three equal
// channels, 16 bits are rounded to 8, transparent pixels are laid over white, JPEGs are turned as EXIF says; JPEGs of four components
// (CMYK) are refused.
import { FormatError } from "../format-error.ts";
import type { Picture } from "../picture.ts";
import { decodeJpeg } from "./jpeg-decode.ts";
import { decodePng, PNG_SIGNATURE, type Fail } from "./png-decode.ts";
import { readRegular } from "./read-file.ts";

export const MOST_PIXELS = 64_000_000;
/** Bytes of a file at most. */
export const MOST_BYTES = 256 * 2 ** 20;

function sizeCheck(fail: Fail): (width: number, height: number, offset: number) => void {
  return (width, height, offset) => {
    if (width < 1 || height < 1) fail(offset, `${width}x${height} pixels`, "at least 1x1");
    if (width * height > MOST_PIXELS) fail(offset, `${width}x${height} pixels`, `at most ${MOST_PIXELS / 1e6} megapixels`);
  };
}

function overWhite(rgba: ArrayLike<number>, count: number): Uint8Array {
  const pixels = new Uint8Array(3 * count);
  for (let pixel = 0; pixel < count; pixel++) {
    const alpha = rgba[4 * pixel + 3];
    for (let c = 0; c < 3; c++) pixels[3 * pixel + c] = Math.floor((alpha * rgba[4 * pixel + c] + (255 - alpha) * 255) / 255 + 0.5);
  }
  return pixels;
}

/** The picture in a file. Throws FormatError. */
export async function readPicture(file: string): Promise<Picture> {
  return decodePicture(await readRegular(file, { what: "a picture", most: MOST_BYTES }), file);
}

/** Decodes a PNG or JPEG. Throws FormatError. */
export function decodePicture(bytes: Uint8Array, file: string): Picture {
  const fail: Fail = (offset, found, wanted) => {
    throw new FormatError({ file, offset, found, wanted });
  };
  if (bytes.length > MOST_BYTES) fail(-1, `${bytes.length} bytes`, `at most ${MOST_BYTES}`);
  if (bytes.length > 8 && PNG_SIGNATURE.every((byte, at) => bytes[at] === byte)) {
    const { width, height, pixels } = decodePng(bytes, sizeCheck(fail), fail);
    return { width, height, pixels: overWhite(pixels, width * height) };
  }
  if (bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return decodeJpeg(bytes, sizeCheck(fail), fail);
  return fail(0, "neither PNG nor JPEG", "a picture in one of the two");
}
