// Known-bad pictures.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { decodePicture, readPicture } from "../../ts/data/node/decode-picture.ts";
import { CMYK_JPEG, RAMP_JPEG } from "../cli/jpeg.ts";
import { chunk, header, SIGNATURE } from "../cli/png-maker.ts";
import { joined, type BadFile } from "./bad-file.ts";

const end = chunk("IEND", []);
const png = (...chunks: readonly Uint8Array[]): Uint8Array => joined(SIGNATURE, ...chunks);
const rgb = header(4, 4, 8, 2);
const pixels = chunk("IDAT", deflateSync(new Uint8Array(52)));

const pngs: readonly (readonly [name: string, make: () => Uint8Array, error: RegExp])[] = [
  ["64 gigapixels", () => png(header(0xffffffff, 16, 8, 2), pixels, end), /4294967295x16 pixels at byte 16, wanted at most 64 megapixels/],
  ["a size that wraps 2^32", () => png(header(65536, 65537, 8, 2), pixels, end), /65536x65537 pixels/],
  ["no pixels", () => png(header(0, 4, 8, 2), pixels, end), /0x4 pixels at byte 16, wanted at least 1x1/],
  [
    "60 megapixels in 20 bytes",
    () => png(header(7800, 7800, 8, 6), pixels, end),
    /bytes of packed pixels, which hold at most \d+, wanted 243367800 bytes/,
  ],
  ["20 MB in 20 kB", () => png(rgb, chunk("IDAT", deflateSync(new Uint8Array(2e7))), end), /more pixels than its size says/],
  ["too few pixels", () => png(rgb, chunk("IDAT", deflateSync(new Uint8Array(51))), end), /51 bytes of pixel data, wanted 52/],
  ["no pixel data", () => png(rgb, end), /0 bytes of packed pixels/],
  ["pixel data that is none", () => png(rgb, chunk("IDAT", new Uint8Array(60)), end), /does not unpack/],
  ["two headers", () => png(rgb, header(9000, 7000, 16, 6), pixels, end), /chunk IHDR a second time/],
  ["a second header of no bytes", () => png(rgb, chunk("IHDR", []), pixels, end), /chunk IHDR a second time/],
  ["no header", () => png(pixels, end), /chunk "IDAT" at byte 8, wanted IHDR/],
  ["a header of 12 bytes", () => png(chunk("IHDR", new Uint8Array(12)), end), /chunk "IHDR" at byte 8, wanted IHDR of 13 bytes/],
  [
    "a chunk of 2 GB",
    () => {
      const bytes = png(rgb, pixels, end);
      bytes.set([0x7f, 0xff, 0xff, 0xff], 33);
      return bytes;
    },
    /chunk "IDAT" of 2147483647 bytes at byte 33/,
  ],
  ["a wrong checksum", () => png(rgb, pixels, end).map((byte, at) => (at === 45 ? byte ^ 1 : byte)), /with a wrong checksum/],
  ["no end", () => png(rgb, pixels), /the end at byte \d+, wanted an IEND chunk/],
  ["an end with something in it", () => png(rgb, pixels, chunk("IEND", [1])), /chunk IEND of 1 bytes/],
  ["a palette of half a color", () => png(header(4, 4, 8, 3), chunk("PLTE", [1, 2]), pixels, end), /a palette of 2 bytes/],
  ["a palette of 257 colors", () => png(header(4, 4, 8, 3), chunk("PLTE", new Uint8Array(771)), pixels, end), /a palette of 771 bytes/],
  [
    "colors that are not in the palette",
    () => png(header(1, 1, 8, 3), chunk("PLTE", [1, 2, 3]), chunk("IDAT", deflateSync(Uint8Array.of(0, 9))), end),
    /color 9 of a palette of 1/,
  ],
  ["no palette", () => png(header(4, 4, 8, 3), pixels, end), /no palette/],
  ["pixels in two places", () => png(rgb, chunk("IDAT", [1]), chunk("tEXt", [65, 0]), chunk("IDAT", [2]), end), /chunk IDAT a second time/],
  ["a filter that is none", () => png(header(1, 1, 8, 0), chunk("IDAT", deflateSync(Uint8Array.of(9, 9))), end), /row filter 9/],
  ["a chunk that one must know", () => png(rgb, chunk("HACK", []), pixels, end), /chunk "HACK" at byte \d+, wanted a known one/],
  ["a bit depth of 3", () => png(header(4, 4, 3, 2), pixels, end), /bit depth 3 with color type 2/],
];

