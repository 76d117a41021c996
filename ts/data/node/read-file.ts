// Opens and reads files that nobody vouches for: regular files alone (a pipe would wait for ever, a device may do anything), not through
// a link out of the folder that was named, and no more bytes than the caller has room for.
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
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

/** Refuses a file for what opening it said. */
function refuseFor(error: unknown, path: string, what: string): never {
  if (error instanceof FormatError) throw error;
  const code = codeOf(error);
  const found = code === "ENOENT" || code === "ENOTDIR" ? "no such file" : code === "ELOOP" ? "links that lead in a circle" : null;
  if (found !== null) throw new FormatError({ file: path, offset: -1, found, wanted: what });
  throw new Error(`${path}: cannot be opened (${code === "" ? String(error) : code}), wanted ${what}`, { cause: error });
}

/** Refuses a file that is none, or whose real path is not in the real folder `folder`. */
function checkPlace(path: string, real: string, folder: string | undefined): void {
  if (folder === undefined || liesIn(real, folder)) return;
  const wanted = `a file in ${folder} (or that folder named: ${dirname(real)})`;
  throw new FormatError({ file: path, offset: -1, found: `a link that leads to ${real}`, wanted });
}

function checkRegular(path: string, isFile: boolean, what: string): void {
  if (!isFile) throw new FormatError({ file: path, offset: -1, found: "not a regular file", wanted: what });
}

// Not through a link that came to lie there since, and not waiting for a pipe.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Opens a regular file for reading. Throws FormatError where there is none, where it is none, and where a link leads out of `within`. */
export async function openRegular(path: string, { what, within }: ReadOptions): Promise<RegularFile> {
  try {
    const real = await realpath(path);
    checkPlace(path, real, within === undefined ? undefined : await realpath(within));
    checkRegular(path, (await stat(real)).isFile(), what);
    // What lies there may have changed since.
    const handle = await open(real, FLAGS);
    try {
      const stats = await handle.stat();
      checkRegular(path, stats.isFile(), what);
      return { path, handle, size: stats.size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    return refuseFor(error, path, what);
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

/** readRegular on the calling thread, at once. */
export function readRegularSync(path: string, { what, within, most }: ReadOptions & { readonly most: number }): Uint8Array {
  let file = -1;
  try {
    const real = realpathSync(path);
    checkPlace(path, real, within === undefined ? undefined : realpathSync(within));
    checkRegular(path, statSync(real).isFile(), what);
    file = openSync(real, FLAGS);
    const stats = fstatSync(file);
    checkRegular(path, stats.isFile(), what);
    if (stats.size > most) throw new FormatError({ file: path, offset: -1, found: `${stats.size} bytes`, wanted: `at most ${most}` });
    const bytes = new Uint8Array(stats.size);
    let at = 0;
    for (let got = 1; at < bytes.length && got > 0; at += got) got = readSync(file, bytes, at, Math.min(PIECE, bytes.length - at), at);
    return bytes.subarray(0, at);
  } catch (error) {
    return refuseFor(error, path, what);
  } finally {
    if (file >= 0) closeSync(file);
  }
}
