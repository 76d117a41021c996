// A checkpoint: a valid safetensors file whose __metadata__ holds the state of a run as JSON and hashes over every byte.
// sha256  of the 8-byte length and the header, with these 64 digits as zeros; it is the header's first entry, so its place is fixed.
// tensors name -> SHA-256 of the tensor's bytes. Data has no holes, so both together cover the whole file.
import { FormatError } from "../data/format-error.ts";
import { sha256 } from "../sha256.ts";
import type { Json, JsonObject } from "./events.ts";
import {
  canonicalValues,
  decodeSafetensors,
  encodeSafetensors,
  safetensorsHeaderEnd,
  type Safetensors,
  type StoredTensor,
  type StoredValues,
} from "./safetensors.ts";

/** Raised when older readers could misread the file. */
export const CHECKPOINT_VERSION = 1;

export interface Checkpoint {
  /** Weights, running statistics, optimizer state: whatever is a tensor. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Step, epoch, recipe, seed, contract: whatever is not. */
  readonly state: JsonObject;
}

const ZEROS = "0".repeat(64);
const PREFIX = '{"__metadata__":{"sha256":"';
const DIGITS_AT = 8 + PREFIX.length;

const bytesOf = (values: StoredValues): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The bytes of a checkpoint file. */
export function encodeCheckpoint({ tensors, state }: Checkpoint): Uint8Array {
  const stored = [...tensors].map(([name, { shape, values }]) => [name, { shape, values: canonicalValues(values) }] as const);
  const bytes = encodeSafetensors(stored, [
    ["sha256", ZEROS],
    ["format", `perpend checkpoint ${CHECKPOINT_VERSION}`],
    ["tensors", JSON.stringify(stored.map(([name, { values }]) => [name, sha256(bytesOf(values))]))],
    ["state", JSON.stringify(state, refuseNonFinite)],
  ]);
  const header = bytes.subarray(0, safetensorsHeaderEnd(bytes, "checkpoint"));
  bytes.set(new TextEncoder().encode(sha256(header)), DIGITS_AT);
  return bytes;
}

function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`checkpoint: state.${key} is ${value}, wanted a finite number`);
  return value;
}

/** Reads a checkpoint and checks every hash before anything is handed out. Throws FormatError. */
export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const fail = (offset: number, found: string, wanted: string): never => {
    throw new FormatError({ file, offset, found, wanted });
  };
  const headerEnd = safetensorsHeaderEnd(bytes, file);
  const ascii = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, Math.min(to, headerEnd)));
  if (ascii(8, DIGITS_AT) !== PREFIX) return fail(8, "no hash in front", "a perpend checkpoint (weights alone? load them as a state dict)");
  const stated = ascii(DIGITS_AT, DIGITS_AT + ZEROS.length);
  const header = bytes.slice(0, headerEnd);
  header.set(new TextEncoder().encode(ZEROS).subarray(0, Math.max(0, headerEnd - DIGITS_AT)), DIGITS_AT);
  const actual = sha256(header);
  if (stated !== actual) return fail(DIGITS_AT, `a header of SHA-256 ${actual}`, `the stated ${printable(stated)}: the file is damaged`);

  const stored = decodeSafetensors(bytes, file);
  const format = stored.metadata.get("format");
  if (format !== `perpend checkpoint ${CHECKPOINT_VERSION}`) {
    return fail(8, `format ${JSON.stringify(format)}`, `perpend checkpoint ${CHECKPOINT_VERSION}`);
  }
  checkHashes(stored, headerEnd, fail);
  const state = parse(stored.metadata.get("state") ?? "");
  if (typeof state !== "object" || state === null || Array.isArray(state)) return fail(8, "no state", "the state as a JSON object");
  return { tensors: stored.tensors, state: state as JsonObject };
}

function checkHashes(
  { metadata, tensors }: Safetensors,
  headerEnd: number,
  fail: (at: number, found: string, wanted: string) => never,
): void {
  const listed = parse(metadata.get("tensors") ?? "");
  const hashes = new Map(Array.isArray(listed) ? (listed as [string, string][]) : []);
  if (hashes.size !== tensors.size) fail(8, `${hashes.size} hashes`, `one for each of ${tensors.size} tensors`);
  let at = headerEnd;
  for (const [name, { values }] of tensors) {
    const stated = hashes.get(name);
    const actual = sha256(bytesOf(values));
    if (stated !== actual) fail(at, `tensor ${name} of SHA-256 ${actual}`, `the stated ${stated}: the file is damaged`);
    at += values.byteLength;
  }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function printable(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : JSON.stringify(text);
}
