// Makes PNGs of every kind from pixels, for the tests of the decoder: a plain second implementation that filters and interlaces.
import { deflateSync } from "node:zlib";
import { crc32 } from "../../ts/data/crc32.ts";

export interface PngKind {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly color: 0 | 2 | 3 | 4 | 6;
  readonly interlaced?: boolean;
  /** Filter of row y. */
  readonly filter?: (y: number) => number;
  readonly palette?: readonly number[];
  readonly transparent?: readonly number[];
  /** Stored sample c of the pixel at (x, y). */
  readonly sample: (x: number, y: number, c: number) => number;
}

export function chunk(type: string, data: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  Buffer.from(Uint8Array.from(data)).copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function header(width: number, height: number, depth: number, color: number, interlace = 0): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, color, 0, 0, interlace], 8);
  return chunk("IHDR", data);
}

const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]; // prettier-ignore

function paeth(a: number, b: number, c: number): number {
  const p = a + b - c;
  const order = [a, b, c].map((value) => Math.abs(p - value));
  return [a, b, c][order.indexOf(Math.min(...order))];
}

/** The rows of one pass, filtered. */
function rowsOf(kind: PngKind, xs: readonly number[], ys: readonly number[]): number[] {
  const { depth, color, sample, filter = () => 0 } = kind;
  const count = SAMPLES[color];
  const unit = Math.max(1, (count * depth) / 8);
  let before: number[] | undefined;
  return ys.flatMap((y) => {
    const bits = xs.flatMap((x) =>
      Array.from({ length: count }, (_, c) => sample(x, y, c)).flatMap((value) =>
        Array.from({ length: depth }, (_, bit) => (value >> (depth - 1 - bit)) & 1),
      ),
    );
    while (bits.length % 8 > 0) bits.push(0);
    const row = Array.from({ length: bits.length / 8 }, (_, at) => bits.slice(8 * at, 8 * at + 8).reduce((sum, bit) => 2 * sum + bit, 0));
    const above = before ?? row.map(() => 0);
    const type = filter(y);
    const guesses = row.map((_, i) => {
      const [a, b, c] = [row[i - unit] ?? 0, above[i], above[i - unit] ?? 0];
      return [0, a, b, Math.floor((a + b) / 2), paeth(a, b, c)][type];
    });
    before = row;
    return [type, ...row.map((value, i) => (value - guesses[i]) & 255)];
  });
}

export function makePng(kind: PngKind): Buffer {
  const { width, height, depth, color, interlaced = false, palette, transparent } = kind;
  const span = (length: number, from: number, step: number): number[] =>
    Array.from({ length }, (_, at) => at).filter((at) => at >= from && (at - from) % step === 0);
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1]];
  const raw = passes.flatMap(([x, y, stepX, stepY]) => {
    const [xs, ys] = [span(width, x, stepX), span(height, y, stepY)];
    return xs.length === 0 ? [] : rowsOf(kind, xs, ys);
  });
  return Buffer.concat([
    SIGNATURE,
    header(width, height, depth, color, interlaced ? 1 : 0),
    ...(palette ? [chunk("PLTE", palette)] : []),
    ...(transparent ? [chunk("tRNS", transparent)] : []),
    chunk("tEXt", Buffer.from("Comment\0a test")),
    chunk("IDAT", deflateSync(Uint8Array.from(raw))),
    chunk("IEND", []),
  ]);
}
