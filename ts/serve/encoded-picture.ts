// Pictures as files: PNG, which perpend reads itself, and JPEG where somebody gave a decoder; as they are, or as base64 in JSON.
import { checkJpeg } from "../data/jpeg-check.ts";
import { isPng, sizeCheck, type Picture } from "../data/picture.ts";
import type { Fail } from "../data/png.ts";
import { unpackPng } from "./unpack.ts";

/** Decodes a JPEG whose segments are sound. */
export type JpegDecoder = (bytes: Uint8Array) => Picture | Promise<Picture>;

export const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8;

/** What is before the base64 of a data URL, as canvas.toDataURL() and FileReader make it. */
const DATA_URL = /^data:image\/(?:png|jpeg);base64,/i;

/** The bytes of a picture's base64; null where it is none. */
export function bytesOfBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text.replace(DATA_URL, "")), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

/** The picture in a PNG or JPEG of at most so many pixels; `fail` is told what is wrong. */
export async function decodeFile(bytes: Uint8Array, maxPixels: number, decodeJpeg: JpegDecoder | undefined, fail: Fail): Promise<Picture> {
  const checkSize = sizeCheck(maxPixels, fail);
  if (isPng(bytes)) return unpackPng(bytes, checkSize, fail);
  if (decodeJpeg === undefined || !isJpeg(bytes)) return fail(0, "no picture", decodeJpeg ? "a PNG or a JPEG" : "a PNG");
  checkJpeg(bytes, checkSize, fail);
  return decodeJpeg(bytes);
}
