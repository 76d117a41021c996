import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { GivenFile } from "../../ts/lab/given-data.ts";
import { MOST_ALL, MOST_FILE, recognize, recognizeMore } from "../../ts/lab/recognize.ts";
import { missingOf } from "../../ts/lab/standard-sets.ts";
import { RECORD } from "./set-writer.ts";

const test = suite("lab files");

/** A file that says it has so many bytes; nobody may read it. */
const sized = (path: string, size: number): GivenFile => ({
  path,
  file: { size, arrayBuffer: () => assert.unreachable("read"), stream: () => assert.unreachable("read") } as unknown as Blob,
});

/** What is said of files that are refused. */
function refusal(files: readonly GivenFile[]): string {
  try {
    recognize(files);
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was refused";
}

test("a file of 2 GB is refused by its size, unread", () => {
  assert.is(refusal([sized("all.bin", 2e9)]), "all.bin: 2.0 GB, wanted at most 536 MB a file");
  const many = Array.from({ length: 4 }, (_, i) => sized(`${i}.bin`, MOST_FILE));
  assert.is(refusal(many), `4 files: 2.1 GB, wanted at most ${(MOST_ALL / 1e9).toFixed(1)} GB in all`);
});

test("sets by name and size", () => {
  const kinds: [files: GivenFile[], dataset: string, count: number][] = [
    [[sized("cifar-10-binary.tar.gz", 1e8), sized("other.txt", 1)], "cifar10", 1],
    [[sized("x/cifar-100-binary.tar.gz", 1e8)], "cifar100", 1],
    ...["cifar-10-binary.tar", "cifar-10-binary.tar (1).gz", "cifar-10-binary(2).tar.gz"].map((name): [GivenFile[], string, number] => [
      [sized(name, 1e8)],
      "cifar10",
      1,
    ]),
    [[sized("data_batch_1 (1).bin", RECORD)], "cifar10", 1],
    [[sized("data_batch_1.bin", 10 * RECORD), sized("test_batch.bin", RECORD), sized(".DS_Store", 9)], "cifar10", 2],
    [[sized("train.bin", 3074)], "cifar100", 1],
    [[sized("train-images-idx3-ubyte.gz", 99), sized("train-labels-idx1-ubyte.gz", 9)], "mnist", 2],
    [[sized("train-images.idx3-ubyte", 99), sized("emnist-letters-train-labels-idx1-ubyte", 9)], "mnist", 1],
    [[sized("set/cat/1.png", 9), sized("set/dog/1.JPG", 9), sized("set/readme.txt", 9)], "image-folder", 2],
  ];
  for (const [files, dataset, count] of kinds) {
    const found = recognize(files);
    assert.is(found.dataset, dataset);
    assert.is(found.files.length, count, dataset);
  }
});

test("what is no set is named, with what is wanted", () => {
  const binary = (name: string, ten: string): string =>
    `${name}: a form that is for Python or Matlab, wanted the binary one, cifar-${ten}-binary.tar.gz`;
  const cases: [files: GivenFile[], said: string][] = [
    [[], "no file: nothing to train on, wanted CIFAR's .bin files"],
    [[sized("a.txt", 1), sized("b.txt", 1), sized("c", 1), sized("d", 1)], "a.txt, b.txt, c and 1 more:"],
    [[sized("cat.png", 9)], "(a folder a class, at least two of them)"],
    [[sized("all/cat.png", 9), sized("all/dog.png", 9)], "at least two of them"],
    [[sized("other.bin", 3072)], "other.bin: nothing to train on"],
    [[sized("data_batch_1.bin", 3072)], "data_batch_1.bin: 3072 bytes, wanted a whole number of records of 3073 bytes"],
    [[sized("data_batch_1.bin", RECORD), sized("test_batch.bin", 0)], "test_batch.bin: 0 bytes, wanted a whole number of records"],
    [[sized("train.bin", 3074), sized("test.bin", 9)], "test.bin: 9 bytes, wanted a whole number of records of 3074 bytes"],
    [[sized("cifar-10-python.tar.gz", 9)], binary("cifar-10-python", "10")],
    [[sized("cifar-100-matlab.tar (1).gz", 9)], binary("cifar-100-matlab", "100")],
    [[sized("x/cifar-10-batches-py/data_batch_1", 9)], binary("cifar-10-batches-py", "10")],
    [[sized("emnist-letters-train-images-idx3-ubyte.gz", 9)], "an idx file of another name, wanted names that begin as MNIST's do"],
  ];
  for (const [files, said] of cases) assert.match(refusal(files), said);
});

test("what is missing of a set, and what is more of it", () => {
  const [images, labels, testImages] = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"].map((name) =>
    sized(name, 99),
  );
  const t10k = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
  const one = recognize([images]);
  assert.equal(missingOf(one), { needed: ["train-labels-idx1-ubyte"], others: t10k, holdsOut: true });
  const two = recognizeMore(one, [labels]);
  assert.equal(two.files, [images, labels]);
  assert.equal(missingOf(two), { needed: [], others: t10k, holdsOut: true });
  assert.equal(missingOf(recognizeMore(two, [testImages])), { needed: ["t10k-labels-idx1-ubyte"], others: [], holdsOut: false });
  // The same file again is another set that begins.
  assert.equal(recognizeMore(two, [images, testImages]).files, [images, testImages]);

  const [first, second, judged, own] = ["data_batch_1.bin", "x/data_batch_2.bin", "test_batch.bin", "own.bin"].map((name) =>
    sized(name, RECORD),
  );
  const rest = [2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
  const batch = recognize([first]);
  assert.equal(missingOf(batch), { needed: [], others: [...rest, "test_batch.bin"], holdsOut: true });
  assert.equal(recognizeMore(batch, [second, judged]).files, [first, second, judged]);
  assert.is(missingOf(recognize([first, judged])).holdsOut, false);
  assert.equal(recognizeMore(batch, [own]).files, [own]);
  assert.equal(recognizeMore(batch, [sized("train.bin", 3074)]).dataset, "cifar100");
  assert.equal(recognizeMore({ kind: "shapes" }, [own]).files, [own]);
  assert.equal(missingOf(recognize([own])), { needed: [], others: [], holdsOut: true });
  for (const whole of ["cifar-10-binary.tar.gz", "cifar-100-binary.tar"])
    assert.equal(missingOf(recognize([sized(whole, 1e8)])), { needed: [], others: [], holdsOut: false });
  assert.throws(() => recognizeMore(batch, [sized("data_batch_2.bin", MOST_FILE + 1)]), /data_batch_2\.bin: 536 MB, wanted at most 536 MB/);
});

test.run();
