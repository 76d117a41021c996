// Walks a JPEG's segments before a decoder sees it: the picture's size, that every length fits in the file, that there is one frame, and
// that there are not so many scans that a small file would keep the decoder busy for hours. Decodes nothing.
// Source: ITU-T T.81, annex B.
import type { Fail } from "./png.ts";

/** A progressive picture has some 10; more than 4 components x 64 coefficients x 14 bits say nothing new, and each costs a pass. */
const MOST_SCANS = 100;

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;

/** Markers without a segment: TEM and RST0 to RST7. */
const standsAlone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
/** Start of frame, but for DHT, JPG and DAC, which share its range. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const named = (marker: number): string => `marker 0xff${marker.toString(16).padStart(2, "0")}`;

/** The first marker from `at` on in entropy-coded data: 0xff and neither 0 nor a restart. */
function skipScan(bytes: Uint8Array, at: number): number {
  for (let next = bytes.indexOf(0xff, at); next >= 0; next = bytes.indexOf(0xff, next + 1)) {
    const marker = bytes[next + 1];
    if (marker !== undefined && marker !== 0 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd7)) return next;
  }
  return bytes.length;
}

/** The size of a JPEG whose segments are sound; `checkSize` may refuse it. */
export function checkJpeg(
  bytes: Uint8Array,
  checkSize: (width: number, height: number, at: number) => void,
  fail: Fail,
): { readonly width: number; readonly height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { readonly width: number; readonly height: number } | undefined;
  let scans = 0;
  for (let at = 2; ;) {
    if (at + 2 > bytes.length) return fail(bytes.length, "the end", size === undefined ? "a frame header" : "the end marker of a JPEG");
    if (bytes[at] !== 0xff) return fail(at, `byte ${bytes[at]}`, "a marker");
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++; // fill
      continue;
    }
    if (marker === EOI) {
      if (size === undefined || scans === 0) return fail(at, "the end marker", size === undefined ? "a frame header" : "a scan");
      return size;
    }
    if (standsAlone(marker)) {
      at += 2;
      continue;
    }
    if (marker === SOI || marker < 0xc0) return fail(at, named(marker), "a segment of a JPEG");
    if (at + 4 > bytes.length) return fail(bytes.length, "the end", "a segment's length");
    const length = view.getUint16(at + 2);
    const left = bytes.length - at - 2;
    if (length < 2 || length > left) return fail(at + 2, `a segment of ${length} bytes`, `2 to the ${left} left`);
    if (isFrame(marker)) {
      if (size !== undefined) return fail(at, `${named(marker)}, a second frame`, "one");
      const components = length < 8 ? 0 : bytes[at + 9];
      if (length < 8 || length !== 8 + 3 * components) return fail(at + 2, `a frame header of ${length} bytes`, "8 and 3 a component");
      if (components === 4) return fail(at + 9, "4 components (CMYK)", "1 (gray) or 3 (colors)");
      size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
      checkSize(size.width, size.height, at + 5);
    }
    at += 2 + length;
    if (marker === SOS) {
      if (size === undefined) return fail(at, "a scan", "a frame header before it");
      if (++scans > MOST_SCANS) return fail(at, `scan ${scans}`, `at most ${MOST_SCANS}`);
      at = skipScan(bytes, at);
    }
  }
}
