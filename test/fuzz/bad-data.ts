// Known-bad files of image sets, and folders with traps in them.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { CIFAR10, CIFAR100_FINE, parseCifar } from "../../ts/data/cifar.ts";
import { parseIdx, readIdxHeader } from "../../ts/data/idx.ts";
import { readCifar10, readMnist } from "../../ts/data/node/files.ts";
import { unpackIdx } from "../../ts/data/node/gzip.ts";
import { readTar } from "../../ts/data/tar.ts";
import { tar, type TarMember } from "../data/tar-writer.ts";
import { joined, u32, type BadFile } from "./bad-file.ts";

const images = joined(u32(0x803), u32(2), u32(2), u32(2), [1, 2, 3, 4, 5, 6, 7, 8]);
const labels = joined(u32(0x801), u32(2), [1, 2]);
const most = 0xffffffff;

const idx: readonly (readonly [name: string, images: Uint8Array, labels: Uint8Array, error: RegExp])[] = [
  [
    "a count that lies",
    joined(u32(0x803), u32(60000), u32(28), u32(28), [1, 2]),
    labels,
    /the file ends after 18 bytes at byte 18, wanted 47040016 bytes/,
  ],
  [
    "sizes whose product wraps 2^64",
    joined(u32(0x803), u32(most), u32(most), u32(most)),
    labels,
    /wanted sizes from 1 whose product is below 2\^53/,
  ],
  ["sizes of 0", joined(u32(0x803), u32(0), u32(28), u32(28)), labels, /sizes 0 x 28 x 28/],
  ["another rank", joined(u32(0x804), u32(2), u32(2), u32(2), u32(1), new Uint8Array(8)), labels, /magic number 0x00000804/],
  ["floats", joined(u32(0xd03), u32(2), u32(2), u32(2), new Uint8Array(32)), labels, /magic number 0x00000d03/],
  ["a header cut short", images.subarray(0, 15), labels, /15 bytes at byte 0, wanted an idx header of 16 bytes/],
  ["a byte too many", joined(images, [0]), labels, /the file goes on to 25 bytes/],
  ["fewer labels than images", images, joined(u32(0x801), u32(1), [1]), /1 labels at byte 4, wanted 2/],
  ["a label out of range", images, joined(u32(0x801), u32(2), [1, 200]), /label 200 at byte 9, wanted 0 to 9/],
];

const huge = joined(u32(0x803), u32(1000), u32(1000), u32(1000), new Uint8Array(1e6));
const packed: readonly (readonly [name: string, make: () => Uint8Array, error: RegExp])[] = [
  ["no gzip", () => images, /unpacking fails/],
  [
    "a gigabyte that is not there",
    () => gzipSync(huge),
    /^f \(unpacked\): sizes 1000 x 1000 x 1000 at byte 4, wanted at most \d+ bytes, what \d+ packed bytes can hold/,
  ],
  ["twenty megabytes behind 24 bytes", () => gzipSync(joined(images, new Uint8Array(2e7))), /the file goes on to 25 bytes at byte 24/],
  ["gzip in gzip", () => gzipSync(gzipSync(images)), /magic number 0x1f8b0800/],
  ["cut short", () => gzipSync(images).subarray(0, -9), /unpacking fails/],
  ["a wrong checksum", () => gzipSync(images).map((byte, at, all) => (at === all.length - 6 ? byte ^ 1 : byte)), /unpacking fails/],
  ["something behind", () => joined(gzipSync(images), [0, 0]), /2 bytes behind/],
  ["a second member", () => joined(gzipSync(images), gzipSync(images)), /the file goes on to 25 bytes/],
];

const record = new Uint8Array(3073);
const cifar: readonly BadFile[] = [
  { name: "CIFAR: a short record", read: () => parseCifar(record.subarray(1), { file: "f" }), error: /the file ends after 3072 bytes/ },
  { name: "CIFAR: nothing", read: () => parseCifar(new Uint8Array(0), { file: "f" }), error: /the file ends after 0 bytes/ },
  { name: "CIFAR: a label out of range", read: () => parseCifar(record.map((_, at) => (at === 0 ? 10 : 0)), { file: "f" }), error: /label 10 of record 0 at byte 0/ }, // prettier-ignore
  {
    name: "CIFAR: the other set's records",
    read: () => parseCifar(record, { file: "f", format: CIFAR100_FINE }),
    error: /wanted 3074 bytes/,
  },
  {
    name: "CIFAR: Python's pickles",
    read: () => parseCifar(joined([0x80, 2], "}q\x01U\x0bbatch_label"), { file: "f", format: CIFAR10 }),
    error: /the file ends after 18 bytes/,
  },
];