const frame = RAMP_JPEG.indexOf(Uint8Array.of(0xff, 0xc2));
const scan = RAMP_JPEG.indexOf(Uint8Array.of(0xff, 0xda));
const jpeg = (change: (bytes: Buffer) => void): Uint8Array => {
  const bytes = Buffer.from(RAMP_JPEG);
  change(bytes);
  return new Uint8Array(bytes);
};
const start = [0xff, 0xd8, 0xff, 0xe0, 0, 2];

const jpegs: typeof pngs = [
  [
    "4 gigapixels",
    () => jpeg((bytes) => bytes.fill(0xff, frame + 5, frame + 9)),
    /65535x65535 pixels at byte \d+, wanted at most 64 megapixels/,
  ],
  ["no pixels", () => jpeg((bytes) => bytes.fill(0, frame + 5, frame + 7)), /24x0 pixels/],
  ["more pixels than there are", () => jpeg((bytes) => bytes.writeUInt16BE(4000, frame + 5)), /damaged JPEG|sound one/],
  ["nothing but a start", () => Uint8Array.from(start), /the end at byte 6, wanted a frame header/],
  [
    "a segment longer than the file",
    () => joined(start.slice(0, 4), [0xff, 0xff]),
    /a segment of 65535 bytes at byte 4, wanted 2 to the 2 left/,
  ],
  ["a segment of no length", () => joined(start.slice(0, 4), [0, 0, 0, 0]), /a segment of 0 bytes/],
  [
    "two frames",
    () =>
      joined(
        RAMP_JPEG.subarray(0, scan),
        RAMP_JPEG.subarray(frame, frame + 2 + RAMP_JPEG.readUInt16BE(frame + 2)),
        RAMP_JPEG.subarray(scan),
      ),
    /marker 0xffc2, a second frame/,
  ],
  ["a frame header cut short", () => jpeg((bytes) => bytes.writeUInt16BE(9, frame + 2)), /a frame header of 9 bytes/],
  ["a scan before the frame", () => joined(start, [0xff, 0xda, 0, 2], [1, 2, 3]), /a scan at byte \d+, wanted a frame header before it/],
  ["no scan", () => joined(RAMP_JPEG.subarray(0, scan), [0xff, 0xd9]), /the end marker at byte \d+, wanted a scan/],
  [
    "101 scans",
    () => joined(RAMP_JPEG.subarray(0, scan), Array.from({ length: 101 }, () => [0xff, 0xda, 0, 2]).flat()),
    /scan 101 at byte \d+, wanted at most 100/,
  ],
  [
    "noise for pixels",
    () =>
      jpeg((bytes) => {
        for (let at = scan + 40; at < bytes.length - 2; at++) bytes[at] = (at * 37) & 0x7f;
      }),
    /damaged JPEG|that can be decoded|at byte \d+/,
  ],
  ["four components", () => CMYK_JPEG, /4 components \(CMYK\)/],
  ["half a picture", () => RAMP_JPEG.subarray(0, RAMP_JPEG.length - 40), /at byte \d+, wanted/],
];

export const badPictures: readonly BadFile[] = [
  ...pngs.map(([name, make, error]) => ({ name: `PNG: ${name}`, read: () => decodePicture(make(), "f"), error })),
  ...jpegs.map(([name, make, error]) => ({ name: `JPEG: ${name}`, read: () => decodePicture(make(), "f"), error })),
  { name: "a picture that is a page of HTML", read: () => decodePicture(Buffer.from("<html></html>"), "f"), error: /neither PNG nor JPEG/ },
  {
    name: "a picture that is a folder",
    read: (folder) => {
      mkdirSync(join(folder, "p.png"));
      return readPicture(join(folder, "p.png"));
    },
    error: /p\.png: not a regular file, wanted a picture/,
  },
];
