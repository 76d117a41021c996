// Sets read from files that a person gave to the page, by the code that browsers run: what they come to, and what is refused and how.
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { resolveSettings } from "../../ts/cli/settings/settings.ts";
import { FormatError } from "../../ts/data/index.ts";
import { readFiles } from "../../ts/lab/data-files.ts";
import { openSource } from "../../ts/lab/data-source.ts";
import type { GivenFile } from "../../ts/lab/given-data.ts";
import { recognize } from "../../ts/lab/recognize.ts";
import type { TarMember } from "../data/tar-writer.ts";
import { archive, cifar10Members, idx, records } from "./set-writer.ts";

const test = suite("lab data files");

const file = (path: string, bytes: Uint8Array): GivenFile => ({ path, file: new Blob([new Uint8Array(bytes)]) });

/** The FormatError of files that are taken for a set and then refused. */
async function failing(files: readonly GivenFile[]): Promise<string> {
  const source = recognize(files);
  try {
    await readFiles(source, resolveSettings({ dataset: source.dataset }));
  } catch (error) {
    assert.instance(error, FormatError);
    return (error as Error).message;
  }
  return "nothing was refused";
}

test("CIFAR's records, in the order of their names, the test batch apart", async () => {
  const given = [file("b/test_batch.bin", records(10)), file("b/data_batch_2.bin", records(3)), file("b/data_batch_1.bin", records(20))];
  const settings = resolveSettings({ dataset: "cifar10", trainSamples: 21, batchSize: 16 });
  const { train, test: held } = await openSource(recognize(given), settings);
  assert.is(train.length, 21);
  assert.equal([...train.labels.subarray(18)], [8, 9, 0]);
  assert.is(held.length, 10);
  assert.equal([...train.get(20).image.subarray(0, 3)], [20, 0, 0]);
});

test("without a part to judge by, every sixth image is held out", async () => {
  const { train, test: held } = await readFiles(
    recognize([file("data_batch_1.bin", records(20))]),
    resolveSettings({ dataset: "cifar10" }),
  );
  assert.equal([...held.labels], [5, 1, 7]);
  assert.is(train.length, 17);
});

test("a label that is none is refused by its file", async () => {
  const wrong = records(3);
  wrong[2 * 3073] = 10;
  assert.is(
    await failing([file("data_batch_1.bin", records(2)), file("test_batch.bin", wrong)]),
    "test_batch.bin: label 10 of record 2 at byte 6146, wanted 0 to 9",
  );
});

test("MNIST's files, packed and not; one of two is refused", async () => {
  const images = file("train-images-idx3-ubyte.gz", gzipSync(idx([12, 28, 28])));
  const labels = file("train-labels-idx1-ubyte", idx([12]));
  const { train, test: held } = await readFiles(recognize([images, labels]), resolveSettings({ dataset: "mnist" }));
  assert.equal([train.length, held.length, train.image.channels], [10, 2, 1]);
  assert.equal([...train.get(6).image.subarray(0, 3)], [8, 9, 0]);
  assert.equal([...train.labels], [0, 1, 2, 3, 4, 6, 7, 8, 9, 0]);
  assert.match(await failing([images]), "train-images-idx3-ubyte.gz: one file of two, wanted images and labels, both");
});

test("idx files whose length is not what their header says are refused, before memory is taken for what cannot be true", async () => {
  const labels = file("train-labels-idx1-ubyte", idx([12]));
  const whole = idx([12, 28, 28]);
  const huge = idx([12, 28, 28]);
  new DataView(huge.buffer).setUint32(4, 1_000_000);
  const packed = (bytes: Uint8Array): GivenFile => file("train-images-idx3-ubyte.gz", gzipSync(bytes));
  const plain = (bytes: Uint8Array): GivenFile => file("train-images-idx3-ubyte", bytes);
  const within = "train-images-idx3-ubyte.gz (unpacked)";
  const cases: [images: GivenFile, said: string | RegExp][] = [
    [file("train-images-idx3-ubyte.gz", new Uint8Array([1, 2, 3])), "train-images-idx3-ubyte.gz: damage, wanted a whole gzip file"],
    [file("train-images-idx3-ubyte.gz", gzipSync(whole).subarray(0, 60)), "train-images-idx3-ubyte.gz: damage, wanted a whole gzip file"],
    [packed(huge), /\(unpacked\): sizes 1000000 x 28 x 28 at byte 4, wanted at most \d+ bytes, what \d+ packed bytes can hold$/],
    [packed(whole.subarray(0, 1000)), `${within}: the file ends after 1000 bytes at byte 1000, wanted 9424 bytes`],
    [packed(new Uint8Array([...whole, 7])), `${within}: the file goes on to 9425 bytes at byte 9424, wanted 9424 bytes`],
    [packed(whole.subarray(0, 5)), `${within}: 5 bytes at byte 0, wanted an idx header of 16 bytes`],
    [plain(huge), "train-images-idx3-ubyte: the file ends after 9424 bytes at byte 9424, wanted 784000016 bytes"],
    [plain(new Uint8Array(0)), "train-images-idx3-ubyte: 0 bytes at byte 0, wanted an idx header of 16 bytes"],
    [plain(idx([12])), "train-images-idx3-ubyte: magic number 0x00000801 at byte 0, wanted 0x00000803"],
  ];
  for (const [images, said] of cases) assert.match(await failing([images, labels]), said);
});

test("an archive that is not CIFAR's is refused by what is wrong with it", async () => {
  const members = cifar10Members();
  const [folder, text, ...batches] = members;
  const given = (some: readonly TarMember[], name = "cifar-10-binary.tar"): GivenFile[] => [file(name, archive(some))];
  const few = cifar10Members({ "data_batch_1.bin": 2 });
  assert.match(await failing(given(few.slice(0, 3))), "data_batch_1.bin of 6146 bytes at byte 1536, wanted 30730000 bytes");
  assert.match(
    await failing(given([folder, text])),
    "cifar-10-binary.tar: the end without data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin, test_batch.bin",
  );
  assert.match(await failing(given([folder, batches[0]])), "the end without data_batch_2.bin, ");
  assert.match(
    await failing(given([{ name: "cifar-10-batches-bin/../x" }])),
    'file "cifar-10-batches-bin/../x" at byte 0, wanted only files in',
  );
  assert.match(await failing(given([{ name: "cifar-10-batches-bin/test_batch.bin", type: "2", link: "/etc/passwd" }])), 'of type "2"');
  const cut = archive([folder, batches[0]]).subarray(0, 100_000);
  assert.match(
    await failing([file("cifar-10-binary.tar", cut)]),
    "the end in the middle of an entry at byte 100000, wanted a whole archive",
  );
  const packed = gzipSync(archive([folder, batches[0]]), { level: 1 });
  assert.match(await failing([file("cifar-10-binary.tar.gz", packed.subarray(0, 2000))]), "cifar-10-binary.tar.gz: damage, wanted a whole");
  assert.match(await failing([file("cifar-10-binary.tar.gz", records(3))]), "cifar-10-binary.tar.gz: damage, wanted a whole gzip file");
  assert.match(await failing([file("cifar-10-binary.tar", records(1))]), "a header with checksum");
  const wrong = records(10_000);
  wrong[3073] = 77;
  assert.match(
    await failing(given([folder, { name: "cifar-10-batches-bin/data_batch_1.bin", data: wrong }])),
    "data_batch_1.bin in cifar-10-binary.tar: label 77 of record 1 at byte 3073, wanted 0 to 9",
  );
});

test.run();
