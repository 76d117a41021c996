import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeScalars, openTensorBoard, tfRecord } from "../../../ts/cli/run/tensorboard.ts";
import { crc32c } from "../../../ts/data/crc32.ts";
import type { RunEvent } from "../../../ts/train/events.ts";

const test = suite("tensorboard");

test("CRC-32C answers the vectors of RFC 3720 B.4 and the check value", () => {
  assert.is(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
});

test("the checksum of a length is masked as TFRecord writes it", () => {
  // The frame of an empty record: its length is eight zero bytes, whose masked checksum TensorFlow's files show as 29 03 98 07.
  assert.equal([...tfRecord(new Uint8Array(0))], [0, 0, 0, 0, 0, 0, 0, 0, 0x29, 0x03, 0x98, 0x07, 0xd8, 0xea, 0x82, 0xa2]);
});

/** Reads the fields of a protobuf message: [number, value], eight and four bytes as floats, length-delimited as bytes. */
function fields(bytes: Buffer): [number, number | Buffer][] {
  const found: [number, number | Buffer][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const [field, wire] = [key >>> 3, key & 7];
    if (wire === 0) found.push([field, varint()]);
    else if (wire === 1) found.push([field, bytes.readDoubleLE((at += 8) - 8)]);
    else if (wire === 5) found.push([field, bytes.readFloatLE((at += 4) - 4)]);
    else {
      assert.is(wire, 2);
      const length = varint();
      found.push([field, bytes.subarray(at, (at += length))]);
    }
  }
  return found;
}

const part = (bytes: Buffer, field: number): Buffer[] =>
  fields(bytes).flatMap(([each, value]) => (each === field && Buffer.isBuffer(value) ? [value] : []));
const number = (bytes: Buffer, field: number): number | undefined => {
  const value = fields(bytes).find(([each]) => each === field)?.[1];
  return typeof value === "number" ? value : undefined;
};

function records(bytes: Buffer): Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    const frame = tfRecord(data);
    assert.equal(bytes.subarray(at, at + frame.length), Buffer.from(frame));
    all.push(data);
    at += frame.length;
  }
  return all;
}

test("integers over 32 bits and negative values survive", () => {
  const message = Buffer.from(encodeScalars(1.5, 2 ** 40 + 3, [["é", -0.25]]));
  assert.is(number(message, 2), 2 ** 40 + 3);
  const [value] = part(part(message, 5)[0], 1);
  assert.is(part(value, 1)[0].toString(), "é");
  assert.is(number(value, 2), -0.25);
});

test("writes a run that decodes to its scalars", () => {
  const dir = mkdtempSync(join(tmpdir(), "perpend-tb-"));
  const writer = openTensorBoard(join(dir, "a", "b"), { now: () => 1_700_000_000_500 });
  const block = { index: 3, streamNorm2: 1, parallelNorm2: 2, orthogonalNorm2: 3, rhoParallel: 2, rhoOrthogonal: 3, cosine: -0.5 };
  const events: RunEvent[] = [
    { type: "step", epoch: 1, step: 1, loss: 2.5, accuracy: 0.125, learningRate: 0.5, imagesPerSecond: 100, gradNorm: 4 },
    { type: "diagnostics", step: 1, blocks: [block] },
    { type: "evaluate", epoch: 2, step: 300, split: "test", loss: 0.5, top1: 0.75, top5: 1 },
    { type: "checkpoint", path: "p", step: 300 },
  ];
  for (const event of events) writer.write(event);
  writer.close();
  const [version, ...rest] = records(readFileSync(writer.path));
  assert.is(number(version, 1), 1_700_000_000.5);
  assert.is(part(version, 3)[0].toString(), "brain.Event:2");
  const read = rest.map((record) => ({
    step: number(record, 2),
    scalars: part(part(record, 5)[0], 1).map((value) => [part(value, 1)[0].toString(), number(value, 2)]),
  }));
  assert.equal(read, [
    { step: 1, scalars: [["train/loss", 2.5], ["train/accuracy", 0.125], ["train/learning_rate", 0.5], ["train/images_per_second", 100], ["train/grad_norm", 4]] }, // prettier-ignore
    { step: 1, scalars: [["stream_norm2/block_003", 1], ["parallel_norm2/block_003", 2], ["orthogonal_norm2/block_003", 3], ["cosine/block_003", -0.5]] }, // prettier-ignore
    { step: 300, scalars: [["test/loss", 0.5], ["test/top1", 0.75], ["test/top5", 1]] }, // prettier-ignore
  ]);
  assert.match(writer.path, /events\.out\.tfevents\.1700000000\./);
  rmSync(dir, { recursive: true });
});

test.run();
