// Changed files of image sets: idx, plain and packed, CIFAR's records, tar archives. About 30 minutes with PERPEND_LONG=1.
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CIFAR10, CIFAR100_COARSE, CIFAR100_FINE, parseCifar } from "../../ts/data/cifar.ts";
import type { Dataset } from "../../ts/data/dataset.ts";
import { parseIdx } from "../../ts/data/idx.ts";
import { unpackIdx } from "../../ts/data/node/gzip.ts";
import { parseAnnotations, parseWnids } from "../../ts/data/node/tiny-imagenet.ts";
import { readTar, type TarPiece } from "../../ts/data/tar.ts";
import { tar, type TarMember } from "../data/tar-writer.ts";
import { fuzz, rounds } from "./harness.ts";

const test = suite("fuzz data");

function idx(sizes: readonly number[], value: (i: number) => number): Uint8Array {
  const total = sizes.reduce((product, size) => product * size, 1);
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint32(0, 0x800 + sizes.length);
  sizes.forEach((size, axis) => header.setUint32(4 + 4 * axis, size));
  return Uint8Array.of(...new Uint8Array(header.buffer), ...Array.from({ length: total }, (_, i) => value(i) & 255));
}

const images = [idx([3, 4, 5], (i) => i * 7), idx([1, 1, 1], () => 9), idx([2, 28, 28], (i) => i >> 3)];
const labels = [idx([3], (i) => i), idx([1], () => 9), idx([2], (i) => 4 + i)];

function checkSet({ length, classes, images: pixels, labels: indices, image }: Dataset): void {
  assert.is(pixels.length, length * image.height * image.width * image.channels);
  assert.is(indices.length, length);
  assert.ok(indices.every((label) => label < classes));
}

test("idx images and labels", async () => {
  await fuzz({
    name: "idx images",
    seeds: images,
    read: (bytes, file) =>
      parseIdx(bytes, labels[images.findIndex(([...good]) => good[7] === bytes[7])] ?? labels[0], {
        imageFile: file,
        labelFile: `${file} labels`,
      }),
    check: checkSet,
  });
  await fuzz({
    name: "idx labels",
    seeds: labels,
    read: (bytes, file) =>
      parseIdx(images[labels.findIndex((good) => good[7] === bytes[7])] ?? images[0], bytes, {
        imageFile: `${file} images`,
        labelFile: file,
      }),
    check: checkSet,
  });
});

test("packed idx files", async () => {
  const read = (bytes: Uint8Array, file: string): Uint8Array => unpackIdx(bytes, 3, file);
  const check = (unpacked: Uint8Array): void => {
    const [count, height, width] = [4, 8, 12].map((at) => new DataView(unpacked.buffer, unpacked.byteOffset).getUint32(at));
    assert.is(unpacked.length, 16 + count * height * width);
  };
  await fuzz({ name: "gzip", seeds: images.map((bytes) => gzipSync(bytes)), read, check }, rounds());
  // Changed before they are packed.
  await fuzz({ name: "idx in gzip", seeds: images, read: (bytes, file) => read(gzipSync(bytes), file), check }, rounds(2_000, 1_000_000));
});

test("CIFAR records", async () => {
  for (const [format, heads] of [
    [CIFAR10, 1],
    [CIFAR100_FINE, 2],
    [CIFAR100_COARSE, 2],
  ] as const)
    // prettier-ignore
    await fuzz(
      {
        name: format.name,
        seeds: [Uint8Array.from({ length: heads + 3072 }, (_, i) => (i < heads ? 5 + i : i & 255))],
        read: (bytes, file) => parseCifar(bytes, { format, file }),
        check: checkSet,
        largest: (bytes) => 8 * bytes.length + (1 << 20),
      },
      rounds(4_000),
    );
});

const member = (name: string, length: number, more: Partial<TarMember> = {}): TarMember => ({
  name,
  data: Uint8Array.from({ length }, (_, i) => i & 255),
  ...more,
});
const folder: TarMember = { name: "set/", type: "5" };
const wanted = new Map([
  ["a.bin", 700],
  ["b.bin", 512],
  ["c.bin", 0],
]);
const files = [member("set/a.bin", 700), member("set/b.bin", 512), member("set/c.bin", 0)];
const archives = [
  tar([folder, ...files]),
  tar(files),
  tar([member("PaxHeader", 30, { type: "g" }), folder, member("./set/readme.txt", 40), ...files]),
];

/** Gives every header block the checksum that it should have. */
function resum(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  for (let at = 0; at + 512 <= changed.length; at += 512) {
    const block = changed.subarray(at, at + 512);
    if (String.fromCharCode(...block.subarray(257, 262)) !== "ustar") continue;
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  }
  return changed;
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}

test("tar archives", () =>
  fuzz(
    {
      name: "tar",
      // Without the two empty blocks at the end, which a cut may take away and nothing is missing.
      seeds: archives.map((bytes) => bytes.subarray(0, bytes.length - 1024)),
      read: async (bytes, file) => {
        const found: TarPiece[] = [];
        for await (const piece of readTar(pieces(bytes), { file, folder: "set", files: wanted })) found.push(piece);
        return found;
      },
      repair: resum,
      check: (found: readonly TarPiece[]) => {
        const sizes = new Map([...wanted.keys()].map((name) => [name, 0]));
        for (const { name, at, size, bytes } of found) {
          assert.is(size, wanted.get(name));
          assert.is(at, sizes.get(name));
          sizes.set(name, at + bytes.length);
        }
        assert.equal(sizes, wanted);
      },
      tokens: ["../", "set/", "/etc/passwd", "set/a.bin", "\\", "ustar", "00000001274\0", "77777777777", "./"],
      refusesFlips: false, // contents are under no checksum here
    },
    rounds(),
  ));

const pictures = ["val_0.JPEG", "val_1.JPEG", "val_10.JPEG"];
const wnids = ["n00000001", "n00000002"];
const text = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));

test("lists of Tiny-ImageNet", async () => {
  await fuzz(
    {
      name: "wnids.txt",
      seeds: [text(wnids), text(["n99999999"])],
      read: parseWnids,
      check: (found: readonly string[]) => assert.ok(found.length > 0 && found.every((wnid) => /^n\d{8}$/.test(wnid))),
      tokens: ["n", "n00000003", "\n", "\r\n"],
      refusesCuts: false, // a cut after a line is a shorter list
    },
    rounds(5_000),
  );
  await fuzz(
    {
      name: "val_annotations.txt",
      seeds: [
        text([`val_1.JPEG\t${wnids[0]}\t0\t0\t7\t7`, `val_0.JPEG\t${wnids[1]}\t0\t0\t7\t7`, `val_10.JPEG\t${wnids[1]}\t0\t0\t7\t7`]),
        text(pictures.map((name) => `${name}\t${wnids[0]}`)),
      ],
      read: (bytes, file) => parseAnnotations(bytes, file, pictures, wnids),
      check: (labels: readonly number[]) => assert.ok(labels.length === 3 && labels.every((label) => label === 0 || label === 1)),
      tokens: ["\t", "\n", "../", "val_10.JPEG", "__proto__", "n00000003"],
      refusesCuts: false, // boxes are not read
    },
    rounds(5_000),
  );
});

test.run();
