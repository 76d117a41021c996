// Changed pictures. A JPEG takes milliseconds to decode, and a decoder that failed is made anew: fewer of those.
// About 20 minutes with PERPEND_LONG=1.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crc32 } from "../../ts/data/crc32.ts";
import { decodePicture, MOST_PIXELS } from "../../ts/data/node/decode-picture.ts";
import type { Picture } from "../../ts/data/picture.ts";
import { RAMP_JPEG } from "../cli/jpeg.ts";
import { makePng, type PngKind } from "../cli/png-maker.ts";
import { fuzz, rounds } from "./harness.ts";

const test = suite("fuzz pictures");

const kinds: readonly PngKind[] = [
  { width: 5, height: 4, depth: 8, color: 2, filter: (y) => y % 5, sample: (x, y, c) => x * 9 + y * 5 + c },
  { width: 9, height: 3, depth: 1, color: 0, interlaced: true, sample: (x, y) => (x + y) & 1 },
  {
    width: 4,
    height: 4,
    depth: 4,
    color: 3,
    palette: Array.from({ length: 48 }, (_, i) => 5 * i),
    transparent: [0, 9],
    sample: (x, y) => 4 * y + x,
  },
  { width: 3, height: 2, depth: 16, color: 6, filter: () => 4, sample: (x, y, c) => x * 9999 + y * 777 + c },
  { width: 2, height: 2, depth: 8, color: 4, transparent: [], sample: (x, y, c) => 100 * c + x + y },
];

/** Gives every chunk the checksum that it should have. */
function rechunk(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  for (let at = 8; at + 12 <= changed.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > changed.length) break;
    view.setUint32(end - 4, crc32(changed.subarray(at + 4, end - 4)));
    at = end;
  }
  return changed;
}

function checkPicture({ width, height, pixels }: Picture): void {
  assert.ok(width >= 1 && height >= 1 && width * height <= MOST_PIXELS);
  assert.is(pixels.length, 3 * width * height);
}

const tokens = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND", "iCCP", "ABCD", "\u0000\u0000\u0000\u0001"];

test("PNG", () =>
  fuzz(
    {
      name: "PNG",
      seeds: kinds.map((kind) => new Uint8Array(makePng(kind))),
      read: (bytes, file) => decodePicture(bytes, file),
      repair: rechunk,
      check: checkPicture,
      tokens,
      // Pixels: what the packed data can hold, 4 bytes for each where there is a bit for it.
      largest: (bytes) => 32 * 1032 * bytes.length + (1 << 20),
    },
    rounds(10_000, 3_000_000),
  ));

test("JPEG", () =>
  fuzz(
    {
      name: "JPEG",
      seeds: [new Uint8Array(RAMP_JPEG)],
      read: (bytes, file) => decodePicture(bytes, file),
      check: checkPicture,
      tokens: ["\u0001", "JFIF", "Exif"],
      largest: () => 8 * MOST_PIXELS,
    },
    rounds(5_000, 200_000),
  ));

test.run();
