// Replaces a file so that a reader, or whoever looks after a kill or a power cut, finds the old file or the new one, never a mixture:
// temporary name in the same folder, every byte written and flushed, read back and compared, renamed, the folder flushed.
import { link, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { readRegular } from "../../data/node/read-file.ts";

export interface OpenFile {
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The file operations in use here, so that a test can make any of them fail. */
export interface Files {
  open(path: string, flags: string): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  /** All of a regular file that lies in its own folder. */
  readFile(path: string): Promise<Uint8Array>;
}

/** Bytes of a file that is read back at most: what the memory of training holds. */
export const MOST_FILE_BYTES = 0x1_0000_0000;

export const nodeFiles: Files = {
  open,
  rename,
  link,
  unlink,
  mkdir,
  readdir,
  readFile: (path) => readRegular(path, { what: "a regular file", most: MOST_FILE_BYTES, within: dirname(path) }),
};

export const TEMPORARY = ".tmp";

/** Bytes written at a time: some systems refuse 2 GiB at once. */
const PIECE = 1 << 26;

/** A file could not be written. The message says which, how large, why, what is left and what to do. */
export class WriteError extends Error {
  readonly path: string;
  readonly bytes: number;
  /** The system's code, e.g. ENOSPC. */
  readonly code: string;

  constructor(path: string, bytes: number, cause: unknown, left: string) {
    const code = codeOf(cause);
    const [what, advice] = explain(code, cause);
    super(`write: ${path} (${bytes} bytes): ${what}, ${advice}; ${left}`, { cause });
    this.name = "WriteError";
    this.path = path;
    this.bytes = bytes;
    this.code = code;
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function explain(code: string, cause: unknown): [what: string, advice: string] {
  switch (code) {
    case "ENOSPC":
      return ["no space left on the device", "wanted: free some or choose another --output"];
    case "EDQUOT":
      return ["the disk quota is used up", "wanted: free some or choose another --output"];
    case "EFBIG":
      return ["the file is larger than the system allows (EFBIG)", "wanted: a higher limit, or another --output"];
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return [`not allowed to write there (${code})`, "wanted: the right to write, or another --output"];
    case "EIO":
      return ["the device reported an error (EIO)", "wanted: a sound disk, choose another --output"];
    default:
      return [cause instanceof Error ? cause.message : String(cause), "wanted: a folder that can be written"];
  }
}

/** Writes `bytes` to `path` whole or not at all. Throws WriteError. */
export async function writeFileAtomic(path: string, bytes: Uint8Array, files: Files = nodeFiles): Promise<void> {
  const temporary = path + TEMPORARY;
  let replaced = false;
  try {
    await removeIfThere(temporary, files);
    await writeSynced(temporary, bytes, files);
    await checkWritten(temporary, bytes, files);
    await files.rename(temporary, path);
    replaced = true;
    await syncFolder(dirname(path), files);
  } catch (error) {
    // What went wrong first is what is told; a second failure here changes nothing.
    if (!replaced) await removeIfThere(temporary, files).catch(() => undefined);
    throw new WriteError(
      path,
      bytes.length,
      error,
      replaced ? "it is in place, but may not survive a power cut" : "what was there before is kept",
    );
  }
}

async function writeSynced(path: string, bytes: Uint8Array, files: Files): Promise<void> {
  // "wx" refuses to write through a link that someone put there.
  const file = await files.open(path, "wx");
  try {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, at, Math.min(PIECE, bytes.length - at));
      if (bytesWritten <= 0) throw new Error(`only ${at} bytes could be written`);
      at += bytesWritten;
    }
    await file.sync();
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  await file.close();
}

/** A device may say that it wrote and not have. */
async function checkWritten(path: string, bytes: Uint8Array, files: Files): Promise<void> {
  const there = await files.readFile(path);
  if (there.length !== bytes.length) throw new Error(`only ${there.length} bytes are there after writing`);
  if (Buffer.compare(there, bytes) !== 0) throw new Error("other bytes are there after writing");
}

/** Systems and file systems that cannot flush a folder answer one of these. */
const NO_FOLDER_SYNC = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Makes a folder's entries survive a power cut. Windows has no such call. */
export async function syncFolder(path: string, files: Files = nodeFiles): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await files.open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(codeOf(error))) throw error;
  } finally {
    await folder.close();
  }
}

/** Folders above a new one that are flushed: a run's, that of all runs, and the one it was started in. */
const LEVELS = 3;

/** Makes a folder and those above it, and makes them survive a power cut. */
export async function makeFolder(path: string, files: Files = nodeFiles): Promise<void> {
  await files.mkdir(path, { recursive: true });
  // A folder is an entry of the one above it. Who made it may have been killed before this.
  let folder = resolve(path);
  for (let level = 0; level < LEVELS && folder !== dirname(folder); level++) {
    folder = dirname(folder);
    try {
      await syncFolder(folder, files);
    } catch (error) {
      // Not ours, so not made by us.
      if (!["EACCES", "EPERM"].includes(codeOf(error))) throw error;
    }
  }
}

/** Removes a file; one that is not there is fine. */
export async function removeIfThere(path: string, files: Files = nodeFiles): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Removes what a kill left: files in a folder whose name ends like this and that are temporary. */
export async function removeTemporaries(folder: string, ending: string, files: Files = nodeFiles): Promise<void> {
  for (const name of await files.readdir(folder)) {
    if (name.endsWith(`${ending}${TEMPORARY}`)) await removeIfThere(join(folder, name), files);
  }
}
