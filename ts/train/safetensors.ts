// safetensors: an 8-byte little-endian header length, a JSON header (name -> dtype, shape, data_offsets; __metadata__ string -> string),
// then the tensors' bytes without holes. Everything is checked before anything is allocated.
// Source: the format section of the safetensors README. Half-precision floats are read as float32. Not read: 8-bit floats, booleans.
import { FormatError } from "../data/format-error.ts";
import { fromBrainFloat, fromHalf } from "./half.ts";
import { parseStrictJson, type StrictJson } from "./strict-json.ts";

export const MAX_HEADER_BYTES = 16 * 1024 * 1024;
export const MAX_TENSORS = 100_000;
export const MAX_RANK = 8;
const METADATA = "__metadata__";
/** Values in a header at most: a tensor's description, name, dtype, shape, offsets and what is in them. */
const MAX_HEADER_VALUES = (MAX_TENSORS + 1) * (MAX_RANK + 6);

export type StoredValues = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
export type Dtype = "F32" | "F64" | "I32" | "I64" | "U8";

/** A named tensor in a file. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: StoredValues;
}

export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

const types = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
  // Read alone.
  F16: Uint16Array,
  BF16: Uint16Array,
} as const;

/** The dtype that values are stored as. */
export function dtypeOf(values: StoredValues): Dtype {
  if (values instanceof Float32Array) return "F32";
  if (values instanceof Float64Array) return "F64";
  if (values instanceof Int32Array) return "I32";
  return values instanceof BigInt64Array ? "I64" : "U8";
}

/** Writes a file: metadata first, tensors in the order given. Every NaN becomes the one quiet NaN, so that equal tensors give equal bytes. */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Iterable<readonly [string, string]> = [],
): Uint8Array {
  const entries = [...tensors];
  const texts = [...metadata];
  const fields: string[] = [];
  const names = new Set<string>([METADATA, "__proto__"]);
  if (texts.length > 0) {
    const keys = new Set(texts.map(([key]) => key));
    if (keys.size !== texts.length) throw new Error("safetensors: a metadata key twice, wanted each once");
    if (keys.has("__proto__")) throw new Error("safetensors: a metadata key __proto__, wanted others");
    fields.push(`"${METADATA}":{${texts.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(",")}}`);
  }
  let dataBytes = 0;
  for (const [name, { shape, values }] of entries) {
    if (names.has(name)) throw new Error(`safetensors: the name ${JSON.stringify(name)} is taken, wanted each name once`);
    names.add(name);
    const length = shape.reduce((product, size) => product * size, 1);
    if (length !== values.length) throw new Error(`safetensors: ${name} has ${values.length} values, its shape [${shape}] wants ${length}`);
    if (shape.length > MAX_RANK) throw new Error(`safetensors: ${name} has rank ${shape.length}, wanted at most ${MAX_RANK}`);
    const end = dataBytes + values.byteLength;
    fields.push(`${JSON.stringify(name)}:{"dtype":"${dtypeOf(values)}","shape":[${shape}],"data_offsets":[${dataBytes},${end}]}`);
    dataBytes = end;
  }
  if (entries.length > MAX_TENSORS) throw new Error(`safetensors: ${entries.length} tensors, wanted at most ${MAX_TENSORS}`);
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  // Blanks behind the header align the data to 8 bytes.
  const headerBytes = Math.ceil(header.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES) throw new Error(`safetensors: a header of ${headerBytes} bytes, wanted at most ${MAX_HEADER_BYTES}`);

  const file = new Uint8Array(8 + headerBytes + dataBytes);
  new DataView(file.buffer).setUint32(0, headerBytes, true);
  file.set(header, 8);
  file.fill(0x20, 8 + header.length, 8 + headerBytes);
  let at = 8 + headerBytes;
  for (const [, { values }] of entries) {
    const { buffer, byteOffset, byteLength } = canonicalValues(values);
    file.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return file;
}

/** The same values with every float32 NaN made the one quiet NaN; a copy only where there is one. */
export function canonicalValues(values: StoredValues): StoredValues {
  if (!(values instanceof Float32Array) || !hasNaN(values)) return values;
  const copy = values.slice();
  const bits = new Uint32Array(copy.buffer);
  for (let i = 0; i < copy.length; i++) if (copy[i] !== copy[i]) bits[i] = 0x7fc00000;
  return copy;
}

function hasNaN(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== values[i]) return true;
  return false;
}

/** Bytes of the length field, with which a file begins. */
export const LENGTH_BYTES = 8;

/** Bytes before the data, by the length field in the first 8 of a file of `fileBytes`. Throws FormatError. */
export function safetensorsHeaderEnd(bytes: Uint8Array, file: string, fileBytes = bytes.length): number {
  if (bytes.length < LENGTH_BYTES)
    throw new FormatError({ file, offset: bytes.length, found: "the end", wanted: "8 bytes of header length" });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(4, true) * 0x1_0000_0000 + view.getUint32(0, true);
  const most = Math.min(MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES);
  if (length < 2 || length > most) {
    const why = most < MAX_HEADER_BYTES ? "what the file holds" : "the limit";
    throw new FormatError({ file, offset: 0, found: `a header of ${length} bytes`, wanted: `2 to ${most}, ${why}` });
  }
  return LENGTH_BYTES + length;
}

/** What a header says: nothing of the data has been looked at. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of the data, which they fill from `dataStart` to the end of the file without overlap or hole. */
  readonly entries: readonly SafetensorsEntry[];
  readonly dataStart: number;
}

