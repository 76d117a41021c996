// TensorBoard event files: scalars as protobuf Event messages in TFRecord frames with masked CRC-32C.
// Sources: tensorflow/core/util/event.proto and summary.proto (field numbers below), core/lib/io/record_writer, RFC 3720 (CRC-32C).
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { crc32c } from "../../data/crc32.ts";
import type { RunEvent } from "../../train/events.ts";

/** TFRecord stores checksums rotated and shifted, so that a checksum of checksums stays sound. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** One record: length (64 bits), its checksum, the data, its checksum. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return bytes;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

// Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
const integer = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const bytesField = (field: number, bytes: ArrayLike<number>): number[] => [
  ...varint(field * 8 + 2),
  ...varint(bytes.length),
  ...Array.from(bytes),
];
const text = (field: number, value: string): number[] => bytesField(field, new TextEncoder().encode(value));
const double = (field: number, value: number): number[] => [...varint(field * 8 + 1), ...new Uint8Array(new Float64Array([value]).buffer)];
const float = (field: number, value: number): number[] => [...varint(field * 8 + 5), ...new Uint8Array(new Float32Array([value]).buffer)];

/** Event { wall_time = 1 (seconds), file_version = 3 }: the first record of a file. */
export function encodeVersion(wallTime: number): Uint8Array {
  return new Uint8Array([...double(1, wallTime), ...text(3, "brain.Event:2")]);
}

/** Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }. */
export function encodeScalars(wallTime: number, step: number, scalars: readonly (readonly [tag: string, value: number])[]): Uint8Array {
  const summary = scalars.flatMap(([tag, value]) => bytesField(1, [...text(1, tag), ...float(2, value)]));
  return new Uint8Array([...double(1, wallTime), ...integer(2, step), ...bytesField(5, summary)]);
}

/** The scalars that an event of a run has, and their step. */
export function scalarsOf(event: RunEvent, stepsPerEpoch: number): { step: number; scalars: [tag: string, value: number][] } | undefined {
  if (event.type === "step") {
    const scalars: [string, number][] = [
      ["train/loss", event.loss],
      ["train/accuracy", event.accuracy],
      ["train/learning_rate", event.learningRate],
      ["train/images_per_second", event.imagesPerSecond],
    ];
    if (event.gradNorm !== undefined) scalars.push(["train/grad_norm", event.gradNorm]);
    return { step: event.step, scalars };
  }
  if (event.type === "evaluate") {
    const { split, loss, top1, top5 } = event;
    const scalars: [string, number][] = [[`${split}/loss`, loss], [`${split}/top1`, top1], [`${split}/top5`, top5]]; // prettier-ignore
    return { step: event.step ?? event.epoch * stepsPerEpoch, scalars };
  }
  if (event.type === "diagnostics") {
    const scalars = event.blocks.flatMap((block): [string, number][] => {
      const at = `block_${String(block.index).padStart(3, "0")}`;
      return [
        [`stream_norm2/${at}`, block.streamNorm2],
        [`parallel_norm2/${at}`, block.parallelNorm2],
        [`orthogonal_norm2/${at}`, block.orthogonalNorm2],
        [`cosine/${at}`, block.cosine],
      ];
    });
    return { step: event.step, scalars };
  }
  return undefined;
}

export interface TensorBoardWriter {
  readonly path: string;
  write(event: RunEvent): void;
  close(): void;
}

/** Opens a new event file in `dir` (made where missing), which TensorBoard finds with `--logdir`. */
export function openTensorBoard(dir: string, { now = Date.now }: { readonly now?: () => number } = {}): TensorBoardWriter {
  mkdirSync(dir, { recursive: true });
  const started = Math.floor(now() / 1000);
  const path = join(dir, `events.out.tfevents.${String(started).padStart(10, "0")}.${hostname()}.${process.pid}`);
  const file = openSync(path, "a");
  let stepsPerEpoch = 1;
  const append = (data: Uint8Array): void => {
    const bytes = tfRecord(data);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  };
  append(encodeVersion(now() / 1000));
  return {
    path,
    write: (event) => {
      if (event.type === "run-start") stepsPerEpoch = event.stepsPerEpoch;
      const found = scalarsOf(event, stepsPerEpoch);
      if (found !== undefined) append(encodeScalars(now() / 1000, found.step, found.scalars));
    },
    close: () => closeSync(file),
  };
}
