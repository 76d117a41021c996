// PNG of every kind against a plain encoder, JPEG against the picture it was made of, and what is refused.
import { deflateSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../ts/data/format-error.ts";
import { decodePicture } from "../../../ts/data/node/decode-picture.ts";
import { pngDataUrl } from "../../../ts/train/png.ts";
import { CMYK_JPEG, GRAY_JPEG, RAMP_JPEG } from "../../cli/jpeg.ts";
import { chunk, header, makePng, SIGNATURE, type PngKind } from "../../cli/png-maker.ts";

const test = suite("pictures");

function refusal(bytes: Uint8Array): string {
  try {
    decodePicture(bytes, "p");
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("PNG: every color type and depth, interlaced or not, with every filter", () => {
  let kinds = 0;
  const depths: readonly (readonly [PngKind["color"], readonly number[]])[] = [
    [0, [1, 2, 4, 8, 16]],
    [2, [8, 16]],
    [3, [1, 2, 4, 8]],
    [4, [8, 16]],
    [6, [8, 16]],
  ];
  for (const [color, list] of depths)
    for (const depth of list)
      for (const interlaced of [false, true])
        for (const [width, height] of [
          [1, 1],
          [9, 7],
          [3, 10],
        ] as const) {
          // prettier-ignore
          const most = 2 ** depth - 1;
          const colors = color === 3 ? most + 1 : 0;
          const palette = Array.from({ length: 3 * colors }, (_, at) => (at * 37) % 256);
          const sample = (x: number, y: number, c: number): number =>
            Math.floor(((x * 31 + y * 17 + c * 71 + x * y) * (most + 1)) / 256) & most;
          const png = makePng({ width, height, depth, color, interlaced, filter: (y) => y % 5, sample, ...(color === 3 && { palette }) });
          const { pixels, ...size } = decodePicture(png, "p");
          assert.equal(size, { width, height });
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) {
              const scaled = (c: number): number => Math.floor((255 * sample(x, y, c)) / most + 0.5);
              const alpha = color === 4 ? scaled(1) : color === 6 ? scaled(3) : 255;
              const wanted = [0, 1, 2].map((c) => {
                const value = color === 3 ? palette[3 * sample(x, y, 0) + c] : scaled(color === 2 || color === 6 ? c : 0);
                return Math.floor((alpha * value + (255 - alpha) * 255) / 255 + 0.5);
              });
              const at = 3 * (y * width + x);
              assert.equal([...pixels.subarray(at, at + 3)], wanted, `color ${color} depth ${depth} ${interlaced} at ${x},${y}`);
            }
          kinds++;
        }
  assert.is(kinds, 90);
});

test("PNG: transparent colors show white", () => {
  const gray = makePng({ width: 2, height: 1, depth: 8, color: 0, transparent: [0, 7], sample: (x) => [7, 8][x] });
  assert.equal([...decodePicture(gray, "p").pixels], [255, 255, 255, 8, 8, 8]);
  const palette = [10, 20, 30, 40, 50, 60];
  const indexed = makePng({ width: 2, height: 1, depth: 1, color: 3, palette, transparent: [0], sample: (x) => x });
  assert.equal([...decodePicture(indexed, "p").pixels], [255, 255, 255, 40, 50, 60]);
});

test("PNG: reads what the report writes", () => {
  const pixels = Uint8Array.from({ length: 3 * 5 * 4 }, (_, at) => (at * 7) % 256);
  const url = pngDataUrl(pixels, 5, 4, 3);
  assert.equal(decodePicture(Buffer.from(url.slice(url.indexOf(",") + 1), "base64"), "p").pixels, pixels);
});

test("PNG: hostile and damaged files are refused before they take memory", () => {
  const whole = makePng({ width: 4, height: 4, depth: 8, color: 2, sample: (x, y, c) => x + y + c });
  assert.match(
    refusal(Buffer.concat([SIGNATURE, header(10_000, 10_000, 8, 2)])),
    /^p: 10000x10000 pixels at byte 16, wanted at most 64 megapixels$/,
  );
  assert.match(refusal(Buffer.concat([SIGNATURE, header(0, 5, 8, 2)])), /0x5 pixels at byte 16, wanted at least 1x1/);
  assert.match(refusal(Buffer.concat([SIGNATURE, header(4, 4, 3, 2)])), /bit depth 3 with color type 2/);
  assert.match(refusal(Buffer.concat([SIGNATURE, header(4, 4, 8, 2, 2)])), /interlace 2/);
  // 100 MB of zeros in 100 kB.
  const bomb = [SIGNATURE, header(4, 4, 8, 2), chunk("IDAT", deflateSync(new Uint8Array(1e8))), chunk("IEND", [])];
  assert.match(refusal(Buffer.concat(bomb)), /^p: more pixels than its size says, wanted 52 bytes$/);
  const short = [SIGNATURE, header(4, 4, 8, 2), chunk("IDAT", deflateSync(new Uint8Array(51))), chunk("IEND", [])];
  assert.match(refusal(Buffer.concat(short)), /51 bytes of pixel data, wanted 52/);
  const lying = Buffer.from(whole);
  lying.writeUInt32BE(0x7fffffff, 33);
  assert.match(refusal(lying), /of 2147483647 bytes at byte 33/);
  // Every cut and every flipped byte is found, by a checksum at the latest.
  for (let cut = 9; cut < whole.length; cut++) assert.match(refusal(whole.subarray(0, cut)), /^p: /);
  for (let at = 8; at < whole.length; at++) {
    const flipped = Buffer.from(whole);
    flipped[at] ^= 0x10;
    assert.match(refusal(flipped), /^p: /);
  }
});

test("JPEG: decodes to the picture it was made of, and refuses half of one", () => {
  const { width, height, pixels } = decodePicture(RAMP_JPEG, "p");
  assert.equal([width, height], [24, 16]);
  let worst = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      [10 * x, 15 * y, 128].forEach((value, c) => (worst = Math.max(worst, Math.abs(pixels[3 * (y * width + x) + c] - value))));
  assert.ok(worst < 12, `off by ${worst}`);
  assert.match(refusal(RAMP_JPEG.subarray(0, 340)), /^p: .* at byte \d+, wanted /);
  assert.match(refusal(RAMP_JPEG.subarray(0, 100)), /^p: a segment of \d+ bytes at byte \d+, wanted 2 to the \d+ left$/);
  const frame = RAMP_JPEG.indexOf(Buffer.from([0xff, 0xc2]));
  const huge = Buffer.from(RAMP_JPEG);
  huge.writeUInt16BE(60_000, frame + 5);
  huge.writeUInt16BE(60_000, frame + 7);
  assert.match(refusal(huge), /60000x60000 pixels at byte \d+, wanted at most 64 megapixels/);
  // A refusal spoils nothing for the next picture, nor the exit code.
  assert.is(decodePicture(RAMP_JPEG, "p").width, 24);
  assert.not.ok(process.exitCode);
});

test("JPEG: gray has three equal channels, four components are refused", () => {
  const { width, height, pixels } = decodePicture(GRAY_JPEG, "p");
  assert.equal([width, height], [8, 8]);
  for (let at = 0; at < 64; at++) {
    const value = pixels[3 * at];
    assert.equal([pixels[3 * at + 1], pixels[3 * at + 2]], [value, value]);
    assert.ok(Math.abs(value - (20 * (at % 8) + 10 * Math.floor(at / 8))) < 6, `${value} at ${at}`);
  }
  assert.match(refusal(CMYK_JPEG), /^p: 4 components \(CMYK\) at byte \d+, wanted 1 \(gray\) or 3 \(colors\)$/);
});

test("other files are refused", () => {
  assert.is(refusal(Buffer.from("GIF89a........")), "p: neither PNG nor JPEG at byte 0, wanted a picture in one of the two");
  assert.match(refusal(new Uint8Array(0)), /neither/);
});

test.run();
