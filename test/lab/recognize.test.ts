import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { resolveSettings } from "../../ts/cli/settings/settings.ts";
import { readFiles } from "../../ts/lab/data-files.ts";
import { openSource } from "../../ts/lab/data-source.ts";
import type { GivenFile } from "../../ts/lab/given-data.ts";
import { MOST_ALL, MOST_FILE, recognize } from "../../ts/lab/recognize.ts";

const test = suite("lab files");

/** A file that says it has so many bytes; nobody may read it. */
const sized = (path: string, size: number): GivenFile => ({
  path,
  file: { size, arrayBuffer: () => assert.unreachable("read"), stream: () => assert.unreachable("read") } as unknown as Blob,
});
const file = (path: string, bytes: Uint8Array): GivenFile => ({ path, file: new Blob([new Uint8Array(bytes)]) });

const RECORD = 3073;

/** CIFAR-10 records with labels 0, 1, 2, ... and the label in every pixel. */
function records(count: number): Uint8Array {
  const bytes = new Uint8Array(count * RECORD);
  for (let i = 0; i < count; i++) bytes.fill(i % 10, i * RECORD, (i + 1) * RECORD);
  return bytes;
}

/** An idx file of these sizes, its values counted up. */
function idx(sizes: readonly number[]): Uint8Array {
  const count = sizes.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(4 + 4 * sizes.length + count);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x800 + sizes.length);
  sizes.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  for (let i = 0; i < count; i++) bytes[4 + 4 * sizes.length + i] = i % 10;
  return bytes;
}

test("a file of 2 GB is refused by its size, unread", () => {
  assert.throws(() => recognize([sized("all.bin", 2e9)]), "all.bin: 2.0 GB, wanted at most 536 MB a file");
  const many = Array.from({ length: 4 }, (_, i) => sized(`${i}.bin`, MOST_FILE));
  assert.throws(() => recognize(many), `4 files: 2.1 GB, wanted at most ${(MOST_ALL / 1e9).toFixed(1)} GB in all`);
});

test("sets by name and size", () => {
  const kinds: [files: GivenFile[], dataset: string, count: number][] = [
    [[sized("cifar-10-binary.tar.gz", 1e8), sized("other.txt", 1)], "cifar10", 1],
    [[sized("x/cifar-100-binary.tar.gz", 1e8)], "cifar100", 1],
    [[sized("data_batch_1.bin", 10 * RECORD), sized("test_batch.bin", RECORD), sized(".DS_Store", 9)], "cifar10", 2],
    [[sized("train.bin", 3074)], "cifar100", 1],
    [[sized("train-images-idx3-ubyte.gz", 99), sized("train-labels-idx1-ubyte.gz", 9)], "mnist", 2],
    [[sized("set/cat/1.png", 9), sized("set/dog/1.JPG", 9), sized("set/readme.txt", 9)], "image-folder", 2],
  ];
  for (const [files, dataset, count] of kinds) {
    const found = recognize(files);
    assert.is(found.dataset, dataset);
    assert.is(found.files.length, count, dataset);
  }
});

test("what is no set is named, with what is wanted", () => {
  assert.throws(() => recognize([]), "no file: nothing to train on, wanted CIFAR's .bin files");
  assert.throws(() => recognize([sized("a.txt", 1), sized("b.txt", 1), sized("c", 1), sized("d", 1)]), "a.txt, b.txt, c and 1 more:");
  assert.throws(() => recognize([sized("cat.png", 9)]), "(a folder a class, at least two of them)");
  assert.throws(() => recognize([sized("all/cat.png", 9), sized("all/dog.png", 9)]), "at least two of them");
  assert.throws(() => recognize([sized("data_batch_1.bin", 3072)]), "nothing to train on");
});

test("CIFAR's records, in the order of their names, the test batch apart", async () => {
  const given = [file("b/test_batch.bin", records(10)), file("b/data_batch_2.bin", records(3)), file("b/data_batch_1.bin", records(20))];
  const settings = resolveSettings({ dataset: "cifar10", trainSamples: 21, batchSize: 16 });
  const { train, test: held } = await openSource(recognize(given), settings);
  assert.is(train.length, 21);
  assert.equal([...train.labels.subarray(18)], [8, 9, 0]);
  assert.is(held.length, 10);
  assert.equal([...train.get(20).image.subarray(0, 3)], [0, 0, 0]);
});

test("without a part to judge by, every sixth image is held out", async () => {
  const { train, test: held } = await readFiles(
    recognize([file("data_batch_1.bin", records(20))]),
    resolveSettings({ dataset: "cifar10" }),
  );
  assert.equal([...held.labels], [5, 1, 7]);
  assert.is(train.length, 17);
});

test("MNIST's files, packed and not; one of two is refused", async () => {
  const images = file("train-images-idx3-ubyte.gz", gzipSync(idx([12, 28, 28])));
  const labels = file("train-labels-idx1-ubyte", idx([12]));
  const settings = resolveSettings({ dataset: "mnist" });
  const { train, test: held } = await readFiles(recognize([images, labels]), settings);
  assert.equal([train.length, held.length, train.image.channels], [10, 2, 1]);
  const failing = async (files: GivenFile[]): Promise<string> => {
    try {
      await readFiles(recognize(files), settings);
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing was refused";
  };
  assert.match(await failing([images]), "train-images-idx3-ubyte.gz: one file of two, wanted images and labels, both");
  assert.match(await failing([file("train-images-idx3-ubyte.gz", new Uint8Array([1, 2, 3])), labels]), "damage");
});

test.run();
