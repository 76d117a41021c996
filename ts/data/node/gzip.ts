// idx files packed by gzip. What a file unpacks to is known from the header in its first bytes before the rest is unpacked, and is
// bounded: by what DEFLATE can pack, and by a number of bytes.
import { constants, gunzipSync } from "node:zlib";
import { FormatError } from "../format-error.ts";
import { checkIdxClaim, checkIdxSize, LARGEST_RATIO, readIdxHeader } from "../idx.ts";

/** Bytes that a file may unpack to. */
export const MOST_UNPACKED = 0x7fff_ffff;

/** Packed bytes that are unpacked to see the header. */
const START = 1024;

function gzipError(file: string, error: unknown): FormatError {
  const reason = error instanceof Error ? error.message : String(error);
  return new FormatError({ file, offset: -1, found: `unpacking fails (${reason})`, wanted: "a whole gzip file" });
}

/** The first few bytes that a packed file unpacks to. */
function unpackStart(bytes: Uint8Array, file: string): Uint8Array {
  try {
    return gunzipSync(bytes.subarray(0, START), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: START * LARGEST_RATIO + 64 });
  } catch (error) {
    throw gzipError(file, error);
  }
}

/** Unpacks a .gz file that holds an idx file of this rank; its size is checked against the header within. Throws FormatError. */
export function unpackIdx(bytes: Uint8Array, rank: number, file: string): Uint8Array {
  const within = `${file} (unpacked)`;
  const header = readIdxHeader(unpackStart(bytes, file), rank, within);
  checkIdxClaim(header, bytes.length, MOST_UNPACKED, within);
  const { fileBytes } = header;
  let unpacked: { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };
  try {
    // With `info` there is also how much of the file was of use.
    unpacked = gunzipSync(bytes, { maxOutputLength: fileBytes, info: true } as object) as unknown as typeof unpacked;
  } catch (error) {
    const tooLong = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    if (tooLong) checkIdxSize(fileBytes + 1, header, within);
    throw gzipError(file, error);
  }
  const { buffer, engine } = unpacked;
  checkIdxSize(buffer.length, header, within);
  if (engine.bytesWritten !== bytes.length)
    throw new FormatError({
      file,
      offset: engine.bytesWritten,
      found: `${bytes.length - engine.bytesWritten} bytes behind`,
      wanted: "the end",
    });
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
