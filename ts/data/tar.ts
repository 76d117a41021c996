// A bounded reader of tar archives that takes only what is expected: plain files of known sizes in one folder. Links, devices,
// other folders and paths that leave the folder are refused; other plain files in the folder are passed over, never written.

import { FormatError } from "./format-error.ts";

const BLOCK = 512;

export interface TarExpectation {
  /** The archive's name in errors. */
  readonly file: string;
  /** The one folder, and the files wanted from it with their sizes in bytes. */
  readonly folder: string;
  readonly files: ReadonlyMap<string, number>;
  /** Most bytes of anything else, 1 MiB by default. */
  readonly others?: number;
}

/** A piece of a wanted file. Each file begins with a piece at 0 and is whole when at + bytes.length is its size. */
export interface TarPiece {
  readonly name: string;
  readonly size: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

interface Entry {
  /** The name within the folder where this is a wanted file. */
  readonly wanted: string | null;
  readonly size: number;
}

function text(block: Uint8Array, from: number, length: number): string {
  let end = from;
  while (end < from + length && block[end] !== 0) end++;
  return new TextDecoder("latin1").decode(block.subarray(from, end));
}

function octal(field: string): number {
  const digits = field.trim();
  return /^[0-7]{1,11}$/.test(digits) ? parseInt(digits, 8) : NaN;
}

/** Reads a header block; null where it is all zeros (the end). Throws where it is not what is expected. */
function readHeader(block: Uint8Array, offset: number, { file, folder, files }: TarExpectation): Entry | null {
  const refuse = (found: string, wanted: string): never => {
    throw new FormatError({ file, offset, found, wanted });
  };
  if (block.every((byte) => byte === 0)) return null;
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : block[i];
  const stated = octal(text(block, 148, 8));
  if (sum !== stated) refuse(`a header with checksum ${sum}`, `${stated}, as it states`);
  const prefix = text(block, 257, 5) === "ustar" && block[263] === 0x30 ? text(block, 345, 155) : "";
  const name = (prefix === "" ? "" : `${prefix}/`) + text(block, 0, 100);
  const size = octal(text(block, 124, 12));
  if (Number.isNaN(size)) refuse(`size field ${JSON.stringify(text(block, 124, 12))} of ${name}`, "an octal number");
  const type = block[156] === 0 ? "0" : String.fromCharCode(block[156]);
  if (type === "x" || type === "g") return { wanted: null, size }; // comments of newer formats: nothing here needs them
  const parts = name.replace(/^\.\//, "").replace(/\/$/, "").split("/");
  // Archives older than ustar mark a folder by a slash at its end alone.
  if (type === "0" && name.endsWith("/")) refuse(`folder ${JSON.stringify(name)} as a regular file`, "a regular file");
  const inFolder = parts[0] === folder && !parts.includes("..") && !parts.includes(".") && !name.includes("\\");
  if (type === "5") {
    if (!inFolder || parts.length !== 1 || size !== 0) refuse(`folder ${JSON.stringify(name)}`, `only ${folder}/`);
    return { wanted: null, size: 0 };
  }
  if (type !== "0") refuse(`entry ${JSON.stringify(name)} of type ${JSON.stringify(type)}`, "a regular file");
  if (!inFolder || parts.length !== 2) refuse(`file ${JSON.stringify(name)}`, `only files in ${folder}/`);
  const expected = files.get(parts[1]);
  if (expected === undefined) return { wanted: null, size };
  if (size !== expected) refuse(`${parts[1]} of ${size} bytes`, `${expected} bytes`);
  return { wanted: parts[1], size };
}

/** The wanted files of an unpacked archive, in pieces as they come. Throws unless every one came, once. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>, expected: TarExpectation): AsyncGenerator<TarPiece, void, undefined> {
  const { file, files, others = 1 << 20 } = expected;
  const seen = new Set<string>();
  const header = new Uint8Array(BLOCK);
  let filled = 0; // bytes of the header
  let entry: Entry | null = null;
  let at = 0; // in the entry
  let passed = 0; // bytes that are not wanted
  let offset = 0; // in the archive
  reading: for await (const chunk of chunks) {
    let from = 0;
    while (from < chunk.length) {
      const left: number = entry === null ? BLOCK - filled : entry.size + ((BLOCK - (entry.size % BLOCK)) % BLOCK) - at;
      const length = Math.min(left, chunk.length - from);
      const piece = chunk.subarray(from, from + length);
      from += length;
      offset += length;
      if (entry !== null) {
        if (entry.wanted !== null && at < entry.size) {
          yield { name: entry.wanted, size: entry.size, at, bytes: piece.subarray(0, Math.min(length, entry.size - at)) };
        }
        at += length;
      } else {
        header.set(piece, filled);
        filled += length;
        if (filled < BLOCK) continue;
        filled = 0;
        at = 0;
        entry = readHeader(header, offset - BLOCK, expected);
        if (entry === null) break reading;
        if (entry.wanted === null) passed += BLOCK + entry.size;
        else if (seen.has(entry.wanted))
          throw new FormatError({ file, offset: offset - BLOCK, found: `${entry.wanted} a second time`, wanted: "each file once" });
        else seen.add(entry.wanted);
        if (passed > others)
          throw new FormatError({ file, offset: offset - BLOCK, found: `${passed} bytes of other files`, wanted: `at most ${others}` });
      }
      if (entry !== null && at >= Math.ceil(entry.size / BLOCK) * BLOCK) entry = null;
    }
  }
  if (entry !== null || filled > 0)
    throw new FormatError({ file, offset, found: "the end in the middle of an entry", wanted: "a whole archive" });
  const missing = [...files.keys()].filter((name) => !seen.has(name));
  if (missing.length > 0) throw new FormatError({ file, offset, found: `the end without ${missing.join(", ")}`, wanted: "every file" });
}
