// Reads files in a browser: in pieces, unpacked where they are .gz, and never more than is wanted.
import { FormatError } from "../data/index.ts";
import { checkIdxClaim, checkIdxSize, idxHeaderSize, readIdxHeader } from "../data/idx.ts";
import type { GivenFile } from "./given-data.ts";
import { nameOf } from "./standard-sets.ts";

const isPacked = (name: string): boolean => /\.gz$/i.test(name);

/** What a browser says of a file that it cannot read has no name in it. */
function readError(name: string, error: unknown): FormatError {
  const why = error instanceof Error ? error.name : String(error);
  return new FormatError({ file: name, offset: -1, found: `not readable (${why})`, wanted: "the file as it was when it was chosen" });
}

/** The bytes of a file that is not packed. */
export async function wholeFile({ path, file }: GivenFile): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw readError(nameOf(path), error);
  }
}

/** The bytes of a file, unpacked where it is a .gz, in pieces. Errors: damage, or more than `most` bytes. */
export async function* unpacked({ path, file }: GivenFile, most: number): AsyncGenerator<Uint8Array, void, undefined> {
  const name = nameOf(path);
  const packed = isPacked(name);
  const stream: ReadableStream<Uint8Array> = packed ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
  const reader = stream.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
      if (bytes > most) throw new FormatError({ file: name, offset: -1, found: `more than ${most} bytes`, wanted: `at most ${most}` });
      yield value;
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    if (!packed || error instanceof DOMException) throw readError(name, error);
    throw new FormatError({ file: name, offset: -1, found: "damage", wanted: "a whole gzip file" });
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The bytes of an idx file of this rank, packed or not. Memory is taken once, and by a header that can be true. Throws FormatError. */
export async function idxBytes(given: GivenFile, rank: number, most: number): Promise<Uint8Array> {
  const { path, file } = given;
  const name = nameOf(path);
  const packed = isPacked(name);
  const within = packed ? `${name} (unpacked)` : name;
  const head = new Uint8Array(idxHeaderSize(rank));
  let bytes = head;
  let at = 0;
  for await (const piece of unpacked(given, most)) {
    let from = 0;
    if (bytes === head) {
      from = Math.min(head.length - at, piece.length);
      head.set(piece.subarray(0, from), at);
      at += from;
      if (at < head.length) continue;
      const header = readIdxHeader(head, rank, within);
      if (packed) checkIdxClaim(header, file.size, most, within);
      else checkIdxSize(file.size, header, within);
      bytes = new Uint8Array(header.fileBytes);
      bytes.set(head);
    }
    if (at + piece.length - from > bytes.length) checkIdxSize(at + piece.length - from, readIdxHeader(head, rank, within), within);
    bytes.set(from === 0 ? piece : piece.subarray(from), at);
    at += piece.length - from;
  }
  checkIdxSize(at, readIdxHeader(head.subarray(0, at), rank, within), within);
  return bytes;
}