/** Reads the header in the first bytes of a file of `fileBytes` (all of the header, more or less of the data). Throws FormatError. */
export function decodeSafetensorsHeader(bytes: Uint8Array, file: string, fileBytes = bytes.length): SafetensorsHeader {
  const dataStart = safetensorsHeaderEnd(bytes, file, fileBytes);
  const fail = (offset: number, found: string, wanted: string): never => {
    throw new FormatError({ file, offset, found, wanted });
  };
  if (bytes.length < dataStart) fail(bytes.length, "the end", `${dataStart} bytes of header`);
  const headerBytes = bytes.subarray(LENGTH_BYTES, dataStart);
  if (headerBytes[0] !== 0x7b) fail(LENGTH_BYTES, `byte ${headerBytes[0]}`, '"{"');
  const header = parseStrictJson(headerBytes, { file, at: LENGTH_BYTES, depth: 3, values: MAX_HEADER_VALUES });
  if (!(header instanceof Map)) return fail(LENGTH_BYTES, "no JSON object", "a JSON object");
  const all: ReadonlyMap<string, StrictJson> = header;

  const metadata = new Map<string, string>();
  const texts = all.has(METADATA) ? all.get(METADATA) : new Map();
  if (!(texts instanceof Map)) return fail(LENGTH_BYTES, `${METADATA} that is no object`, "an object of strings");
  for (const [key, text] of texts as ReadonlyMap<string, StrictJson>) {
    if (typeof text !== "string") return fail(LENGTH_BYTES, `${METADATA}.${key} that is no string`, "a string");
    metadata.set(key, text);
  }

  const count = all.size - (all.has(METADATA) ? 1 : 0);
  if (count > MAX_TENSORS) fail(LENGTH_BYTES, `${count} tensors`, `at most ${MAX_TENSORS}`);
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of all) {
    if (name === METADATA) continue;
    entries.push(entryOf(name, value, (found, wanted) => fail(LENGTH_BYTES + byteOf(headerBytes, name), found, wanted)));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at)
      fail(dataStart + at, `${begin < at ? "an overlap" : "a hole"} before tensor ${name} at ${begin}`, `data from ${at} on`);
    at = end;
  }
  const left = fileBytes - dataStart;
  if (at !== left) fail(dataStart + Math.min(at, left), `${left} bytes of data`, `the ${at} that the header states`);
  return { metadata, entries, dataStart };
}

/** The tensors of a whole file. Values are views of `bytes` where the alignment allows, copies elsewhere; of half precision, float32. */
export function tensorsOf(bytes: Uint8Array, { entries, dataStart }: SafetensorsHeader): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const Type = types[dtype];
    let part = bytes.subarray(dataStart + begin, dataStart + end);
    // A copy, also of a Buffer, whose own slice() is none.
    if (part.byteOffset % Type.BYTES_PER_ELEMENT !== 0) part = Uint8Array.from(part);
    const values = new Type(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength / Type.BYTES_PER_ELEMENT);
    const floats = values instanceof Uint16Array ? (dtype === "F16" ? fromHalf : fromBrainFloat)(values) : values;
    tensors.set(name, { shape, values: floats });
  }
  return tensors;
}

/** Reads a file; values as tensorsOf gives them. Throws FormatError. */
export function decodeSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const header = decodeSafetensorsHeader(bytes, file);
  return { metadata: header.metadata, tensors: tensorsOf(bytes, header) };
}

/** A tensor as the header describes it; `begin` and `end` count from the start of the data. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: keyof typeof types;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function entryOf(name: string, value: StrictJson, fail: (found: string, wanted: string) => never): SafetensorsEntry {
  if (!(value instanceof Map)) return fail(`tensor ${name} without description`, "dtype, shape and data_offsets");
  const fields: ReadonlyMap<string, StrictJson> = value;
  for (const key of fields.keys()) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") fail(`field ${name}.${key}`, "dtype, shape and data_offsets alone");
  }
  const dtype = fields.get("dtype");
  if (typeof dtype !== "string" || !Object.hasOwn(types, dtype)) {
    return fail(`${name}.dtype ${typeof dtype === "string" ? JSON.stringify(dtype) : "that is no string"}`, Object.keys(types).join(", "));
  }
  const shape = sizesOf(fields.get("shape"));
  if (shape === undefined || shape.length > MAX_RANK) return fail(`${name}.shape`, `at most ${MAX_RANK} whole numbers`);
  const offsets = sizesOf(fields.get("data_offsets"));
  if (offsets === undefined || offsets.length !== 2 || offsets[1] < offsets[0]) {
    return fail(`${name}.data_offsets`, "two ascending whole numbers");
  }
  // A size of 0 does not excuse the others: whoever multiplies them in another order must not overflow either.
  let bytes = types[dtype as keyof typeof types].BYTES_PER_ELEMENT as number;
  for (const size of shape) {
    bytes *= Math.max(1, size);
    if (!Number.isSafeInteger(bytes)) fail(`${name}.shape [${shape}]`, "at most 2^53 - 1 bytes");
  }
  if (shape.includes(0)) bytes = 0;
  if (bytes !== offsets[1] - offsets[0]) fail(`${name} of ${offsets[1] - offsets[0]} bytes`, `${bytes} for ${dtype} [${shape}]`);
  return { name, dtype: dtype as keyof typeof types, shape, begin: offsets[0], end: offsets[1] };
}

function sizesOf(value: StrictJson | undefined): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly StrictJson[];
  const sizes = list.filter((each): each is number => typeof each === "number" && Number.isSafeInteger(each) && each >= 0);
  return sizes.length === list.length ? sizes.map((size) => size + 0) : undefined;
}

/** Where a name stands in the header, in bytes; 0 where it is spelled in another way. */
function byteOf(header: Uint8Array, name: string): number {
  const text = new TextDecoder().decode(header);
  return new TextEncoder().encode(text.slice(0, Math.max(0, text.indexOf(JSON.stringify(name))))).length;
}
