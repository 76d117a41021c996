// What a checkpoint file holds comes back; one that is damaged anywhere is refused, with the reason. About 10 minutes with PERPEND_LONG=1.
import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import { stream } from "../../ts/random.ts";
import { sha256 } from "../../ts/sha256.ts";
import { decodeCheckpoint, decodeCheckpointHeader, encodeCheckpoint, type Checkpoint } from "../../ts/train/checkpoint-format.ts";
import type { Json, JsonObject } from "../../ts/train/events.ts";
import { decodeSafetensors, encodeSafetensors, safetensorsHeaderEnd, type StoredTensor } from "../../ts/train/safetensors.ts";

const test = suite("checkpoint format");

const checkpoint: Checkpoint = {
  tensors: new Map<string, StoredTensor>([
    ["stem.weight", { shape: [2, 2], values: new Float32Array([1, -2, 3.5, 0]) }],
    ["empty", { shape: [0], values: new Float32Array(0) }],
    ["steps", { shape: [1], values: new BigInt64Array([13n]) }],
  ]),
  state: { step: 13, epoch: 1, recipe: { lr: 0.1, milestones: [80, 120] }, name: "é", nothing: null },
};

const bytes = encodeCheckpoint(checkpoint);

function errorOf(damaged: Uint8Array): FormatError {
  try {
    decodeCheckpoint(damaged, "c.safetensors");
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error("accepted");
}

test("reads back what was written, and the same state gives the same bytes", () => {
  const read = decodeCheckpoint(bytes, "c");
  assert.equal([...read.tensors], [...checkpoint.tensors]);
  assert.equal(read.state, checkpoint.state);
  assert.equal(encodeCheckpoint(read), bytes);
});

test("is a plain safetensors file to others", () => {
  const { tensors, metadata } = decodeSafetensors(bytes, "c");
  assert.equal([...tensors.keys()], ["stem.weight", "empty", "steps"]);
  assert.match(metadata.get("sha256") ?? "", /^[0-9a-f]{64}$/);
});

test("any other value in any one byte is refused", () => {
  let tried = 0;
  for (let at = 0; at < bytes.length; at++) {
    // Every single bit, and every value where the byte is text: a blank for a blank, a capital for a small letter.
    for (let value = 0; value < 256; value += at % 16 === 0 ? 1 : 5) {
      if (value === bytes[at]) continue;
      const damaged = bytes.slice();
      damaged[at] = value;
      errorOf(damaged);
      tried++;
    }
    for (let bit = 0; bit < 8; bit++) {
      const damaged = bytes.slice();
      damaged[at] ^= 1 << bit;
      errorOf(damaged);
      tried++;
    }
  }
  assert.ok(tried > 50 * bytes.length);
});

test("a file cut at any byte or with bytes behind it is refused", () => {
  for (let length = 0; length < bytes.length; length++) errorOf(bytes.subarray(0, length));
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  errorOf(longer);
});

test("of a large file too, every sampled flip and cut is refused", () => {
  const long = process.env["PERPEND_LONG"] === "1";
  const hash = (part: Uint8Array): string => createHash("sha256").update(part).digest("hex");
  const values = new Float32Array(long ? 1 << 24 : 1 << 19).map((_, i) => Math.sin(i));
  const large = encodeCheckpoint({ tensors: new Map([["w", { shape: [values.length], values }], ["b", { shape: [3], values: values.slice(0, 3) }]]), state: {} }, hash); // prettier-ignore
  decodeCheckpoint(large, "c", hash);
  const count = long ? 2000 : 200;
  const random = stream(7, "flips");
  for (let i = 0; i < count; i++) {
    const at = i < 20 ? i : random.integer(large.length, i);
    large[at] ^= 1 << (i % 8);
    assert.throws(() => decodeCheckpoint(large, "c", hash), (error: unknown) => error instanceof FormatError); // prettier-ignore
    large[at] ^= 1 << (i % 8);
    assert.throws(() => decodeCheckpoint(large.subarray(0, at), "c", hash), (error: unknown) => error instanceof FormatError); // prettier-ignore
  }
  decodeCheckpoint(large, "c", hash);
});

test("says which tensor is damaged, and where", () => {
  const damaged = bytes.slice();
  damaged[bytes.length - 1] ^= 1;
  const error = errorOf(damaged);
  assert.match(
    error.message,
    /^c\.safetensors: tensor steps of SHA-256 [0-9a-f]{64} at byte \d+, wanted the stated .*: the file is damaged$/,
  );
  assert.is(error.offset, bytes.length - 8);
});

test("a safetensors file without hashes is told from a damaged checkpoint", () => {
  assert.match(errorOf(encodeSafetensors(checkpoint.tensors)).message, /no hash in front at byte 8, wanted a perpend checkpoint/);
});

/** The checkpoint with another text in its metadata, and the hash that goes with it. */
function forged(key: string, text: string): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(bytes, "c");
  const texts = new Map(metadata).set(key, text).set("sha256", "0".repeat(64));
  const file = encodeSafetensors(tensors, texts);
  const header = file.subarray(0, safetensorsHeaderEnd(file, "c"));
  file.set(new TextEncoder().encode(sha256(header)), 35);
  return file;
}

