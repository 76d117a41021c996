// Reads protocol buffers of ONNX (onnx.proto3): tensors and the nodes of a graph, as far as the node tests need them.

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly whole: bigint;
}

/** The fields of a message in order. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const kind = tag & 7;
    const whole = kind === 0 ? varint() : 0n;
    const length = kind === 1 ? 8 : kind === 5 ? 4 : kind === 2 ? Number(varint()) : 0;
    if (kind > 5 || kind === 3 || kind === 4) throw new Error(`protobuf: wire type ${kind} at byte ${at}, wanted 0, 1, 2 or 5`);
    yield { number: tag >> 3, bytes: bytes.subarray(at, at + length), whole };
    at += length;
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A field of whole numbers, packed or one by one. */
function wholes({ bytes, whole }: Field): number[] {
  if (bytes.length === 0) return [Number(whole)];
  const values: number[] = [];
  for (let at = 0; at < bytes.length;) {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    values.push(Number(BigInt.asIntN(64, value)));
  }
  return values;
}

function fixed({ bytes }: Field, size: 4 | 8): number[] {
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length / size }, (_, i) => (size === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true)));
}

/** Types of elements by ONNX's numbers: what they are called, and how their raw bytes are read. */
const types: Readonly<Record<number, readonly [name: string, bytes: number, read: (view: DataView, at: number) => number]>> = {
  1: ["float", 4, (view, at) => view.getFloat32(at, true)],
  2: ["uint8", 1, (view, at) => view.getUint8(at)],
  3: ["int8", 1, (view, at) => view.getInt8(at)],
  4: ["uint16", 2, (view, at) => view.getUint16(at, true)],
  5: ["int16", 2, (view, at) => view.getInt16(at, true)],
  6: ["int32", 4, (view, at) => view.getInt32(at, true)],
  7: ["int64", 8, (view, at) => Number(view.getBigInt64(at, true))],
  9: ["bool", 1, (view, at) => view.getUint8(at)],
  11: ["double", 8, (view, at) => view.getFloat64(at, true)],
  12: ["uint32", 4, (view, at) => view.getUint32(at, true)],
  13: ["uint64", 8, (view, at) => Number(view.getBigUint64(at, true))],
};

/** A value of a graph; `data` holds its elements as numbers. */
export interface Value {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A TensorProto; the types that are not in the table come with no data. */
export function readTensor(bytes: Uint8Array): Value {
  const shape: number[] = [];
  const data: number[] = [];
  let code = 0;
  let name = "";
  let raw: Uint8Array | null = null;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) shape.push(...wholes(field));
    else if (field.number === 2) code = Number(field.whole);
    else if (field.number === 4) data.push(...fixed(field, 4));
    else if (field.number === 5 || field.number === 7) data.push(...wholes(field));
    else if (field.number === 8) name = textOf(field.bytes);
    else if (field.number === 9) raw = field.bytes;
    else if (field.number === 10) data.push(...fixed(field, 8));
  }
  const [type, size, read] = types[code] ?? [`type ${code}`, 1, () => NaN];
  if (raw !== null && code in types) {
    const view = viewOf(raw);
    for (let at = 0; at < raw.length; at += size) data.push(read(view, at));
  }
  return { name, type, shape, data: Float64Array.from(data) };
}

export type Attribute = number | string | readonly number[] | Value | null;

export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An AttributeProto; strings, subgraphs and lists of them are null. */
function readAttribute(bytes: Uint8Array): readonly [string, Attribute] {
  let name = "";
  let value: Attribute = null;
  const list: number[] = [];
  let kind = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) name = textOf(field.bytes);
    else if (field.number === 2) value = fixed(field, 4)[0];
    else if (field.number === 3) value = Number(field.whole);
    else if (field.number === 4) value = textOf(field.bytes);
    else if (field.number === 5) value = readTensor(field.bytes);
    else if (field.number === 7) list.push(...fixed(field, 4));
    else if (field.number === 8) list.push(...wholes(field));
    else if (field.number === 20) kind = Number(field.whole);
  }
  return [name, kind === 6 || kind === 7 || list.length > 0 ? list : value];
}

function readNode(bytes: Uint8Array): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, Attribute> = {};
  let op = "";
  let domain = "";
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) inputs.push(textOf(field.bytes));
    else if (field.number === 2) outputs.push(textOf(field.bytes));
    else if (field.number === 4) op = textOf(field.bytes);
    else if (field.number === 7) domain = textOf(field.bytes);
    else if (field.number === 5) {
      const [name, value] = readAttribute(field.bytes);
      attributes[name] = value;
    }
  }
  return { op, domain, inputs, outputs, attributes };
}

export interface Model {
  readonly nodes: readonly Node[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly initializers: readonly Value[];
  /** Version of ONNX's own set of operators. */
  readonly opset: number;
}

/** The graph of a ModelProto. */
export function readModel(bytes: Uint8Array): Model {
  const nodes: Node[] = [];
  const names: Record<number, string[]> = { 11: [], 12: [] };
  const initializers: Value[] = [];
  let opset = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 8) {
      const parts = [...fieldsOf(field.bytes)];
      if (!parts.some(({ number, bytes }) => number === 1 && bytes.length > 0)) {
        opset = Number(parts.find(({ number }) => number === 2)?.whole ?? 0n);
      }
    }
    if (field.number !== 7) continue;
    for (const part of fieldsOf(field.bytes)) {
      if (part.number === 1) nodes.push(readNode(part.bytes));
      else if (part.number === 5) initializers.push(readTensor(part.bytes));
      else if (part.number in names) {
        for (const { number, bytes } of fieldsOf(part.bytes)) if (number === 1) names[part.number].push(textOf(bytes));
      }
    }
  }
  return { nodes, inputs: names[11], outputs: names[12], initializers, opset };
}
