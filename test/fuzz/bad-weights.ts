// Known-bad safetensors files and checkpoints.
import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeCheckpoint, encodeCheckpoint } from "../../ts/train/checkpoint-format.ts";
import { readCheckpoint } from "../../ts/train/node/checkpoint-file.ts";
import { decodeSafetensors } from "../../ts/train/safetensors.ts";
import { joined, u64, utf8, type BadFile } from "./bad-file.ts";

const FOUR = [0, 0, 0, 0];
const GOOD = '"dtype":"F32","shape":[1],"data_offsets":[0,4]';

/** A file with this header, and a length field that may say something else. */
function withHeader(header: string, data: readonly number[] = [], length: number | bigint = utf8(header).length): Uint8Array {
  return joined(u64(length), header, data);
}

const tensor = (fields: string, data: readonly number[] = FOUR): Uint8Array => withHeader(`{"t":{${fields}}}`, data);
const two = (a: string, b: string, data: readonly number[] = FOUR): Uint8Array =>
  withHeader(`{"a":{"dtype":"U8","shape":[2],"data_offsets":${a}},"b":{"dtype":"U8","shape":[2],"data_offsets":${b}}}`, data);

const weights: readonly (readonly [name: string, make: () => Uint8Array, error: RegExp])[] = [
  ["nothing", () => new Uint8Array(0), /the end at byte 0, wanted 8 bytes of header length/],
  ["half a length", () => new Uint8Array(4), /the end at byte 4/],
  ["a header of 100 MB", () => withHeader("{}", [], 100e6), /a header of 100000000 bytes at byte 0, wanted 2 to 2/],
  ["a header of 100 MB that is there", () => joined(u64(100e6), new Uint8Array(17e6).fill(0x20)), /wanted 2 to 16777216, the limit/],
  ["a header of 2^64 - 1 bytes", () => withHeader("{}", [], 2n ** 64n - 1n), /a header of 18446744073709552000 bytes/],
  ["a header of 2^63 + 2 bytes", () => withHeader("{}", [], 2n ** 63n + 2n), /a header of 9223372036854776000 bytes/],
  ["a header of no bytes", () => withHeader("{}", [], 0), /a header of 0 bytes/],
  [
    "100,001 tensors",
    () => withHeader(`{${Array.from({ length: 100_001 }, (_, i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`).join(",")}}`),
    /100001 tensors/,
  ],
  ["lists of 16 MB", () => withHeader(`{"t":[${"[],".repeat(5e6)}[]]}`), /one value more at byte \d+, wanted at most 1400014 values/],
  ["100,000 lists in each other", () => withHeader(`{"t":${"[".repeat(1e5)}`), /one level more/],
  ["a shape that wraps 2^64 to 4 bytes", () => tensor('"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]'), /t\.shape/],
  [
    "a product that wraps 2^64 to 0",
    () => tensor('"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]', []),
    /at most 2\^53 - 1 bytes/,
  ],
  ["a product of 2^53", () => tensor('"dtype":"F32","shape":[2251799813685248],"data_offsets":[0,4]'), /at most 2\^53/],
  ["a huge product behind a 0", () => tensor('"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]', []), /at most 2\^53/],
  ["rank 9", () => tensor('"dtype":"U8","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,4]'), /t\.shape at byte 9, wanted at most 8/],
  [
    "a rank of a million",
    () => tensor(`"dtype":"U8","shape":[${"1,".repeat(1e6)}4],"data_offsets":[0,4]`),
    /t\.shape at byte 9, wanted at most 8/,
  ],
  ["a negative size", () => tensor('"dtype":"U8","shape":[-4],"data_offsets":[0,4]'), /t\.shape/],
  ["a size of 1e308 * 10", () => tensor('"dtype":"U8","shape":[1e309],"data_offsets":[0,4]'), /1e309 at byte \d+, wanted a number below/],
  ["NaN for a size", () => tensor('"dtype":"U8","shape":[NaN],"data_offsets":[0,4]'), /"N" at byte \d+/],
  ["one more than the data has", () => tensor(GOOD, [0, 0, 0]), /3 bytes of data at byte \d+, wanted the 4/],
  ["less than the data has", () => tensor(GOOD, [0, 0, 0, 0, 0]), /5 bytes of data/],
  ["two tensors in one place", () => two("[0,2]", "[0,2]", [0, 0]), /an overlap before tensor b/],
  ["two that overlap", () => two("[0,2]", "[1,3]"), /an overlap before tensor b at 1/],
  [
    "an empty one within another",
    () => withHeader('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"e":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}', FOUR),
    /an overlap before tensor e at 2/,
  ],
  ["a hole", () => two("[0,2]", "[3,5]", [0, 0, 0, 0, 0]), /a hole before tensor b at 3/],
  ["offsets the wrong way round", () => tensor('"dtype":"U8","shape":[4],"data_offsets":[4,0]'), /data_offsets/],
  ["a name twice", () => withHeader(`{"t":{${GOOD}},"t":{${GOOD}}}`, FOUR), /key "t" a second time/],
  ["a name twice, spelled in two ways", () => withHeader(`{"t":{${GOOD}},"\\u0074":{${GOOD}}}`, FOUR), /key "t" a second time/],
  ["a field twice", () => tensor(`"shape":[9],${GOOD}`), /key "shape" a second time/],
  ["__proto__ for a tensor", () => withHeader(`{"__proto__":{${GOOD}}}`, FOUR), /a key named __proto__/],
  ["__proto__ in metadata", () => withHeader('{"__metadata__":{"__proto__":"polluted"}}'), /a key named __proto__/],
  ["__proto__ in a tensor", () => tensor(`${GOOD},"__proto__":{"polluted":1}`), /a key named __proto__/],
  ["a type of a prototype", () => tensor('"dtype":"toString","shape":[1],"data_offsets":[0,4]'), /dtype "toString"/],
  ["a path to outside data", () => tensor(`${GOOD},"external_data":"../../etc/passwd"`), /field t\.external_data/],
  ["half a surrogate pair", () => withHeader(`{"\\ud800":{${GOOD}}}`, FOUR), /half a surrogate pair/],
  ["no UTF-8", () => joined(u64(6), '{"', [0xff], '":1}'), /not UTF-8/],
  ["a pickle", () => joined([0x80, 2], "ctorch._utils\n_rebuild_tensor_v2\nq\0"), /a header of \d+ bytes at byte 0/],
  [
    "a name that clears the screen",
    () => withHeader('{"\\u001b[2J\\u001b]0;x\\u0007":1}'),
    /tensor \\u001b\[2J\\u001b\]0;x\\u0007 without description/,
  ],
  ["a name of a megabyte", () => withHeader(`{"${"x".repeat(1e6)}":1}`), /tensor x{900,}\.\.\. \(10000\d\d characters\)/],
];

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const sound = (): Uint8Array =>
  encodeCheckpoint(
    { tensors: new Map([["w", { shape: [64], values: new Float32Array(64) }]]), state: { step: 1, also: 2, protozoan: 3 } },
    hash,
  );

/** The sound one with another text in its header, of the same length, and a hash that fits. */
function forged(from: string, to: string): Uint8Array {
  const bytes = sound();
  const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const text = Buffer.from(bytes.subarray(8, end)).toString("latin1");
  if (!text.includes(from) || from.length !== to.length) throw new Error(`${from} for ${to}`);
  const start = '{"__metadata__":{"sha256":"'.length;
  bytes.set(utf8(text.replace(from, to)), 8);
  bytes.set(utf8("0".repeat(64)), 8 + start);
  bytes.set(utf8(hash(bytes.subarray(0, end))), 8 + start);
  return bytes;
}

const checkpoints: typeof weights = [
  ["weights alone", () => tensor(GOOD), /no hash in front at byte 8, wanted a perpend checkpoint/],
  ["cut in the middle", () => sound().subarray(0, 300), /wanted 2 to 292, what the file holds/],
  ["without its last byte", () => sound().slice(0, -1), /255 bytes of data/],
  ["a byte behind", () => joined(sound(), [0]), /257 bytes of data/],
  [
    "a flipped weight",
    () => sound().map((byte, at, all) => (at === all.length - 9 ? byte ^ 1 : byte)),
    /tensor w of SHA-256 [0-9a-f]{64} .*: the file is damaged/,
  ],
  ["a flipped state", () => sound().map((byte, at) => (at === 160 ? byte ^ 1 : byte)), /a header of SHA-256 .*: the file is damaged/],
  ["of a later version", () => forged("perpend checkpoint 1", "perpend checkpoint 9"), /format "perpend checkpoint 9"/],
  ["a state with a key twice", () => forged('\\"also\\"', '\\"step\\"'), /key "step" a second time in __metadata__\.state/],
  ["a state with __proto__ in it", () => forged("protozoan", "__proto__"), /a key named __proto__ in __metadata__\.state/],
  [
    "a state that is a list",
    () => forged('{\\"step\\":1,\\"also\\":2,\\"protozoan\\":3}', '[\\"step\\",1,\\"also\\",2,\\"protozoan\\",3]'),
    /no state/,
  ],
  ["hashes of no tensor", () => forged('[[\\"w\\",', '[[\\"v\\",'), /1 hashes at byte 8, wanted one for each of 1 tensors/],
  ["hashes that are no list of pairs", () => forged('[[\\"w\\",', "[[11111,"), /hash 0, which is no name/],
];

const files: readonly BadFile[] = [
  {
    name: "a checkpoint that is a folder",
    read: (folder) => readCheckpoint(folder),
    error: /not a regular file, wanted a checkpoint$/,
  },
  {
    name: "a checkpoint that is a device",
    read: () => readCheckpoint("/dev/zero"),
    error: /\/dev\/zero: (not a regular file|no such file)/,
  },
  {
    name: "a checkpoint that leads to itself",
    read: (folder) => {
      symlinkSync("c", join(folder, "c"));
      return readCheckpoint(join(folder, "c"));
    },
    error: /links that lead in a circle/,
  },
  {
    name: "a checkpoint of a terabyte that takes no space",
    read: (folder) => {
      mkdirSync(join(folder, "x"));
      const path = join(folder, "x", "c");
      writeFileSync(path, sound());
      truncateSync(path, 2 ** 40);
      return readCheckpoint(path);
    },
    error: /1099511627776 bytes, wanted at most 4294967296/,
  },
  {
    name: "a checkpoint of three gigabytes whose header says less",
    read: (folder) => {
      const path = join(folder, "c");
      writeFileSync(path, sound());
      truncateSync(path, 3 * 2 ** 30);
      return readCheckpoint(path);
    },
    error: /\d+ bytes of data at byte \d+, wanted the 256 that the header states/,
  },
];

export const badWeights: readonly BadFile[] = [
  ...weights.map(([name, make, error]) => ({ name: `safetensors: ${name}`, read: () => decodeSafetensors(make(), "f"), error })),
  ...checkpoints.map(([name, make, error]) => ({ name: `checkpoint: ${name}`, read: () => decodeCheckpoint(make(), "f", hash), error })),
  ...files,
];
