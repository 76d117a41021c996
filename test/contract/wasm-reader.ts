// Reads a WebAssembly binary far enough to say what is in it: imports, exports, globals, sections, and every instruction of every
// function, after https://webassembly.github.io/spec/core/binary.

export interface WasmImport {
  readonly name: string;
  readonly kind: "function" | "table" | "memory" | "global" | "tag";
}

export interface WasmModule {
  /** `module.name` of each import. */
  readonly imports: readonly WasmImport[];
  readonly exports: readonly string[];
  readonly mutableGlobals: number;
  readonly hasStart: boolean;
  readonly customSections: readonly string[];
  readonly functions: number;
  /** How often each instruction stands in the code: a byte, or `fd 100` where a prefix has numbers behind it (hexadecimal). */
  readonly instructions: ReadonlyMap<string, number>;
}

const KINDS = ["function", "table", "memory", "global", "tag"] as const;

class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new Error(`wasm: ends at byte ${this.at}, wanted more`);
    return this.bytes[this.at++];
  }

  skip(count: number): void {
    this.at += count;
    if (this.at > this.end) throw new Error(`wasm: ends at byte ${this.end}, wanted ${this.at - this.end} more`);
  }

  /** An unsigned number of at most 32 bits. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error(`wasm: a number of more than 32 bits at byte ${this.at}`);
  }

  /** Passes over a number of any size. */
  leb(): void {
    while (this.byte() >= 0x80);
  }

  name(): string {
    const length = this.number();
    this.skip(length);
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  /** Alignment, a memory where there are several, offset. */
  memoryArgument(): void {
    if (this.number() & 0x40) this.number();
    this.leb();
  }

  limits(): void {
    const flags = this.byte();
    this.leb();
    if (flags & 1) this.leb();
  }
}

/** Passes over what stands behind an instruction; returns its number behind the prefix, where it has one. */
function immediates(reader: Reader, opcode: number): number | null {
  const numbers = (count: number): null => {
    for (let i = 0; i < count; i++) reader.number();
    return null;
  };
  if (opcode >= 0x28 && opcode <= 0x3e) reader.memoryArgument();
  else if (opcode === 0xfc || opcode === 0xfd || opcode === 0xfe) {
    const code = reader.number();
    if (opcode === 0xfc) numbers(code < 8 ? 0 : [8, 10, 12, 14].includes(code) ? 2 : 1);
    else if (opcode === 0xfe) {
      if (code === 3) reader.byte();
      else reader.memoryArgument();
    } else if (code <= 11 || code === 92 || code === 93) reader.memoryArgument();
    else if (code === 12 || code === 13) reader.skip(16);
    else if (code >= 21 && code <= 34) reader.byte();
    else if (code >= 84 && code <= 91) {
      reader.memoryArgument();
      reader.byte();
    }
    return code;
  }
  switch (opcode) {
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x41:
    case 0x42:
      reader.leb();
      return null;
    case 0x0c:
    case 0x0d:
    case 0x10:
    case 0x12:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x3f:
    case 0x40:
    case 0xd0:
    case 0xd2:
      return numbers(1);
    case 0x11:
    case 0x13:
      return numbers(2);
    case 0x0e:
    case 0x1c: {
      const count = reader.number();
      return numbers(opcode === 0x0e ? count + 1 : count);
    }
    case 0x43:
      reader.skip(4);
      return null;
    case 0x44:
      reader.skip(8);
      return null;
    default:
      return null;
  }
}

function readBody(reader: Reader, instructions: Map<string, number>): void {
  const size = reader.number();
  const body = new Reader(reader.bytes, reader.at, reader.at + size);
  reader.skip(size);
  for (let groups = body.number(); groups > 0; groups--) {
    body.number();
    body.byte();
  }
  let last = -1;
  while (body.at < body.end) {
    last = body.byte();
    if (last > 0xc4 && ![0xd0, 0xd1, 0xd2, 0xfc, 0xfd, 0xfe].includes(last))
      throw new Error(`wasm: instruction ${last.toString(16)} at byte ${body.at - 1}, which this reader does not know`);
    const code = immediates(body, last);
    const name = code === null ? last.toString(16).padStart(2, "0") : `${last.toString(16)} ${code.toString(16)}`;
    instructions.set(name, (instructions.get(name) ?? 0) + 1);
  }
  if (last !== 0x0b) throw new Error(`wasm: a function ends with instruction ${last.toString(16)}, wanted end`);
}

/** What a binary holds. Error: bytes that are no module, or that this reader loses its way in. */
export function readWasm(bytes: Uint8Array): WasmModule {
  const reader = new Reader(bytes);
  const head = Array.from({ length: 8 }, () => reader.byte());
  if (head.join() !== "0,97,115,109,1,0,0,0") throw new Error("wasm: no module of version 1");
  const imports: WasmImport[] = [];
  const exports: string[] = [];
  const customSections: string[] = [];
  const instructions = new Map<string, number>();
  let mutableGlobals = 0;
  let hasStart = false;
  let functions = 0;
  while (reader.at < reader.end) {
    const id = reader.byte();
    const size = reader.number();
    const section = new Reader(bytes, reader.at, reader.at + size);
    reader.skip(size);
    if (id === 0) customSections.push(section.name());
    else if (id === 2) {
      for (let count = section.number(); count > 0; count--) {
        const name = `${section.name()}.${section.name()}`;
        const kind = KINDS[section.byte()];
        if (kind === "memory") section.limits();
        else if (kind === "table") {
          section.byte();
          section.limits();
        } else if (kind === "global") {
          section.byte();
          if (section.byte() === 1) mutableGlobals++;
        } else {
          if (kind === "tag") section.byte();
          section.number();
        }
        imports.push({ name, kind });
      }
    } else if (id === 6) {
      for (let count = section.number(); count > 0; count--) {
        section.byte();
        if (section.byte() === 1) mutableGlobals++;
        for (let opcode = section.byte(); opcode !== 0x0b; opcode = section.byte()) immediates(section, opcode);
      }
    } else if (id === 7) {
      for (let count = section.number(); count > 0; count--) {
        exports.push(section.name());
        section.byte();
        section.number();
      }
    } else if (id === 8) hasStart = true;
    else if (id === 10) {
      functions = section.number();
      for (let count = functions; count > 0; count--) readBody(section, instructions);
      if (section.at !== section.end) throw new Error(`wasm: ${section.end - section.at} bytes behind the code`);
    }
  }
  return { imports, exports, mutableGlobals, hasStart, customSections, functions, instructions };
}
