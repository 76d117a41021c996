// The standard sets from folders: whole, short, long, mislabeled, packed, in the wrong place.
import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../ts/data/format-error.ts";
import { readCifar10, readCifar100, readMnist } from "../../../ts/data/node/files.ts";

const files = suite("data files");
const root = mkdtempSync(join(tmpdir(), "perpend-files-"));
files.after(() => rmSync(root, { recursive: true }));

let folders = 0;
function folder(contents: Record<string, Uint8Array>): string {
  const dir = join(root, `f${folders++}`);
  for (const [name, bytes] of Object.entries(contents)) {
    mkdirSync(join(dir, name, ".."), { recursive: true });
    writeFileSync(join(dir, name), bytes);
  }
  mkdirSync(dir, { recursive: true });
  return dir;
}

async function refusal(promise: Promise<unknown>): Promise<FormatError> {
  const error = await promise.then(
    () => assert.unreachable("accepted") as never,
    (reason: unknown) => reason,
  );
  if (error instanceof FormatError) return error;
  throw error;
}

/** CIFAR records whose first pixel is the record's number plus `first`, as red. */
function records(count: number, first = 0, heads = [1]): Uint8Array {
  const size = heads.length + 3072;
  const bytes = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    bytes.set(heads, i * size);
    bytes[i * size + heads.length] = first + i;
  }
  return bytes;
}

const cifarNames = ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"];

function cifarFiles(prefix = ""): Record<string, Uint8Array> {
  return Object.fromEntries(cifarNames.map((name, i) => [prefix + name, records(2, i * 10, [i])]));
}

