// PNG in any engine: unpacked by DecompressionStream, no further than the picture's header says.
import { overWhite, type Picture } from "../data/picture.ts";
import { openPng, type Fail, type SizeCheck } from "../data/png.ts";

async function inflate(packed: Uint8Array, total: number, fail: Fail): Promise<Uint8Array> {
  const raw = new Uint8Array(total);
  let filled = 0;
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter();
  // What goes wrong on this side goes wrong on the other too.
  writer.write(Uint8Array.from(packed)).catch(() => {});
  writer.close().catch(() => {});
  const reader = stream.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (;;) {
    let next: ReadableStreamReadResult<Uint8Array>;
    try {
      next = await reader.read();
    } catch {
      return fail(-1, "pixel data that does not unpack", `${total} bytes`);
    }
    if (next.done) return raw.subarray(0, filled);
    if (filled + next.value.length > total) {
      reader.cancel().catch(() => {});
      return fail(-1, "more pixels than its size says", `${total} bytes`);
    }
    raw.set(next.value, filled);
    filled += next.value.length;
  }
}

/** The picture in a PNG; `checkSize` may refuse its size before anything is unpacked. */
export async function unpackPng(bytes: Uint8Array, checkSize: SizeCheck, fail: Fail): Promise<Picture> {
  const { packed, unpackedBytes, paint } = openPng(bytes, checkSize, fail);
  return overWhite(paint(await inflate(packed, unpackedBytes, fail)));
}
