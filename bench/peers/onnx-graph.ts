// Writes ONNX models: protocol buffers by hand, as few fields as a graph of operators needs (onnx.proto3, IR version 8).

export type Attribute = number | readonly number[] | { readonly float: number };

export interface GraphTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

const FLOAT = 1;
const INT64 = 7;

function varint(value: number | bigint): Uint8Array {
  let left = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(left & 127n);
    left >>= 7n;
    bytes.push(left > 0n ? low | 128 : low);
  } while (left > 0n);
  return Uint8Array.from(bytes);
}

/** A field of wire type 0. */
function integer(field: number, value: number | bigint): Uint8Array {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

/** A field of wire type 2: text, bytes, or a message of parts. */
function block(field: number, content: string | Uint8Array | readonly Uint8Array[]): Uint8Array {
  const bytes =
    typeof content === "string" ? Buffer.from(content) : content instanceof Uint8Array ? content : Buffer.concat(content as Uint8Array[]);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

/** A field of wire type 5. */
function float(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), bytes]);
}

function attribute(name: string, value: Attribute): Uint8Array {
  if (typeof value === "number") return block(5, [block(1, name), integer(3, value), integer(20, 2)]);
  if ("float" in value) return block(5, [block(1, name), float(2, value.float), integer(20, 1)]);
  return block(5, [block(1, name), ...value.map((each) => integer(8, each)), integer(20, 7)]);
}

function typed(field: number, name: string, shape: readonly number[], kind: number): Uint8Array {
  const sizes = shape.map((size) => block(1, [integer(1, size)]));
  return block(field, [block(1, name), block(2, [block(1, [integer(1, kind), block(2, sizes)])])]);
}

export class GraphBuilder {
  private readonly parts: Uint8Array[] = [];
  private readonly constants = new Map<string, string>();
  private count = 0;

  /** Adds an operator; returns the names of its outputs, of which there are as many as asked for. */
  op(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    outputs: number | string[] = 1,
  ): string[] {
    const names = typeof outputs === "number" ? Array.from({ length: outputs }, () => `v${this.count++}`) : outputs;
    const [domain, name] = type.includes(":") ? type.split(":") : ["", type];
    this.parts.push(
      block(1, [
        ...inputs.map((input) => block(1, input)),
        ...names.map((output) => block(2, output)),
        block(3, `n${this.count++}`),
        block(4, name),
        ...Object.entries(attributes).map(([key, value]) => attribute(key, value)),
        ...(domain === "" ? [] : [block(7, domain)]),
      ]),
    );
    return names;
  }

  /** The first output of an operator. */
  one(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.op(type, inputs, attributes)[0];
  }

  /** Adds values that the model holds. */
  initializer(name: string, { shape, values }: GraphTensor): string {
    const kind = values instanceof Float32Array ? FLOAT : INT64;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.parts.push(block(5, [...shape.map((size) => integer(1, size)), integer(2, kind), block(8, name), block(9, bytes)]));
    return name;
  }

  /** A constant; equal ones are one. */
  constant(values: readonly number[], { whole = false, scalar = false }: { whole?: boolean; scalar?: boolean } = {}): string {
    const key = `${String(whole)}${String(scalar)}${values.join()}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = `c${this.count++}`;
    this.constants.set(key, name);
    const given = whole ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
    return this.initializer(name, { shape: scalar ? [] : [values.length], values: given });
  }

  /** A number, of any use. */
  scalar(value: number): string {
    return this.constant([value], { scalar: true });
  }

  /** Whole numbers. */
  sizes(...values: readonly number[]): string {
    return this.constant(values, { whole: true });
  }

  input(name: string, shape: readonly number[], { whole = false }: { whole?: boolean } = {}): string {
    this.parts.push(typed(11, name, shape, whole ? INT64 : FLOAT));
    return name;
  }

  output(name: string, shape: readonly number[]): void {
    this.parts.push(typed(12, name, shape, FLOAT));
  }

  /** The model's bytes. */
  finish(opset: number): Uint8Array {
    const domains = [block(8, [block(1, ""), integer(2, opset)]), block(8, [block(1, "com.microsoft"), integer(2, 1)])];
    return Buffer.concat([integer(1, 8), block(2, "perpend bench"), block(7, [block(2, "resnet"), ...this.parts]), ...domains]);
  }
}
