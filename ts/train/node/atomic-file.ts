// Replaces a file so that a reader, or whoever looks after a kill or a power cut, finds the old file or the new one, never a mixture:
// temporary name in the same folder, every byte written, fsync, rename, fsync of the folder.
import { link, mkdir, open, readFile, readdir, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";

export interface OpenFile {
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The calls of node:fs/promises in use here, so that a test can make any of them fail. */
export interface Files {
  open(path: string, flags: string): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string): Promise<Uint8Array>;
}

export const nodeFiles: Files = { open, rename, link, unlink, mkdir, readdir, readFile };

export const TEMPORARY = ".tmp";

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
      const { bytesWritten } = await file.write(bytes, at, bytes.length - at);
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

/** Makes a folder's entries survive a power cut. Windows has no such call. */
export async function syncFolder(path: string, files: Files = nodeFiles): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await files.open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
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
