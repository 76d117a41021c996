// Small images as PNG data URLs for logs and reports, in plain TypeScript: pixels stored without compression (a 32x32 picture is 3 kB).
// Source: the PNG specification (ISO/IEC 15948), RFC 1950 and 1951. Not a general encoder: 8 bits, gray or RGB.

import { crc32 } from "../data/crc32.ts";

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

const MOST_STORED = 65_535;

/** zlib's container around stored (uncompressed) blocks. */
function store(data: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(data.length / MOST_STORED));
  const bytes = new Uint8Array(2 + 5 * blocks + data.length + 4);
  bytes.set([0x78, 0x01]);
  const view = new DataView(bytes.buffer);
  let at = 2;
  for (let block = 0; block < blocks; block++) {
    const part = data.subarray(block * MOST_STORED, (block + 1) * MOST_STORED);
    bytes[at] = block === blocks - 1 ? 1 : 0;
    view.setUint16(at + 1, part.length, true);
    view.setUint16(at + 3, part.length ^ 0xffff, true);
    bytes.set(part, at + 5);
    at += 5 + part.length;
  }
  view.setUint32(at, adler32(data));
  return bytes;
}

/** `data:image/png;base64,...` of 8-bit pixels, rows from the top, channels last: gray (1 channel) or RGB (3). */
export function pngDataUrl(pixels: ArrayLike<number>, width: number, height: number, channels: 1 | 3): string {
  if (pixels.length !== width * height * channels) {
    throw new Error(`png: ${pixels.length} values, wanted ${width * height * channels} for ${width}x${height}x${channels}`);
  }
  const rowBytes = width * channels;
  const rows = new Uint8Array(height * (rowBytes + 1));
  for (let y = 0; y < height; y++) {
    // The first byte of a row is its filter: none.
    for (let x = 0; x < rowBytes; x++) rows[y * (rowBytes + 1) + 1 + x] = pixels[y * rowBytes + x];
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 3 ? 2 : 0, 0, 0, 0], 8);
  const parts = [
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", store(rows)),
    chunk("IEND", new Uint8Array(0)),
  ];
  let text = "";
  for (const part of parts) for (const byte of part) text += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(text)}`;
}
