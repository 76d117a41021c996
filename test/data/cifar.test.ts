// CIFAR records as bytes: planes to channels-last, both label bytes, and every way a file can be wrong.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CIFAR10, CIFAR100_COARSE, CIFAR100_FINE, parseCifar, type CifarFormat } from "../../ts/data/cifar.ts";
import { FormatError } from "../../ts/data/format-error.ts";

const cifar = suite("cifar");

/** Records whose pixel (record, plane, position) has a value of its own. */
function records(count: number, heads: readonly (readonly number[])[]): Uint8Array {
  const head = heads[0].length;
  const bytes = new Uint8Array(count * (head + 3072));
  for (let i = 0; i < count; i++) {
    bytes.set(heads[i], i * (head + 3072));
    for (let p = 0; p < 3072; p++) bytes[i * (head + 3072) + head + p] = pixel(i, Math.floor(p / 1024), p % 1024);
  }
  return bytes;
}

function pixel(record: number, plane: number, position: number): number {
  return (record * 97 + plane * 41 + position * 7 + (position >> 5)) & 255;
}

function refusal(action: () => unknown): FormatError {
  try {
    action();
  } catch (error) {
    assert.instance(error, FormatError);
    if (error instanceof FormatError) return error;
  }
  return assert.unreachable("accepted") as never;
}

function checkImages(images: ArrayLike<number>, count: number): void {
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    for (let p = 0; p < 1024; p++) {
      for (let c = 0; c < 3; c++) if (images[(i * 1024 + p) * 3 + c] !== pixel(i, c, p)) wrong++;
    }
  }
  assert.is(wrong, 0);
}

cifar("planes become channels-last pixels", () => {
  const d = parseCifar(records(3, [[9], [0], [4]]));
  assert.equal([d.length, d.classes, d.name, d.image], [3, 10, "cifar10", { height: 32, width: 32, channels: 3 }]);
  assert.equal([...d.labels], [9, 0, 4]);
  assert.is(d.classNames[9], "truck");
  checkImages(d.images, 3);
});

cifar("CIFAR-100 has a coarse and a fine label", () => {
  const bytes = records(2, [
    [19, 99],
    [3, 0],
  ]);
  const fine = parseCifar(bytes, { format: CIFAR100_FINE });
  const coarse = parseCifar(bytes, { format: CIFAR100_COARSE });
  assert.equal([[...fine.labels], fine.classes], [[99, 0], 100]);
  assert.equal([[...coarse.labels], coarse.classes], [[19, 3], 20]);
  checkImages(fine.images, 2);
  for (const d of [fine, coarse]) {
    assert.is(new Set(d.classNames).size, d.classes);
    assert.equal([...d.classNames].sort(), [...d.classNames]);
  }
});

cifar("anything but whole records is refused with file, offset, found and wanted", () => {
  const good = records(2, [[1], [2]]);
  const short = refusal(() => parseCifar(good.subarray(0, 6145), { file: "a.bin" }));
  assert.equal([short.file, short.offset], ["a.bin", 6145]);
  assert.is(short.message, "a.bin: the file ends after 6145 bytes at byte 6145, wanted 6146 bytes (2 records of 3073 bytes)");
  const long = refusal(() => parseCifar(Uint8Array.of(...good, 0), { file: "a.bin" }));
  assert.equal([long.offset, long.wanted], [6147, "9219 bytes (3 records of 3073 bytes)"]);
  assert.is(refusal(() => parseCifar(new Uint8Array(0))).wanted, "3073 bytes (1 records of 3073 bytes)");
  refusal(() => parseCifar(good, { format: CIFAR100_FINE }));
});

cifar("labels out of range are refused where they stand", () => {
  const cases: readonly [CifarFormat, readonly number[], number, string, string][] = [
    [CIFAR10, [10], 3073, "label 10 of record 1", "0 to 9"],
    [CIFAR10, [255], 3073, "label 255 of record 1", "0 to 9"],
    [CIFAR100_FINE, [20, 0], 3074, "coarse label 20 of record 1", "0 to 19"],
    [CIFAR100_COARSE, [0, 100], 3075, "fine label 100 of record 1", "0 to 99"],
  ];
  for (const [format, head, offset, found, wanted] of cases) {
    const error = refusal(() => parseCifar(records(2, [format.labels.map(() => 0), head]), { format, file: "b.bin" }));
    assert.equal([error.file, error.offset, error.found, error.wanted], ["b.bin", offset, found, wanted]);
  }
});

cifar.run();
