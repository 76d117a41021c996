// A checkpoint: a valid safetensors file whose __metadata__ holds the state of a run as JSON and hashes over every byte.
// sha256  of the 8-byte length and the header, with these 64 digits as zeros; it is the header's first entry, so its place is fixed.
// tensors name and SHA-256 of each tensor's bytes. Data has no holes, and the header holds these hashes: its own covers the whole file.
import { FormatError } from "../data/format-error.ts";
import { sha256 } from "../sha256.ts";
import type { JsonObject } from "./events.ts";
import {
  canonicalValues,
  decodeSafetensorsHeader,
  encodeSafetensors,
  LENGTH_BYTES,
  safetensorsHeaderEnd,
  tensorsOf,
  type SafetensorsHeader,
  type StoredTensor,
  type StoredValues,
} from "./safetensors.ts";
import { parseStrictJson, plainObject, type StrictJson } from "./strict-json.ts";

/** Raised when older readers could misread the file. */
export const CHECKPOINT_VERSION = 1;

export interface Checkpoint {
  /** Weights, running statistics, optimizer state: whatever is a tensor. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Step, epoch, recipe, seed, contract: whatever is not. */
  readonly state: JsonObject;
}

/** 64 hexadecimal digits over these bytes. The one in here runs anywhere; a host's own may be ten times as fast. */
export type Sha256Of = (bytes: Uint8Array) => string;

const ZEROS = "0".repeat(64);
const PREFIX = '{"__metadata__":{"sha256":"';
const DIGITS_AT = LENGTH_BYTES + PREFIX.length;

const bytesOf = (values: StoredValues): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The bytes of a checkpoint file. Throws where it could not be read back. */
export function encodeCheckpoint({ tensors, state }: Checkpoint, hash: Sha256Of = sha256): Uint8Array {
  const stored = [...tensors].map(([name, { shape, values }]) => [name, { shape, values: canonicalValues(values) }] as const);
  const bytes = encodeSafetensors(stored, [
    ["sha256", ZEROS],
    ["format", `perpend checkpoint ${CHECKPOINT_VERSION}`],
    ["tensors", JSON.stringify(stored.map(([name, { values }]) => [name, hash(bytesOf(values))]))],
    ["state", JSON.stringify(state, refuseNonFinite)],
  ]);
  const header = bytes.subarray(0, safetensorsHeaderEnd(bytes, "checkpoint"));
  bytes.set(new TextEncoder().encode(hash(header)), DIGITS_AT);
  decodeCheckpointHeader(header, "checkpoint", { fileBytes: bytes.length, hash });
  return bytes;
}

function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`checkpoint: state.${key} is ${value}, wanted a finite number`);
  return value;
}

/** What the header of a checkpoint says, its own hash checked. */
export interface CheckpointHeader extends SafetensorsHeader {
  /** SHA-256 of every tensor, by name. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly state: JsonObject;
}

/** Reads the header in the first bytes of a file of `fileBytes`, before memory is taken for the data. Throws FormatError. */
export function decodeCheckpointHeader(
  bytes: Uint8Array,
  file: string,
  { fileBytes = bytes.length, hash = sha256 }: { readonly fileBytes?: number; readonly hash?: Sha256Of } = {},
): CheckpointHeader {
  const fail = (offset: number, found: string, wanted: string): never => {
    throw new FormatError({ file, offset, found, wanted });
  };
  const end = safetensorsHeaderEnd(bytes, file, fileBytes);
  const ascii = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, Math.min(to, end)));
  if (ascii(LENGTH_BYTES, DIGITS_AT) !== PREFIX)
    return fail(LENGTH_BYTES, "no hash in front", "a perpend checkpoint (weights alone? load them as a state dict)");
  if (bytes.length < end || end < DIGITS_AT + ZEROS.length) fail(bytes.length, "the end", "a whole header");
  const stated = ascii(DIGITS_AT, DIGITS_AT + ZEROS.length);
  // A copy, also of a Buffer, whose own slice() is none.
  const blanked = Uint8Array.from(bytes.subarray(0, end));
  blanked.set(new TextEncoder().encode(ZEROS), DIGITS_AT);
  const actual = hash(blanked);
  if (stated !== actual) return fail(DIGITS_AT, `a header of SHA-256 ${actual}`, `the stated ${stated}: the file is damaged`);

  const header = decodeSafetensorsHeader(bytes, file, fileBytes);
  const { metadata, entries } = header;
  const format = metadata.get("format");
  if (format !== `perpend checkpoint ${CHECKPOINT_VERSION}`) {
    return fail(LENGTH_BYTES, `format ${JSON.stringify(format)}`, `perpend checkpoint ${CHECKPOINT_VERSION}`);
  }
  const hashes = hashesOf(jsonIn(metadata, "tensors", file), fail);
  const strange = hashes.size !== entries.length || entries.some(({ name }) => !hashes.has(name));
  if (strange) fail(LENGTH_BYTES, `${hashes.size} hashes`, `one for each of ${entries.length} tensors`);
  const state = jsonIn(metadata, "state", file);
  if (!(state instanceof Map)) return fail(LENGTH_BYTES, "no state", "the state as a JSON object");
  return { ...header, hashes, state: plainObject(state as ReadonlyMap<string, StrictJson>) };
}

/** The JSON in a text of the header. */
function jsonIn(metadata: ReadonlyMap<string, string>, key: string, file: string): StrictJson {
  try {
    return parseStrictJson(new TextEncoder().encode(metadata.get(key) ?? ""), { file });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError({ file, offset: LENGTH_BYTES, found: `${error.found} in __metadata__.${key}`, wanted: error.wanted });
  }
}

function hashesOf(listed: StrictJson, fail: (at: number, found: string, wanted: string) => never): Map<string, string> {
  const hashes = new Map<string, string>();
  if (!Array.isArray(listed)) return fail(LENGTH_BYTES, "no list of hashes", "one for each tensor");
  for (const pair of listed as readonly StrictJson[]) {
    const [name, digits] = Array.isArray(pair) && pair.length === 2 ? (pair as readonly StrictJson[]) : [];
    if (typeof name !== "string" || typeof digits !== "string" || hashes.has(name))
      return fail(LENGTH_BYTES, `hash ${hashes.size}, which is no name with its digits or one a second time`, "each name once");
    hashes.set(name, digits);
  }
  return hashes;
}

/** Reads a checkpoint and checks every hash before anything is handed out. Throws FormatError. */
export function decodeCheckpoint(bytes: Uint8Array, file: string, hash: Sha256Of = sha256): Checkpoint {
  const header = decodeCheckpointHeader(bytes, file, { hash });
  const tensors = tensorsOf(bytes, header);
  let offset = header.dataStart;
  for (const [name, { values }] of tensors) {
    const stated = header.hashes.get(name);
    const actual = hash(bytesOf(values));
    if (stated !== actual) {
      const wanted = `the stated ${stated}: the file is damaged`;
      throw new FormatError({ file, offset, found: `tensor ${name} of SHA-256 ${actual}`, wanted });
    }
    offset += values.byteLength;
  }
  return { tensors, state: header.state };
}