files("CIFAR-10: batches in order, in the folder or the one below it", async () => {
  for (const prefix of ["", "cifar-10-batches-bin/"]) {
    const { train, test } = await readCifar10({ dir: folder(cifarFiles(prefix)), anySize: true });
    assert.equal([train.length, test.length], [10, 2]);
    assert.equal([...train.labels], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    assert.equal(
      [0, 1, 2, 9].map((i) => train.get(i).image[0]),
      [0, 1, 10, 41],
    );
    assert.equal([...test.labels], [5, 5]);
    assert.is(test.get(1).image[0], 51);
  }
});

files("CIFAR-10: sizes are checked before anything is read", async () => {
  const dir = folder(cifarFiles());
  const path = join(dir, "data_batch_1.bin");
  assert.is(
    (await refusal(readCifar10({ dir }))).message,
    `${path}: the file ends after 6146 bytes at byte 6146, wanted 30730000 bytes (10000 records of 3073 bytes)`,
  );
  const last = join(dir, "test_batch.bin");
  writeFileSync(last, records(2).subarray(0, 6000));
  writeFileSync(path, records(2, 0, [200])); // a bad label, found only once sizes are right
  const short = await refusal(readCifar10({ dir, anySize: true }));
  assert.equal([short.file, short.offset, short.wanted], [last, 6000, "6146 bytes (2 records of 3073 bytes)"]);
  writeFileSync(last, records(2));
  const label = await refusal(readCifar10({ dir, anySize: true }));
  assert.equal([label.file, label.offset, label.found, label.wanted], [path, 0, "label 200 of record 0", "0 to 9"]);
});

files("CIFAR-10: a wrong folder is named with what it has", async () => {
  const { "data_batch_3.bin": _, ...rest } = cifarFiles();
  const missing = folder(rest);
  assert.is(
    (await refusal(readCifar10({ dir: missing, anySize: true }))).message,
    `${join(missing, "data_batch_3.bin")}: no such file, wanted ${cifarNames.join(", ")}`,
  );
  const other = folder({ "train.bin": records(1), "notes.txt": new Uint8Array(1) });
  assert.is(
    (await refusal(readCifar10({ dir: other }))).message,
    `${other}: the folder has notes.txt, train.bin, wanted ${cifarNames.join(", ")} there or in cifar-10-batches-bin`,
  );
  assert.match((await refusal(readCifar10({ dir: folder({}) }))).message, /the folder is empty, wanted data_batch_1.bin/);
  assert.match((await refusal(readCifar10({ dir: join(root, "nowhere") }))).message, /nowhere: no such folder, wanted/);
  assert.match((await refusal(readCifar10({ dir: join(other, "notes.txt") }))).message, /this is not a folder/);
  const inside = folder(cifarFiles());
  rmSync(join(inside, "test_batch.bin"));
  mkdirSync(join(inside, "test_batch.bin"));
  assert.match((await refusal(readCifar10({ dir: inside, anySize: true }))).message, /test_batch.bin: not a regular file/);
});

files("CIFAR-10: a link out of the folder is refused, one within it is followed", async () => {
  const outside = folder(cifarFiles());
  const linked = folder({});
  for (const name of cifarNames) symlinkSync(join(outside, name), join(linked, name));
  const file = await refusal(readCifar10({ dir: linked, anySize: true }));
  assert.is(file.file, join(linked, cifarNames[0]));
  assert.is(file.found, `a link that leads to ${join(realpathSync(outside), cifarNames[0])}`);
  assert.match(file.wanted, /^a file in .* \(or that folder named: .*\)$/);
  // The whole folder may be a link where it is the one that was named, and not where it lies in that.
  const named = join(root, "a-link");
  symlinkSync(outside, named);
  assert.is((await readCifar10({ dir: named, anySize: true })).train.length, 10);
  const above = folder({});
  symlinkSync(outside, join(above, "cifar-10-batches-bin"));
  assert.match((await refusal(readCifar10({ dir: above, anySize: true }))).found, /^a link that leads to /);
  const within = folder(cifarFiles("store/"));
  for (const name of cifarNames) symlinkSync(join("store", name), join(within, name));
  assert.is((await readCifar10({ dir: within, anySize: true })).test.length, 2);
});

files("CIFAR-10: a pipe in the place of a file is refused, not waited for", async () => {
  const dir = folder(cifarFiles());
  rmSync(join(dir, cifarNames[2]));
  if (spawnSync("mkfifo", [join(dir, cifarNames[2])]).status !== 0) return console.log("skipped: no mkfifo here");
  assert.is((await refusal(readCifar10({ dir, anySize: true }))).found, "not a regular file");
});

files("CIFAR-10: a file of terabytes that takes no space on the disk is refused", async () => {
  const dir = folder(cifarFiles());
  const records = Math.ceil(2 ** 42 / 3073);
  truncateSync(join(dir, cifarNames[1]), records * 3073);
  assert.match((await refusal(readCifar10({ dir, anySize: true }))).message, /\d{13} bytes, wanted at most 4294967296$/);
});

files("CIFAR-100: fine and coarse labels", async () => {
  const dir = folder({ "cifar-100-binary/train.bin": records(3, 0, [7, 77]), "cifar-100-binary/test.bin": records(1, 9, [8, 88]) });
  const fine = await readCifar100({ dir, anySize: true });
  assert.equal([[...fine.train.labels], [...fine.test.labels], fine.test.get(0).image[0]], [[77, 77, 77], [88], 9]);
  const coarse = await readCifar100({ dir, anySize: true, labels: "coarse" });
  assert.equal([[...coarse.train.labels], coarse.train.classes], [[7, 7, 7], 20]);
  assert.match((await refusal(readCifar100({ dir }))).wanted, /^153700000 bytes \(50000 records of 3074 bytes\)$/);
});

function idx(sizes: readonly number[], fill: (i: number) => number): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint32(0, 0x800 + sizes.length);
  sizes.forEach((size, axis) => header.setUint32(4 + 4 * axis, size));
  const total = sizes.reduce((a, b) => a * b);
  return Uint8Array.from([...new Uint8Array(header.buffer), ...Array.from({ length: total }, (_, i) => fill(i))]);
}

const mnist = {
  "train-images-idx3-ubyte": idx([4, 5, 6], (i) => i % 251),
  "train-labels-idx1-ubyte": idx([4], (i) => i),
  "t10k-images-idx3-ubyte": idx([2, 5, 6], (i) => (i * 3) % 251),
  "t10k-labels-idx1-ubyte": idx([2], (i) => 9 - i),
};

function packed(contents: Record<string, Uint8Array>): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));
}

