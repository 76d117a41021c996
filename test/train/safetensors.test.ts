import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import { decodeSafetensors, dtypeOf, encodeSafetensors, MAX_HEADER_BYTES, type StoredTensor } from "../../ts/train/safetensors.ts";

const test = suite("safetensors");

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A file with this header text and data. */
function fileOf(header: string, data: ArrayLike<number> = [], headerLength?: number): Uint8Array {
  const text = utf8(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

function errorOf(bytes: Uint8Array): FormatError {
  try {
    decodeSafetensors(bytes, "x.safetensors");
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error("accepted");
}

const tensors = (): Map<string, StoredTensor> =>
  new Map<string, StoredTensor>([
    ["stem.weight", { shape: [2, 3], values: new Float32Array([1, -2, 3.5, 0, Infinity, 1e-40]) }],
    ["empty", { shape: [0, 4], values: new Float32Array(0) }],
    ["constructor", { shape: [3], values: new Uint8Array([7, 8, 9]) }],
    ["double", { shape: [], values: new Float64Array([Math.PI]) }],
    ["long", { shape: [1], values: new BigInt64Array([-(2n ** 62n)]) }],
    ["int", { shape: [2, 1, 1, 1, 1, 1, 1, 1], values: new Int32Array([-5, 5]) }],
    ['name "with" é', { shape: [1], values: new Float32Array([42]) }],
  ]);

test("writes the published layout, byte by byte", () => {
  const bytes = encodeSafetensors([["w", { shape: [2], values: new Float32Array([1, -2]) }]], [["format", "pt"]]);
  const header = '{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  assert.equal(bytes, fileOf(padded, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]));
});

test("reads back every type, shape and name, aligned or not", () => {
  const metadata = new Map([["format", "pt"], ["constructor", "x"]]); // prettier-ignore
  const bytes = encodeSafetensors(tensors(), metadata);
  for (let shift = 0; shift < 8; shift++) {
    const moved = new Uint8Array(bytes.length + shift).subarray(shift);
    moved.set(bytes);
    const file = decodeSafetensors(moved, "x");
    assert.equal([...file.metadata], [...metadata]);
    assert.equal([...file.tensors.keys()].sort(), [...tensors().keys()].sort());
    for (const [name, { shape, values }] of tensors()) {
      const read = file.tensors.get(name);
      assert.equal(read?.shape, shape, name);
      assert.equal(read?.values, values, name);
      assert.is(read && dtypeOf(read.values), dtypeOf(values));
    }
  }
});

test("writes one NaN for all NaNs", () => {
  const odd = new Float32Array(new Uint32Array([0xffc00001, 0x7f800001]).buffer);
  const plain = new Float32Array(new Uint32Array([0x7fc00000, 0x7fc00000]).buffer);
  const encode = (values: Float32Array): Uint8Array => encodeSafetensors([["w", { shape: [2], values }]]);
  assert.equal(encode(odd), encode(plain));
});

test("refuses to write what it would not read", () => {
  const one = { shape: [1], values: new Float32Array(1) };
  assert.throws(() => encodeSafetensors([["a", one], ["a", one]]), /the name "a" is taken/); // prettier-ignore
  assert.throws(() => encodeSafetensors([["__metadata__", one]]), /is taken/);
  assert.throws(() => encodeSafetensors([["__proto__", one]]), /is taken/);
  assert.throws(() => encodeSafetensors([], [["__proto__", "a"]]), /a metadata key __proto__/);
  assert.throws(() => encodeSafetensors([["a", { shape: [2], values: one.values }]]), /a has 1 values, its shape \[2\] wants 2/);
  assert.throws(() => encodeSafetensors([["a", { ...one, shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] }]]), /rank 9, wanted at most 8/);
  assert.throws(() => encodeSafetensors([], [["k", "a"], ["k", "b"]]), /metadata key twice/); // prettier-ignore
});

test("refuses every known kind of bad file, with the byte", () => {
  const tensor = (fields: string): string => `{"t":{${fields}}}`;
  const good = '"dtype":"F32","shape":[1],"data_offsets":[0,4]';
  assert.is(decodeSafetensors(fileOf(tensor(good), [0, 0, 0, 0]), "x").tensors.size, 1);
  const four = [0, 0, 0, 0];
  const two = (a: string, b: string): string =>
    `{"a":{"dtype":"U8","shape":[2],"data_offsets":${a}},"b":{"dtype":"U8","shape":[2],"data_offsets":${b}}}`;
  assert.is(decodeSafetensors(fileOf(two("[2,4]", "[0,2]"), four), "x").tensors.size, 2);
  const bad: [string, Uint8Array, RegExp][] = [
    ["short length field", new Uint8Array(7), /^x\.safetensors: the end at byte 7, wanted 8 bytes of header length$/],
    ["header longer than the file", fileOf("{}", [], 3), /a header of 3 bytes at byte 0, wanted 2 to 2, what the file holds/],
    ["header of 2^63 bytes", fileOf("{}", [], 2 ** 63), /a header of 9223372036854776000 bytes at byte 0/],
    ["header of one byte", fileOf("{", [], 1), /a header of 1 bytes/],
    ["header over the limit", new Uint8Array(MAX_HEADER_BYTES + 100).fill(0x20), /wanted 2 to 16777216, the limit/],
    ["no brace", fileOf(" {}"), /byte 32 at byte 8, wanted "\{"/],
    ["broken JSON", fileOf('{"t":}'), /at byte 13, wanted a JSON value/],
    ["NaN", fileOf('{"t":NaN}'), /at byte 13/],
    ["text behind", fileOf("{}{}"), /at byte 10, wanted the end/],
    ["name twice", fileOf(`{"t":{${good}},"t":{${good}}}`, four), /key "t" a second time/],
    ["field twice", fileOf(tensor(`"dtype":"U8",${good}`), four), /key "dtype" a second time/],
    ["metadata twice", fileOf('{"__metadata__":{},"__metadata__":{}}'), /a second time/],
    ["metadata no object", fileOf('{"__metadata__":[]}'), /__metadata__ that is no object/],
    ["metadata null", fileOf('{"__metadata__":null}'), /__metadata__ that is no object/],
    ["metadata number", fileOf('{"__metadata__":{"a":1}}'), /__metadata__\.a that is no string/],
    ["no description", fileOf('{"t":1}'), /tensor t without description at byte 9/],
    ["unknown field", fileOf(tensor(`${good},"x":1`), four), /t\.x at byte 9/],
    [
      "unknown dtype",
      fileOf(tensor('"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]'), four),
      /dtype "F8_E4M3".*wanted F32, F64, I32, I64, U8, F16, BF16/,
    ],
    ["dtype of a prototype", fileOf(tensor('"dtype":"constructor","shape":[1],"data_offsets":[0,4]'), four), /dtype "constructor"/],
    ["no dtype", fileOf(tensor('"shape":[1],"data_offsets":[0,4]'), four), /t\.dtype that is no string/],
    ["no shape", fileOf(tensor('"dtype":"F32","data_offsets":[0,4]'), four), /t\.shape/],
    ["negative size", fileOf(tensor('"dtype":"F32","shape":[-1],"data_offsets":[0,4]'), four), /t\.shape/],
    ["fraction", fileOf(tensor('"dtype":"F32","shape":[1.5],"data_offsets":[0,4]'), four), /t\.shape/],
    ["rank 9", fileOf(tensor('"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]'), four), /at most 8/],
    ["size over 2^53", fileOf(tensor('"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]'), four), /t\.shape/],
    ["product wraps 2^64", fileOf(tensor('"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]')), /at most 2\^53 - 1 bytes/],
    ["product hidden by 0", fileOf(tensor('"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]')), /at most 2\^53/],
    ["0 before the product", fileOf(tensor('"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]')), /at most 2\^53/],
    ["__proto__", fileOf(`{"__proto__":{${good}}}`, four), /a key named __proto__ at byte 9/],
    ["__proto__ in metadata", fileOf('{"__metadata__":{"__proto__":"x"}}'), /a key named __proto__/],
    ["lists in lists", fileOf(`{"t":${"[".repeat(100)}`), /one level more/],
    ["dtype a list", fileOf(tensor('"dtype":["F32"],"shape":[1],"data_offsets":[0,4]'), four), /dtype that is no string/],
    [
      "empty tensor within another",
      fileOf('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"e":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}', four),
      /an overlap before tensor e at 2/,
    ],
    ["colors of a terminal", fileOf('{"\\u001b[31mred":1}'), /^x\.safetensors: tensor \\u001b\[31mred without description/],
    [
      "wrong size",
      fileOf(tensor('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), four),
      /t of 4 bytes at byte 9, wanted 8 for F32 \[2\]/,
    ],
    ["three offsets", fileOf(tensor('"dtype":"F32","shape":[1],"data_offsets":[0,4,4]'), four), /data_offsets/],
    ["offsets descend", fileOf(tensor('"dtype":"F32","shape":[1],"data_offsets":[4,0]'), four), /data_offsets/],
    ["data missing", fileOf(tensor(good), [0, 0, 0]), /3 bytes of data at byte \d+, wanted the 4/],
    ["data left over", fileOf(tensor(good), [0, 0, 0, 0, 0]), /5 bytes of data/],
    ["data with no tensor", fileOf("{}", [1]), /1 bytes of data/],
    ["overlap", fileOf(two("[0,2]", "[1,3]"), four), /an overlap before tensor b at 1/],
    ["alias", fileOf(two("[0,2]", "[0,2]"), [0, 0]), /an overlap before tensor b/],
    ["hole", fileOf(two("[0,2]", "[3,5]"), [0, 0, 0, 0, 0]), /a hole before tensor b at 3/],
    ["hole at the start", fileOf(tensor('"dtype":"U8","shape":[1],"data_offsets":[1,2]'), [0, 0]), /a hole/],
    ["not UTF-8", fileOf(`{"t${String.fromCharCode(0xd800)}":1}`).map((byte) => (byte === 0xbd ? 0xff : byte)), /not UTF-8/],
  ];
  for (const [name, bytes, message] of bad) {
    const error = errorOf(bytes);
    assert.match(error.message, message, name);
    assert.ok(error.offset >= 0 && error.offset <= Math.max(bytes.length, 8), name);
  }
});

test("refuses 100,001 tensors and takes 100,000", () => {
  const many = (count: number): Uint8Array => {
    const entries = Array.from({ length: count }, (_, i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`);
    return fileOf(`{${entries.join(",")}}`);
  };
  assert.is(decodeSafetensors(many(100_000), "x").tensors.size, 100_000);
  assert.match(errorOf(many(100_001)).message, /100001 tensors at byte 8, wanted at most 100000/);
});

test("a file cut at any byte is refused", () => {
  const bytes = encodeSafetensors(tensors(), [["format", "pt"]]);
  for (let length = 0; length < bytes.length; length++) errorOf(bytes.subarray(0, length));
});

test("random damage gives a FormatError or a checked file, never another error", () => {
  const bytes = encodeSafetensors(tensors(), [["format", "pt"]]);
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const damaged = bytes.slice();
    for (let changes = 1 + next(3); changes > 0; changes--) damaged[next(next(4) === 0 ? bytes.length : 500)] = next(256);
    try {
      decodeSafetensors(damaged, "x");
    } catch (error) {
      assert.instance(error, FormatError);
      refused++;
    }
  }
  assert.ok(refused > 10_000, `${refused} refused`);
});

test("half precision is read as float32, exactly", () => {
  const header = (dtype: string, count: number): string => `{"x":{"dtype":"${dtype}","shape":[${count}],"data_offsets":[0,${2 * count}]}}`;
  const read = (dtype: string, words: number[]): StoredTensor["values"] => {
    const file = fileOf(header(dtype, words.length), new Uint8Array(Uint16Array.from(words).buffer));
    return decodeSafetensors(file, "x.safetensors").tensors.get("x")!.values;
  };
  // 1, -2, 65504 (the largest), 2^-14 (the least normal), 2^-24 (the least), -0, infinities, NaN, 0.333251953125.
  const half = read("F16", [0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555]);
  assert.ok(half instanceof Float32Array);
  const wanted = [1, -2, 65504, 1 / 16384, 1 / 16777216, -0, Infinity, -Infinity, NaN, 0.333251953125];
  wanted.forEach((value, index) => assert.ok(Object.is(half[index], value), `${half[index]}, wanted ${value}`));
  assert.equal([...read("BF16", [0x3f80, 0xc040, 0x7f80, 0x3eab])], [1, -3, Infinity, 0.333984375]);
});

test.run();
