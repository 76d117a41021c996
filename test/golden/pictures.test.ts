// Operations on pictures against Pillow's, byte by byte; scaling against its float images, bit by bit.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as ops from "../../ts/data/color-ops.ts";
import { bicubic, bilinear, resize, toByte } from "../../ts/data/resize.ts";
import { fourPixels, nearestPixel, rotation, warp } from "../../ts/data/warp.ts";

interface Scaled {
  readonly filter: "bilinear" | "bicubic";
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
  readonly size: readonly [width: number, height: number];
}

interface Golden {
  readonly ops: readonly { readonly op: string; readonly strength: number; readonly image: string; readonly pixels: string }[];
  readonly resizes: readonly (Scaled & { readonly values: string })[];
  readonly byteResizes: readonly (Scaled & { readonly pixels: string })[];
}

const golden = JSON.parse(readFileSync(new URL("pictures.json", import.meta.url), "utf8")) as Golden;
const [width, height, channels] = [13, 9, 3];
const value = (x: number, y: number, c: number): number => (x * 37 + y * 53 + c * 91 + x * y * 7 + ((x * x * 3) % 29)) % 256;
const full = Uint8Array.from({ length: width * height * channels }, (_, i) =>
  value(Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3),
);
const images: Record<string, Uint8Array> = {
  full,
  dull: full.map((v) => 40 + Math.floor((v * 160) / 256)),
  few: full.map((v) => 60 * Math.floor(v / 64)),
};

type Change = (canvas: ops.Canvas, strength: number) => void;
const changes: Record<string, Change> = {
  ...ops,
  shearX: (canvas, s) => warp(canvas, [1, s, 0, 0, 1, 0], fourPixels),
  shearY: (canvas, s) => warp(canvas, [1, 0, 0, s, 1, 0], fourPixels),
  translateX: (canvas, s) => warp(canvas, [1, 0, s, 0, 1, 0], fourPixels),
  translateY: (canvas, s) => warp(canvas, [1, 0, 0, 0, 1, s], fourPixels),
  rotate: (canvas, s) => warp(canvas, rotation(canvas, s), fourPixels),
  "shearX nearest": (canvas, s) => warp(canvas, [1, s, 0, 0, 1, 0], nearestPixel),
  "rotate nearest": (canvas, s) => warp(canvas, rotation(canvas, s), nearestPixel),
};
const filters = { bilinear, bicubic };
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

const test = suite("pictures against Pillow");

for (const { op, strength, image, pixels } of golden.ops)
  test(`${op} ${strength}`, () => {
    const canvas = { width, height, channels, pixels: images[image].slice(), spare: new Uint8Array(full.length), fill: [10, 200, 77] };
    changes[op](canvas, strength);
    const wanted = bytes(pixels);
    const wrong = [...wanted.keys()].filter((at) => wanted[at] !== canvas.pixels[at]);
    assert.is(wrong.length, 0, `${wrong.length} values differ, at ${wrong[0]} ${canvas.pixels[wrong[0]]} for ${wanted[wrong[0]]}`);
  });

for (const { filter, box, size, values } of golden.resizes)
  test(`${filter} ${box.join()} to ${size.join("x")}, float`, () => {
    const [left, top, right, bottom] = box;
    const plane = Float32Array.from({ length: width * height }, (_, i) => full[3 * i]);
    const window = { left, top, width: right - left, height: bottom - top };
    const [wide, tall] = size;
    const scaled = resize(plane, { width, height, channels: 1 }, { width: wide, height: tall }, filters[filter], window);
    assert.equal(new Uint8Array(scaled.buffer), bytes(values));
  });

for (const { filter, box, size, pixels } of golden.byteResizes)
  test(`${filter} ${box.join()} to ${size.join("x")}, bytes: within 1, as Pillow rounds between rows and columns too`, () => {
    const [left, top, right, bottom] = box;
    const window = { left, top, width: right - left, height: bottom - top };
    const [wide, tall] = size;
    const scaled = resize(full, { width, height, channels }, { width: wide, height: tall }, filters[filter], window).map(toByte);
    const wanted = bytes(pixels);
    assert.is(scaled.length, wanted.length);
    for (const [at, v] of scaled.entries()) assert.ok(Math.abs(v - wanted[at]) <= 1, `${v} for ${wanted[at]} at ${at}`);
    assert.ok(scaled.some((v, at) => v === wanted[at]));
  });

test("no list is empty", () => assert.ok(golden.ops.length > 25 && golden.resizes.length > 5 && golden.byteResizes.length > 3));

test.run();
