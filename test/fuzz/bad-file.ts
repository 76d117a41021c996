// One file of the corpus of known-bad ones, and what makes them.

export interface BadFile {
  readonly name: string;
  /** Makes the file (in `folder`, which is new, where it must lie on a disk) and reads it. */
  readonly read: (folder: string) => unknown;
  /** What the error says. */
  readonly error: RegExp;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function joined(...parts: readonly (Uint8Array | readonly number[] | string)[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === "string" ? utf8(part) : Uint8Array.from(part)))));
}

/** A little-endian 64-bit number, modulo 2^64. */
export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return bytes;
}

/** A big-endian 32-bit number. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
