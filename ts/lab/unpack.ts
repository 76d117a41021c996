// Unpacks .gz files in a browser, in pieces, and never more than is wanted.
import { FormatError } from "../data/index.ts";
import { joinBytes } from "../data/join-bytes.ts";

/** The bytes of a file, unpacked where it is a .gz, in pieces. Errors: damage, or more than `most` bytes. */
export async function* unpacked(file: Blob, name: string, most: number): AsyncGenerator<Uint8Array, void, undefined> {
  const packed = /\.gz$/i.test(name);
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
    if (error instanceof FormatError || !packed) throw error;
    throw new FormatError({ file: name, offset: -1, found: "damage", wanted: "a whole gzip file" });
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** All bytes of a file. Errors: as unpacked(). */
export async function bytesOf(file: Blob, name: string, most: number): Promise<Uint8Array> {
  if (!/\.gz$/i.test(name)) return new Uint8Array(await file.arrayBuffer());
  const pieces: Uint8Array[] = [];
  for await (const piece of unpacked(file, name, most)) pieces.push(piece);
  return joinBytes(pieces);
}
