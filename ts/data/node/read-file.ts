// Opens and reads files that nobody vouches for: regular files alone (a pipe would wait for ever, a device may do anything), not through
// a link out of the folder that was named, and no more bytes than the caller has room for.
import { constants } from "node:fs";
import { open, realpath, stat, type FileHandle } from "node:fs/promises";
import { dirname, relative, isAbsolute, sep } from "node:path";
import { FormatError } from "../format-error.ts";

/** Bytes asked for at a time: some systems refuse 2 GiB at once. */
const PIECE = 1 << 26;

export interface ReadOptions {
  /** What the file should be, for errors. */
  readonly what: string;
  /** The folder that the file must lie in, links followed; any by default. */
  readonly within?: string;
}

/** A regular file, open, and its size. Close the handle. */
export interface RegularFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly size: number;
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

/** Whether a real path lies in a real folder. */
function liesIn(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Opens a regular file for reading. Throws FormatError where there is none, where it is none, and where a link leads out of `within`. */
export async function openRegular(path: string, { what, within }: ReadOptions): Promise<RegularFile> {
  const refuse = (found: string, wanted: string): never => {
    throw new FormatError({ file: path, offset: -1, found, wanted });
  };
  let real: string;
  try {
    real = await realpath(path);
    if (within !== undefined) {
      const folder = await realpath(within);
      if (!liesIn(real, folder)) refuse(`a link that leads to ${real}`, `a file in ${folder} (or that folder named: ${dirname(real)})`);
    }
    if (!(await stat(real)).isFile()) refuse("not a regular file", what);
    // What lies there may have changed since.
    const handle = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) refuse("not a regular file", what);
      return { path, handle, size: stats.size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return refuse("no such file", what);
    if (code === "ELOOP") return refuse("links that lead in a circle", what);
    throw new Error(`${path}: cannot be opened (${code === "" ? String(error) : code}), wanted ${what}`, { cause: error });
  }
}

/** Reads into[0 .. into.length - 1] from byte `from` of the file on; returns how many bytes there were. */
export async function readInto({ path, handle }: RegularFile, into: Uint8Array, from = 0): Promise<number> {
  let at = 0;
  while (at < into.length) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await handle.read(into, at, Math.min(PIECE, into.length - at), from + at));
    } catch (error) {
      throw new Error(`${path}: cannot be read at byte ${from + at} (${codeOf(error)}), wanted ${into.length} bytes`, { cause: error });
    }
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at;
}

/** All of a file of at most `most` bytes. Throws as openRegular, and FormatError where it is larger. */
export async function readRegular(path: string, { most, ...options }: ReadOptions & { readonly most: number }): Promise<Uint8Array> {
  const file = await openRegular(path, options);
  try {
    if (file.size > most) throw new FormatError({ file: path, offset: -1, found: `${file.size} bytes`, wanted: `at most ${most}` });
    const bytes = new Uint8Array(file.size);
    return bytes.subarray(0, await readInto(file, bytes));
  } finally {
    await file.handle.close();
  }
}
