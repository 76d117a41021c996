// idx files as bytes: MNIST's form, and every way one can be wrong.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import { parseIdx, readIdxHeader } from "../../ts/data/idx.ts";

const idx = suite("idx");

function idxFile(sizes: readonly number[], data: ArrayLike<number>, magic = 0x800 + sizes.length): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  sizes.forEach((size, axis) => view.setUint32(4 + 4 * axis, size));
  bytes.set(data, 4 + 4 * sizes.length);
  return bytes;
}

const pixels = Uint8Array.from({ length: 24 }, (_, i) => i * 3);
const images = idxFile([2, 3, 4], pixels);
const labels = idxFile([2], [7, 0]);

function refusal(action: () => unknown): FormatError {
  try {
    action();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  return assert.unreachable("accepted") as never;
}

idx("reads images and labels, also from a view with an offset", () => {
  const padded = new Uint8Array(images.length + 3);
  padded.set(images, 3);
  const d = parseIdx(padded.subarray(3), labels);
  assert.equal([d.length, d.classes, d.image], [2, 10, { height: 3, width: 4, channels: 1 }]);
  assert.equal([...d.images], [...pixels]);
  assert.equal([...d.labels], [7, 0]);
  assert.equal([d.mean, d.std], [[0.1307], [0.3081]]);
  const letters = parseIdx(images, labels, { name: "letters", classes: 26, mean: [0.5], std: [0.25] });
  assert.equal([letters.name, letters.classes, letters.classNames[25], letters.mean], ["letters", 26, "25", [0.5]]);
});

idx("refuses another magic number, size or count", () => {
  const files = { imageFile: "i", labelFile: "l" };
  const cases: readonly [Uint8Array, Uint8Array, string][] = [
    [labels, labels, "i: 10 bytes at byte 0, wanted an idx header of 16 bytes"],
    [idxFile([2, 3, 4], pixels, 0xd03), labels, "i: magic number 0x00000d03 at byte 0, wanted 0x00000803 (idx bytes, rank 3)"],
    [images, images, "l: magic number 0x00000803 at byte 0, wanted 0x00000801 (idx bytes, rank 1)"],
    [images.subarray(0, 39), labels, "i: the file ends after 39 bytes at byte 39, wanted 40 bytes (header 16, data 2 x 3 x 4)"],
    [Uint8Array.of(...images, 0), labels, "i: the file goes on to 41 bytes at byte 40, wanted 40 bytes (header 16, data 2 x 3 x 4)"],
    [images, idxFile([3], [0, 0]), "l: the file ends after 10 bytes at byte 10, wanted 11 bytes (header 8, data 3)"],
    [images, idxFile([3], [0, 0, 0]), "l: 3 labels at byte 4, wanted 2, one for each image of i"],
    [images, idxFile([2], [9, 10]), "l: label 10 at byte 9, wanted 0 to 9"],
    [new Uint8Array(3), labels, "i: 3 bytes at byte 0, wanted an idx header of 16 bytes"],
  ];
  for (const [image, label, message] of cases) assert.is(refusal(() => parseIdx(image, label, files)).message, message);
});

idx("a header whose product is absurd is refused before anything is sized by it", () => {
  const lie = idxFile([0xffffffff, 0xffffffff, 0xffffffff], []);
  assert.match(
    refusal(() => readIdxHeader(lie, 3, "i")).message,
    /sizes 4294967295 x 4294967295 x 4294967295 at byte 4, wanted .* below 2\^53/,
  );
  assert.match(refusal(() => readIdxHeader(idxFile([5, 0, 4], []), 3, "i")).message, /sizes 5 x 0 x 4/);
  assert.is(refusal(() => parseIdx(idxFile([0xffffffff, 28, 28], []), labels)).offset, 16);
});

idx.run();
