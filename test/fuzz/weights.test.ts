// Changed safetensors files and checkpoints. About 45 minutes with PERPEND_LONG=1.
import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint } from "../../ts/train/checkpoint-format.ts";
import {
  decodeSafetensors,
  dtypeOf,
  encodeSafetensors,
  MAX_RANK,
  type Safetensors,
  type StoredTensor,
} from "../../ts/train/safetensors.ts";
import { fuzz } from "./harness.ts";

const test = suite("fuzz weights");
const f32 = (...shape: number[]): StoredTensor => {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, values: Float32Array.from({ length }, (_, i) => i / 7) };
};

const tensors: readonly (readonly [string, StoredTensor])[][] = [
  [],
  [["weight", f32(2, 3)]],
  [["stem.conv.weight", f32(4, 3, 3, 3)], ["empty", f32(0, 7)], ["scalar", f32()], ["norm.bias", f32(4)]], // prettier-ignore
  [["a", { shape: [3], values: new Uint8Array([1, 2, 3]) }], ["b", { shape: [2], values: new BigInt64Array([1n, -1n]) }], ["c é", { shape: [1], values: new Float64Array([Math.E]) }], ["d", { shape: [2, 1], values: new Int32Array([7, 8]) }]], // prettier-ignore
];
const tokens = ['"dtype":"F32"', '"shape":[', '"data_offsets":[0,4]', '"__metadata__":{', '"__proto__":{', '"BF16"', "9007199254740993", "[[", "{}", ",", "null", "\\u0000", "1e999", "-1"]; // prettier-ignore

function checkTensors({ tensors: all }: Pick<Safetensors, "tensors">, bytes: Uint8Array): void {
  let total = 0;
  for (const { shape, values } of all.values()) {
    assert.ok(shape.length <= MAX_RANK);
    assert.is(values.length, shape.reduce((product, size) => product * size, 1)); // prettier-ignore
    assert.ok(dtypeOf(values) !== undefined);
    total += values.byteLength;
  }
  assert.ok(total <= bytes.length);
}

test("safetensors", () =>
  fuzz({
    name: "safetensors",
    seeds: tensors.map((each, index) => encodeSafetensors(each, index % 2 === 0 ? [] : [["format", "pt"]])),
    read: decodeSafetensors,
    check: (result: Safetensors, bytes) => checkTensors(result, bytes),
    tokens,
  }));

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const PREFIX = '{"__metadata__":{"sha256":"';
const DIGITS = 8 + PREFIX.length;

/** Gives a changed header the hash that it should have. */
function rehash(bytes: Uint8Array): Uint8Array {
  const end = bytes.length < 8 ? 0 : 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (!(end > DIGITS + 64 && end <= bytes.length)) return bytes;
  const changed = bytes.slice();
  changed.set(new TextEncoder().encode(PREFIX), 8);
  changed.fill(0x30, DIGITS, DIGITS + 64);
  changed.set(new TextEncoder().encode(hash(changed.subarray(0, end))), DIGITS);
  return changed;
}

const state = { step: 13, epoch: 1, batch: 0, settings: { lr: 0.1, opt: "sgd", milestones: [80, 120] }, name: "é", nothing: null };

test("checkpoints", () =>
  fuzz({
    name: "checkpoints",
    seeds: tensors.map((each) => encodeCheckpoint({ tensors: new Map(each), state }, hash)),
    read: (bytes, file) => decodeCheckpoint(bytes, file, hash),
    repair: rehash,
    check: ({ tensors: all, state: read }: Checkpoint, bytes) => {
      checkTensors({ tensors: all }, bytes);
      assert.is(typeof read, "object");
      // What is accepted can be written and read again.
      const again = decodeCheckpoint(encodeCheckpoint({ tensors: all, state: read }, hash), "again", hash);
      assert.ok(JSON.stringify(again.state) === JSON.stringify(read));
    },
    tokens: [...tokens, '\\"step\\":1,\\"step\\":2', '\\"__proto__\\":{\\"a\\":1}', "]]", '[\\"a\\",\\"b\\"],', "perpend checkpoint 2"],
    refusesFlips: true,
  }));

test.run();
