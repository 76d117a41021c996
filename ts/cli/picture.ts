// Pictures from files: PNG and JPEG of at most 64 megapixels to 8-bit RGB, checked before anything is unpacked. Transparent pixels are
// laid over white; JPEGs are turned as EXIF says.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { FormatError } from "../data/index.ts";
import { readRegular } from "../data/node/read-file.ts";
import { checkJpeg } from "./jpeg-check.ts";
import { decodePng, PNG_SIGNATURE, type Fail } from "./png-decode.ts";

export const MOST_PIXELS = 64_000_000;
const MOST_BYTES = 256 * 2 ** 20;

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3], 0 .. 255. */
  readonly pixels: Uint8Array;
}

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

async function decodeJpeg(bytes: Uint8Array, fail: Fail): Promise<Picture> {
  const size = checkJpeg(bytes, sizeCheck(fail), fail);
  const { default: decode, init } = await import("@jsquash/jpeg/decode.js");
  const wasmBinary = readFileSync(createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"));
  const complaints: string[] = [];
  await init({ wasmBinary, printErr: (text: string) => complaints.push(text) });
  const exitCode = process.exitCode;
  let image: ImageData;
  try {
    image = await decode(Uint8Array.from(bytes).buffer, { preserveOrientation: true });
  } catch (error) {
    // The decoder leaves by exit().
    process.exitCode = exitCode;
    return fail(-1, `no JPEG that can be decoded (${complaints[0] ?? (error as Error).message})`, "a sound one");
  }
  // The decoder fills in what is missing; half a picture is no picture here.
  if (complaints.length > 0) fail(-1, `a damaged JPEG (${complaints[0]})`, "a sound one");
  if (image.width * image.height !== size.width * size.height)
    fail(-1, `${image.width}x${image.height} pixels after decoding`, `the ${size.width}x${size.height} of its header`);
  return { width: image.width, height: image.height, pixels: overWhite(image.data, image.width * image.height) };
}

/** The picture in a file. Throws FormatError. */
export async function readPicture(file: string): Promise<Picture> {
  return decodePicture(await readRegular(file, { what: "a picture", most: MOST_BYTES }), file);
}

/** Decodes a PNG or JPEG. Throws FormatError. */
export async function decodePicture(bytes: Uint8Array, file: string): Promise<Picture> {
  const fail: Fail = (offset, found, wanted) => {
    throw new FormatError({ file, offset, found, wanted });
  };
  if (bytes.length > MOST_BYTES) fail(-1, `${bytes.length} bytes`, `at most ${MOST_BYTES}`);
  if (bytes.length > 8 && PNG_SIGNATURE.every((byte, at) => bytes[at] === byte)) {
    const { width, height, pixels } = decodePng(bytes, sizeCheck(fail), fail);
    return { width, height, pixels: overWhite(pixels, width * height) };
  }
  if (bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return decodeJpeg(bytes, fail);
  return fail(0, "neither PNG nor JPEG", "a picture in one of the two");
}
