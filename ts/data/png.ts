// PNG to 8-bit RGBA: every color type and bit depth, interlaced or not, without color management. Checksums and the order of chunks are
// checked, and the data must unpack to exactly what the size in the header says, which is no more than DEFLATE can pack into it: a small
// file cannot fill the memory. Source: the PNG specification (ISO/IEC 15948).
import { crc32 } from "./crc32.ts";

/** Ends the reading; never returns. */
export type Fail = (offset: number, found: string, wanted: string) => never;

/** [height, width, 4], 0 .. 255, alpha not multiplied in. */
export interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Samples of a pixel, and the depths a sample may have, by color type. */
const COLOR_TYPES = new Map<number, { readonly samples: number; readonly depths: readonly number[] }>([
  [0, { samples: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { samples: 3, depths: [8, 16] }],
  [3, { samples: 1, depths: [1, 2, 4, 8] }],
  [4, { samples: 2, depths: [8, 16] }],
  [6, { samples: 4, depths: [8, 16] }],
]);
/** DEFLATE cannot pack more than 1032 bytes into one. */
const LARGEST_RATIO = 1032;
const CHUNK_BYTES = 12;
const GRAY = 0;
const PALETTE = 3;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly color: number;
  readonly samples: number;
  readonly interlaced: boolean;
}

/** Every stepX-th column from x on of every stepY-th row from y on. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly columns: number;
  readonly rows: number;
}

function passesOf({ width, height, interlaced }: Header): Pass[] {
  const grid = interlaced
    ? [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]] // prettier-ignore
    : [[0, 0, 1, 1]];
  return grid
    .map(([x, y, stepX, stepY]) => {
      const columns = Math.max(0, Math.ceil((width - x) / stepX));
      return { x, y, stepX, stepY, columns, rows: Math.max(0, Math.ceil((height - y) / stepY)) };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

function headerOf(bytes: Uint8Array, at: number, checkSize: (width: number, height: number, at: number) => void, fail: Fail): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 13);
  const [width, height, depth, color] = [view.getUint32(0), view.getUint32(4), view.getUint8(8), view.getUint8(9)];
  checkSize(width, height, at);
  const kind = COLOR_TYPES.get(color);
  if (kind === undefined || !kind.depths.includes(depth))
    return fail(at + 8, `bit depth ${depth} with color type ${color}`, "a pair of PNG's");
  const [compression, filter, interlace] = [view.getUint8(10), view.getUint8(11), view.getUint8(12)];
  if (compression !== 0 || filter !== 0 || interlace > 1)
    return fail(at + 10, `compression ${compression}, filter ${filter}, interlace ${interlace}`, "0, 0 and 0 or 1");
  return { width, height, depth, color, samples: kind.samples, interlaced: interlace === 1 };
}

/** Undoes a row's filter in place; `above` is the row before, or zeros. */
function unfilter(kind: number, row: Uint8Array, above: Uint8Array, pixelBytes: number, fail: Fail): void {
  for (let i = 0; i < row.length; i++) {
    const left = i < pixelBytes ? 0 : row[i - pixelBytes];
    const up = above[i];
    const corner = i < pixelBytes ? 0 : above[i - pixelBytes];
    if (kind === 1) row[i] += left;
    else if (kind === 2) row[i] += up;
    else if (kind === 3) row[i] += (left + up) >> 1;
    else if (kind === 4) {
      const guess = left + up - corner;
      const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
      row[i] += a <= b && a <= c ? left : b <= c ? up : corner;
    } else if (kind !== 0) fail(-1, `row filter ${kind}`, "0 to 4");
  }
}

