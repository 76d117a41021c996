// PNGs unpacked by a stream: the pixels of the decoder for files, and the same files refused.
import { deflateSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/index.ts";
import { decodePicture } from "../../ts/data/node/decode-picture.ts";
import type { Fail } from "../../ts/data/png.ts";
import { unpackPng } from "../../ts/serve/unpack.ts";
import { chunk, header, makePng, SIGNATURE } from "../cli/png-maker.ts";

const test = suite("unpack");

const fail: Fail = (offset, found, wanted) => {
  throw new FormatError({ file: "it", offset, found, wanted });
};

const refusal = async (bytes: Uint8Array): Promise<string> =>
  unpackPng(bytes, () => {}, fail).then(
    () => "nothing",
    (error: unknown) => (error instanceof FormatError ? error.message : `no FormatError: ${String(error)}`),
  );

for (const [name, kind] of [
  ["colors", { depth: 8, color: 2 }],
  ["gray of 1 bit, interlaced", { depth: 1, color: 0, interlaced: true }],
  ["16 bits and transparency", { depth: 16, color: 6 }],
] as const)
  test(name, async () => {
    const [width, height] = [61, 47];
    const most = 2 ** kind.depth;
    const bytes = makePng({ width, height, ...kind, filter: (y) => y % 5, sample: (x, y, c) => (x * 31 + y * 17 + c * 7) % most });
    assert.equal(await unpackPng(bytes, () => {}, fail), decodePicture(bytes, "it"));
  });

test("more, fewer and no pixels, a stream that is none", async () => {
  const made = (data: Uint8Array): Buffer =>
    Buffer.concat([SIGNATURE, header(8, 8, 8, 2), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
  const right = 8 * (1 + 24);
  assert.is(await refusal(made(deflateSync(Buffer.alloc(right)))), "nothing");
  assert.match(await refusal(made(deflateSync(Buffer.alloc(right + 1)))), /more pixels than its size says, wanted 200 bytes/);
  assert.match(await refusal(made(deflateSync(Buffer.alloc(50_000_000)))), /more pixels than its size says/);
  assert.match(await refusal(made(deflateSync(Buffer.alloc(right - 1)))), /199 bytes of pixel data/);
  assert.match(await refusal(made(Buffer.from("no such stream, but long enough"))), /does not unpack/);
  assert.match(await refusal(made(deflateSync(Buffer.alloc(right)).subarray(0, -6))), /does not unpack/);
});

test.run();