files("MNIST: plain, packed and spelled with a dot", async () => {
  const dotted = Object.fromEntries(Object.entries(mnist).map(([name, bytes]) => [`MNIST/raw/${name.replace("-idx", ".idx")}`, bytes]));
  for (const contents of [mnist, packed(mnist), dotted]) {
    const { train, test } = await readMnist({ dir: folder(contents) });
    assert.equal([train.length, test.length, train.image], [4, 2, { height: 5, width: 6, channels: 1 }]);
    assert.equal(
      [...train.images],
      Array.from({ length: 120 }, (_, i) => i % 251),
    );
    assert.equal([...test.labels], [9, 8]);
  }
});

files("MNIST: wrong sizes, plain and packed", async () => {
  const images = mnist["train-images-idx3-ubyte"];
  const short = images.subarray(0, images.length - 1);
  const long = Uint8Array.of(...images, 0);
  for (const [bytes, offset] of [
    [short, images.length - 1],
    [long, images.length],
  ] as const) {
    for (const pack of [false, true]) {
      const contents = { ...mnist, "train-images-idx3-ubyte": bytes };
      const error = await refusal(readMnist({ dir: folder(pack ? packed(contents) : contents) }));
      assert.match(error.file, pack ? /train-images-idx3-ubyte\.gz \(unpacked\)$/ : /train-images-idx3-ubyte$/);
      assert.equal([error.offset, error.wanted], [offset, `${images.length} bytes (header 16, data 4 x 5 x 6)`]);
    }
  }
});

files("MNIST: a small file that unpacks to gigabytes is refused at its header or at the first byte too many", async () => {
  const claim = packed({ ...mnist, "train-images-idx3-ubyte": idx([4, 5, 6], () => 0) });
  const header = new Uint8Array(16);
  new DataView(header.buffer).setUint32(0, 0x803);
  for (const at of [4, 8, 12]) new DataView(header.buffer).setUint32(at, 2000);
  const lie = await refusal(readMnist({ dir: folder({ ...claim, "train-images-idx3-ubyte.gz": gzipSync(header) }) }));
  assert.match(lie.message, /sizes 2000 x 2000 x 2000 at byte 4, wanted at most \d+ bytes, what \d+ packed bytes can hold/);
  const bomb = new Uint8Array(64 << 20);
  bomb.set(idx([4, 5, 6], () => 0));
  const before = process.memoryUsage().arrayBuffers;
  const error = await refusal(readMnist({ dir: folder({ ...claim, "train-images-idx3-ubyte.gz": gzipSync(bomb) }) }));
  assert.is(error.offset, 136);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 << 20);
});

files("MNIST: nothing may stand behind the packed data", async () => {
  const contents = packed(mnist);
  const name = "train-images-idx3-ubyte.gz";
  const longer = Uint8Array.of(...contents[name], 0, 0, 0);
  const error = await refusal(readMnist({ dir: folder({ ...contents, [name]: longer }) }));
  assert.equal([error.offset, error.found, error.wanted], [contents[name].length, "3 bytes behind", "the end"]);
  // A second member is more data.
  const twice = Uint8Array.of(...contents[name], ...gzipSync(new Uint8Array(5)));
  assert.is((await refusal(readMnist({ dir: folder({ ...contents, [name]: twice }) }))).offset, 136);
});

files("MNIST: damaged and missing files", async () => {
  const contents = packed(mnist);
  const damaged = contents["train-images-idx3-ubyte.gz"].slice(0, -6);
  assert.match(
    (await refusal(readMnist({ dir: folder({ ...contents, "train-images-idx3-ubyte.gz": damaged }) }))).found,
    /^unpacking fails/,
  );
  const text = new TextEncoder().encode("<html>not found</html>");
  assert.match((await refusal(readMnist({ dir: folder({ ...contents, "train-images-idx3-ubyte.gz": text }) }))).found, /^unpacking fails/);
  const { "t10k-labels-idx1-ubyte.gz": _, ...rest } = contents;
  assert.match((await refusal(readMnist({ dir: folder(rest) }))).message, /t10k-labels-idx1-ubyte.gz: no such file/);
  assert.match((await refusal(readMnist({ dir: folder({}) }))).message, /the folder is empty, wanted train-images-idx3-ubyte/);
});

files.run();