test("a file whose hashes are right is still not believed", () => {
  const hashes = decodeSafetensors(bytes, "c").metadata.get("tensors") ?? "";
  const state = decodeSafetensors(bytes, "c").metadata.get("state") ?? "";
  assert.equal(decodeCheckpoint(forged("state", state), "c").state, checkpoint.state);
  const cases: [key: string, text: string, message: RegExp][] = [
    ["format", "perpend checkpoint 99", /format "perpend checkpoint 99" at byte 8, wanted perpend checkpoint 1/],
    ["tensors", "[1,2,3]", /hash 0, which is no name with its digits/],
    ["tensors", '[["a"],["b"],["c"]]', /hash 0, which/],
    ["tensors", "{}", /no list of hashes/],
    ["tensors", "nonsense", /"n" in __metadata__\.tensors/],
    ["tensors", hashes.replace("]]", '],["more","x"]]'), /4 hashes at byte 8, wanted one for each of 3 tensors/],
    ["tensors", hashes.replace("empty", "other"), /3 hashes/],
    ["tensors", hashes.replace("empty", "steps"), /one a second time/],
    ["state", "[]", /no state/],
    ["state", "", /the end in __metadata__\.state/],
    ["state", '{"step":1,"step":2}', /key "step" a second time/],
    ["state", '{"a":{"__proto__":{"polluted":1}}}', /a key named __proto__ in __metadata__\.state/],
    ["state", `{"a":${"[".repeat(200)}`, /one level more/],
  ];
  for (const [key, text, message] of cases) assert.match(errorOf(forged(key, text)).message, message, text);
});

test("writes nothing that it would not read", () => {
  const encode = (state: JsonObject): Uint8Array => encodeCheckpoint({ tensors: new Map(), state });
  assert.throws(() => encode(JSON.parse('{"__proto__":1}') as JsonObject), /a key named __proto__/);
  let deep: Json = 1;
  for (let level = 0; level < 20; level++) deep = [deep];
  assert.throws(() => encode({ deep }), /one level more/);
});

test("a host's own SHA-256 gives the same file and reads it", () => {
  const hash = (part: Uint8Array): string => createHash("sha256").update(part).digest("hex");
  assert.equal(encodeCheckpoint(checkpoint, hash), bytes);
  assert.equal(decodeCheckpoint(bytes, "c", hash).state, checkpoint.state);
});

test("the header alone is checked before the data is there", () => {
  const end = safetensorsHeaderEnd(bytes, "c");
  const head = bytes.subarray(0, end);
  assert.equal([...decodeCheckpointHeader(head, "c", { fileBytes: bytes.length }).hashes.keys()], ["stem.weight", "empty", "steps"]);
  for (const fileBytes of [bytes.length - 1, bytes.length + 1, 2 ** 50])
    assert.throws(
      () => decodeCheckpointHeader(head, "c", { fileBytes }),
      /bytes of data at byte \d+, wanted the 24 that the header states/,
    );
  assert.throws(() => decodeCheckpointHeader(head.subarray(0, end - 1), "c", { fileBytes: bytes.length }), /wanted a whole header/);
});

test("takes a NaN in a tensor, whatever its bits, and refuses one in the state", () => {
  const values = new Float32Array(new Uint32Array([0xffc00001]).buffer);
  const tensors = new Map([["w", { shape: [1], values }]]);
  const read = decodeCheckpoint(encodeCheckpoint({ tensors, state: {} }), "c").tensors.get("w");
  assert.ok(read && Number.isNaN(read.values[0]));
  assert.throws(() => encodeCheckpoint({ tensors, state: { a: [{ lr: NaN }] } }), /state\.lr is NaN, wanted a finite number/);
});

test.run();