const data = new Uint8Array(700);
const folder: TarMember = { name: "set/", type: "5" };
const good: TarMember = { name: "set/a.bin", data };
const archives: readonly (readonly [
  name: string,
  members: readonly TarMember[],
  error: RegExp,
  change?: (bytes: Uint8Array) => Uint8Array,
])[] = [
  ["a path out of the folder", [{ ...good, name: "../a.bin" }], /file "\.\.\/a\.bin" at byte 0, wanted only files in set\//],
  ["a path through the folder and out", [{ ...good, name: "set/../../a.bin" }], /only files in set\//],
  ["an absolute path", [{ ...good, name: "/etc/passwd" }], /file "\/etc\/passwd"/],
  ["a path out by its prefix", [{ ...good, prefix: "../.." }], /file "\.\.\/\.\.\/set\/a\.bin"/],
  ["a path of another system", [{ ...good, name: "set\\..\\a.bin" }], /only files in set\//],
  ["a symbolic link", [{ name: "set/a.bin", type: "2", link: "/etc/passwd" }], /entry "set\/a\.bin" of type "2"/],
  ["a hard link", [{ name: "set/a.bin", type: "1", link: "/etc/passwd" }], /of type "1"/],
  ["a folder that is a link", [{ name: "set", type: "2", link: "/tmp" }, good], /entry "set" of type "2"/],
  ["a device", [{ name: "set/a.bin", type: "4" }], /of type "4"/],
  ["a pipe", [{ name: "set/a.bin", type: "6" }], /of type "6"/],
  ["a sparse file", [{ name: "set/a.bin", type: "S" }], /of type "S"/],
  ["a folder under a file's name", [{ name: "set/a.bin/", type: "5" }], /folder "set\/a\.bin\/"/],
  ["an old folder under a file's name", [{ ...good, name: "set/a.bin/" }], /as a regular file/],
  ["a long name", [{ name: "././@LongLink", type: "L", data }], /of type "L"/],
  [
    "8 GiB of another file",
    [{ name: "set/big", sizeField: "77777777777\0" }],
    /8589935103 bytes of other files at byte 0, wanted at most 1048576/,
  ],
  ["a size of base 256", [{ ...good, sizeField: "\x80\0\0\0\0\0\0\0\0\0\x02\xbc" }], /size field/],
  ["a negative size", [{ ...good, sizeField: "-0000001274\0" }], /size field/],
  ["a file twice", [folder, good, good], /a\.bin a second time/],
  ["a file of another size", [{ ...good, data: new Uint8Array(699) }], /a\.bin of 699 bytes at byte 0, wanted 700 bytes/],
  ["no file", [folder], /the end without a\.bin/],
  ["a wrong checksum", [good], /a header with checksum/, (bytes) => bytes.map((byte, at) => (at === 5 ? byte ^ 1 : byte))],
  ["half of it", [good], /the end in the middle of an entry/, (bytes) => bytes.subarray(0, 900)],
];

async function readArchive(bytes: Uint8Array): Promise<void> {
  const chunks = (async function* () {
    yield bytes;
  })();
  for await (const _piece of readTar(chunks, { file: "f", folder: "set", files: new Map([["a.bin", 700]]) }));
}

const names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
const batches = ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"];

const folders: readonly BadFile[] = [
  {
    name: "a data folder with a link to another file",
    read: (dir) => {
      for (const name of batches) symlinkSync("/etc/hostname", join(dir, name));
      return readCifar10({ dir, anySize: true });
    },
    error: /data_batch_1\.bin: (a link that leads to \/etc\/hostname, wanted a file in|no such file)/,
  },
  {
    name: "a data folder whose folder is a link",
    read: (dir) => {
      mkdirSync(join(dir, "elsewhere"));
      mkdirSync(join(dir, "data"));
      for (const name of batches) writeFileSync(join(dir, "elsewhere", name), record);
      symlinkSync(join(dir, "elsewhere"), join(dir, "data", "cifar-10-batches-bin"));
      return readCifar10({ dir: join(dir, "data"), anySize: true });
    },
    error:
      /data_batch_1\.bin: a link that leads to .*elsewhere\/data_batch_1\.bin, wanted a file in .*data \(or that folder named: .*elsewhere\)/,
  },
  {
    name: "a data folder with folders for files",
    read: (dir) => {
      for (const name of names) mkdirSync(join(dir, name));
      return readMnist({ dir });
    },
    error: /train-images-idx3-ubyte: not a regular file/,
  },
  {
    name: "a data folder with a file that is not whole",
    read: (dir) => {
      for (const [index, name] of names.entries()) writeFileSync(join(dir, name), index % 2 === 0 ? images.subarray(0, 20) : labels);
      return readMnist({ dir });
    },
    error: /train-images-idx3-ubyte: the file ends after 20 bytes/,
  },
];

export const badData: readonly BadFile[] = [
  ...idx.map(([name, image, label, error]) => ({ name: `idx: ${name}`, read: () => parseIdx(image, label), error })),
  { name: "idx: a rank of labels for images", read: () => readIdxHeader(labels, 3, "f"), error: /10 bytes at byte 0/ },
  ...packed.map(([name, make, error]) => ({ name: `gzip: ${name}`, read: () => unpackIdx(make(), 3, "f"), error })),
  ...cifar,
  ...archives.map(([name, members, error, change]) => ({
    name: `tar: ${name}`,
    read: () => readArchive((change ?? ((bytes) => bytes))(tar(members))),
    error,
  })),
  ...folders,
];
