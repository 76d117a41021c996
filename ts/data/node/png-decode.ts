// PNG to 8-bit RGBA at once, unpacked by Node's zlib.
import { inflateSync } from "node:zlib";
import { openPng, type Fail, type Rgba, type SizeCheck } from "../png.ts";

/** Decodes a PNG; `checkSize` may refuse its size before anything is unpacked. */
export function decodePng(bytes: Uint8Array, checkSize: SizeCheck, fail: Fail): Rgba {
  const { packed, unpackedBytes, paint } = openPng(bytes, checkSize, fail);
  let raw: Uint8Array;
  try {
    raw = inflateSync(packed, { maxOutputLength: unpackedBytes });
  } catch (error) {
    const tooLong = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return fail(
      -1,
      tooLong ? "more pixels than its size says" : `pixel data that does not unpack (${(error as Error).message})`,
      `${unpackedBytes} bytes`,
    );
  }
  return paint(raw);
}
