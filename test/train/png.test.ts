import zlib from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { pngDataUrl } from "../../ts/train/png.ts";

const test = suite("png");

/** Takes a PNG apart with node:zlib, checking lengths, checksums and the filter of each row. */
function decode(url: string): { width: number; height: number; channels: number; pixels: number[] } {
  assert.ok(url.startsWith("data:image/png;base64,"));
  const bytes = Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
  assert.equal([...bytes.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    chunks.set(type, bytes.subarray(at + 8, at + 8 + length));
    if (typeof zlib.crc32 === "function")
      assert.is(bytes.readUInt32BE(at + 8 + length), zlib.crc32(bytes.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
  assert.equal([...chunks.keys()], ["IHDR", "IDAT", "IEND"]);
  const header = chunks.get("IHDR") ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  assert.is(header[8], 8);
  const channels = header[9] === 2 ? 3 : 1;
  const rows = zlib.inflateSync(chunks.get("IDAT") ?? Buffer.alloc(0));
  assert.is(rows.length, height * (width * channels + 1));
  const pixels: number[] = [];
  for (let y = 0; y < height; y++) {
    const row = rows.subarray(y * (width * channels + 1), (y + 1) * (width * channels + 1));
    assert.is(row[0], 0);
    pixels.push(...row.subarray(1));
  }
  return { width, height, channels, pixels };
}

test("round trip in gray and color, small and over one stored block", () => {
  for (const [width, height, channels] of [
    [1, 1, 1],
    [3, 2, 3],
    [32, 32, 3],
    [28, 28, 1],
    [200, 150, 3],
  ] as const) {
    // prettier-ignore
    const pixels = Array.from({ length: width * height * channels }, (_, i) => (i * 89 + 7) & 255);
    assert.equal(decode(pngDataUrl(pixels, width, height, channels)), { width, height, channels, pixels });
  }
});

test("refuses a wrong number of values, with both numbers", () => {
  assert.throws(() => pngDataUrl([1, 2], 1, 1, 3), /png: 2 values, wanted 3 for 1x1x3/);
});

test.run();