/** Sample number `index` of a row, as stored. */
function sampleAt(row: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return row[index];
  if (depth === 16) return row[2 * index] * 256 + row[2 * index + 1];
  const bit = index * depth;
  return (row[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Turns the stored samples of a pixel into RGBA at out[at ..]. */
function painter(header: Header, palette: Uint8Array, transparent: Uint8Array, fail: Fail) {
  const { depth, color, samples } = header;
  const most = (1 << depth) - 1;
  const scaled = (value: number): number => Math.floor((255 * value) / most + 0.5);
  // The color that stands for nothing, 16 bits a sample.
  const key =
    color === PALETTE || transparent.length < 2 * samples
      ? []
      : Array.from({ length: samples }, (_, c) => transparent[2 * c] * 256 + transparent[2 * c + 1]);
  return (row: Uint8Array, column: number, out: Uint8Array, at: number): void => {
    const sample = (c: number): number => sampleAt(row, column * samples + c, depth);
    if (color === PALETTE) {
      const index = sample(0);
      if (3 * index >= palette.length) fail(-1, `color ${index} of a palette of ${palette.length / 3}`, "one that is there");
      out.set(palette.subarray(3 * index, 3 * index + 3), at);
      out[at + 3] = index < transparent.length ? transparent[index] : 255;
      return;
    }
    const colored = samples > 2;
    for (let c = 0; c < 3; c++) out[at + c] = scaled(sample(colored ? c : GRAY));
    const hasAlpha = samples === 2 || samples === 4;
    out[at + 3] = hasAlpha ? scaled(sample(samples - 1)) : key.length > 0 && key.every((value, c) => sample(c) === value) ? 0 : 255;
  };
}

/** What the chunks of a file hold. */
interface Chunks {
  readonly header: Header;
  readonly palette: Uint8Array;
  readonly transparent: Uint8Array;
  /** The packed pixels. */
  readonly data: Uint8Array;
}

export type SizeCheck = (width: number, height: number, at: number) => void;

function chunksOf(bytes: Uint8Array, checkSize: SizeCheck, fail: Fail): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  const seen = new Set<string>();
  let palette: Uint8Array = new Uint8Array(0);
  let transparent: Uint8Array = new Uint8Array(0);
  // One array for all pieces, as large as they can be: a chunk may be of one byte, and there may be millions of them.
  const data = new Uint8Array(bytes.length);
  let filled = 0;
  let before = "";
  for (let at = PNG_SIGNATURE.length; ;) {
    if (at + CHUNK_BYTES > bytes.length) return fail(bytes.length, "the end", "an IEND chunk");
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + CHUNK_BYTES + length;
    if (end > bytes.length)
      return fail(at, `chunk ${JSON.stringify(type)} of ${length} bytes`, `at most the ${bytes.length - at - CHUNK_BYTES} left`);
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4))
      return fail(at, `chunk ${JSON.stringify(type)} with a wrong checksum`, "a sound one");
    const content = bytes.subarray(at + 8, end - 4);
    if (header === undefined && (type !== "IHDR" || length !== 13)) return fail(at, `chunk ${JSON.stringify(type)}`, "IHDR of 13 bytes");
    if (seen.has(type) && (type === "IHDR" || type === "PLTE" || type === "tRNS" || (type === "IDAT" && before !== "IDAT")))
      return fail(at, `chunk ${type} a second time`, type === "IDAT" ? "all of them in one row" : "it once");
    if (header === undefined) header = headerOf(bytes, at + 8, checkSize, fail);
    else if (type === "PLTE") {
      if (length % 3 !== 0 || length === 0 || length > 3 * 256)
        return fail(at, `a palette of ${length} bytes`, "3 for each of 1 to 256 colors");
      palette = content;
    } else if (type === "tRNS") {
      if (length > 256) return fail(at, `${length} bytes of transparency`, "at most 256");
      transparent = content;
    } else if (type === "IDAT") {
      data.set(content, filled);
      filled += length;
    } else if (type === "IEND") {
      if (length !== 0) return fail(at, `chunk IEND of ${length} bytes`, "an empty one");
      return { header, palette, transparent, data: data.subarray(0, filled) };
    } else if ((bytes[at + 4] & 0x20) === 0) {
      // A capital in front marks what a reader must know.
      return fail(at, `chunk ${JSON.stringify(type)}`, "a known one");
    }
    seen.add(type);
    before = type;
    at = end;
  }
}

/** A PNG whose chunks are sound. */
export interface PackedPng {
  /** What a zlib stream holds. */
  readonly packed: Uint8Array;
  /** Bytes that it must unpack to, all of them and no more. */
  readonly unpackedBytes: number;
  /** The picture, from what was unpacked. */
  paint(raw: Uint8Array): Rgba;
}

/** Reads a PNG up to its packed pixels; `checkSize` may refuse its size before anything is unpacked. */
export function openPng(bytes: Uint8Array, checkSize: SizeCheck, fail: Fail): PackedPng {
  const { header, palette, transparent, data } = chunksOf(bytes, checkSize, fail);
  const { width, height, depth, color, samples } = header;
  if (color === PALETTE && palette.length === 0) return fail(-1, "no palette", "one");
  const passes = passesOf(header);
  const rowBytes = ({ columns }: Pass): number => Math.ceil((columns * samples * depth) / 8);
  const total = passes.reduce((sum, pass) => sum + pass.rows * (1 + rowBytes(pass)), 0);
  const most = data.length * LARGEST_RATIO;
  if (total > most) return fail(-1, `${data.length} bytes of packed pixels, which hold at most ${most}`, `${total} bytes of pixels`);
  const paintAll = (raw: Uint8Array): Rgba => {
    if (raw.length !== total) return fail(-1, `${raw.length} bytes of pixel data`, `${total}`);
    const paint = painter(header, palette, transparent, fail);
    const pixels = new Uint8Array(4 * width * height);
    const pixelBytes = Math.max(1, (samples * depth) / 8);
    let from = 0;
    for (const pass of passes) {
      const size = rowBytes(pass);
      let above: Uint8Array = new Uint8Array(size);
      for (let y = 0; y < pass.rows; y++, from += 1 + size) {
        const row = raw.subarray(from + 1, from + 1 + size);
        unfilter(raw[from], row, above, pixelBytes, fail);
        for (let x = 0; x < pass.columns; x++) paint(row, x, pixels, 4 * ((pass.y + y * pass.stepY) * width + pass.x + x * pass.stepX));
        above = row;
      }
    }
    return { width, height, pixels };
  };
  return { packed: data, unpackedBytes: total, paint: paintAll };
}
