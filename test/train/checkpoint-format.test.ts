import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../ts/data/format-error.ts";
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from "../../ts/train/checkpoint-format.ts";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "../../ts/train/safetensors.ts";

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

test("takes a NaN in a tensor, whatever its bits, and refuses one in the state", () => {
  const values = new Float32Array(new Uint32Array([0xffc00001]).buffer);
  const tensors = new Map([["w", { shape: [1], values }]]);
  const read = decodeCheckpoint(encodeCheckpoint({ tensors, state: {} }), "c").tensors.get("w");
  assert.ok(read && Number.isNaN(read.values[0]));
  assert.throws(() => encodeCheckpoint({ tensors, state: { a: [{ lr: NaN }] } }), /state\.lr is NaN, wanted a finite number/);
});

test.run();
