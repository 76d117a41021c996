// Pictures from files: PNG and JPEG of at most 64 megapixels to 8-bit RGB, checked before anything is unpacked. Gray becomes three equal
// channels, 16 bits are rounded to 8, transparent pixels are laid over white, JPEGs are turned as EXIF says; JPEGs of four components
// (CMYK) are refused.
import { FormatError } from "../format-error.ts";
import { isJpeg, isPng, overWhite, sizeCheck, type Picture } from "../picture.ts";
import type { Fail } from "../png.ts";
import { decodeJpeg } from "./jpeg-decode.ts";
import { decodePng } from "./png-decode.ts";
import { readRegular } from "./read-file.ts";

/** Pixels of a picture at most. */
export const MOST_PIXELS = 64_000_000;
/** Bytes of a file at most. */
export const MOST_BYTES = 256 * 2 ** 20;

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
  const checkSize = sizeCheck(MOST_PIXELS, fail);
  if (isPng(bytes)) return overWhite(decodePng(bytes, checkSize, fail));
  if (isJpeg(bytes)) return decodeJpeg(bytes, checkSize, fail);
  return fail(0, "neither PNG nor JPEG", "a picture in one of the two");
}
