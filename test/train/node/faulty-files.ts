// Files of which one operation fails: the i-th one, and where wanted all after it, as on a disk that stays full or after a kill.
import type { Files, OpenFile } from "../../../ts/train/node/atomic-file.ts";

export interface Fault {
  /** The number of the operation that fails, from 1. */
  readonly at: number;
  /** What the system says, as ENOSPC. A `short` write is none: a part is written, and how much is told. */
  readonly code: string;
  /** Every later operation fails too. */
  readonly sticky?: boolean;
}

/** Bytes that one write takes at most: here every write is a short one. */
const PIECE = 100;

/** `files` with a fault in it. `calls` counts operations. */
export function faulty(files: Files, { at, code, sticky = false }: Fault): Files & { readonly calls: () => number } {
  let calls = 0;
  const check = (): void => {
    calls++;
    if (calls === at || (sticky && calls > at)) throw Object.assign(new Error(`${code}: injected`), { code });
  };
  const wrapped = (file: OpenFile): OpenFile => ({
    write: async (bytes, offset, length) => {
      const part = Math.min(length, PIECE);
      try {
        check();
      } catch (error) {
        // Some of it arrives before it fails.
        await file.write(bytes, offset, part >> 1);
        throw error;
      }
      return file.write(bytes, offset, part);
    },
    sync: async () => {
      check();
      await file.sync();
    },
    close: async () => {
      await file.close();
      check();
    },
  });
  return {
    calls: () => calls,
    open: async (path, flags) => (check(), wrapped(await files.open(path, flags))),
    rename: async (from, to) => (check(), files.rename(from, to)),
    link: async (from, to) => (check(), files.link(from, to)),
    unlink: async (path) => (check(), files.unlink(path)),
    mkdir: async (path, options) => (check(), files.mkdir(path, options)),
    readdir: async (path) => (check(), files.readdir(path)),
    readFile: async (path) => (check(), files.readFile(path)),
  };
}

/** What goes undone while the system says that it was done: a sync that the program left out, or a device that loses bytes. */
export type Undone = "file sync" | "folder sync" | "half of a write";

/** `files` without that. */
export function without(files: Files, undone: Undone): Files {
  const open = async (path: string, flags: string): Promise<OpenFile> => {
    const file = await files.open(path, flags);
    const skips = undone === (flags === "r" ? "folder sync" : "file sync");
    return {
      write: async (bytes, offset, length) => {
        if (undone !== "half of a write") return file.write(bytes, offset, length);
        await file.write(bytes, offset, length >> 1);
        return { bytesWritten: length };
      },
      sync: skips ? async () => undefined : () => file.sync(),
      close: () => file.close(),
    };
  };
  return {
    open,
    rename: (from, to) => files.rename(from, to),
    link: (from, to) => files.link(from, to),
    unlink: (path) => files.unlink(path),
    mkdir: (path, options) => files.mkdir(path, options),
    readdir: (path) => files.readdir(path),
    readFile: (path) => files.readFile(path),
  };
}
