// Appends events to a run's log.jsonl, and lines to files like it. A line is written whole by one call, so a killed process leaves at most one line cut short;
// opening the log again to go on cuts that piece off. What a checkpoint covers is flushed, to survive a power cut with it.
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { RunEvent } from "../events.ts";
import { formatEvent } from "../log.ts";

const NEWLINE = 0x0a;

/** A file that grows by whole lines. */
export interface LineFile {
  readonly path: string;
  /** Bytes of a line cut short that were removed on opening. */
  readonly cutBytes: number;
  /** Adds a line, given without its end. */
  write(line: string): void;
  /** Flushes what was written, so that it survives a power cut. */
  sync(): void;
  close(): void;
}

export interface LogFile extends Omit<LineFile, "write"> {
  write(event: RunEvent): void;
}

/** The calls of node:fs in use here, so that a test can make any of them fail. */
export interface LogCalls {
  readonly write: (file: number, bytes: Uint8Array, offset: number) => number;
  readonly sync: (file: number) => void;
}

const nodeCalls: LogCalls = { write: writeSync, sync: fsyncSync };

/** A log that is a link could lead anywhere. */
function openLogFile(path: string, append: boolean): number {
  const { O_RDWR, O_CREAT, O_APPEND, O_TRUNC, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | (append ? 0 : O_TRUNC), 0o666);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error(`${path}: not a regular file, wanted one or none`);
}

interface OpenOptions {
  readonly append?: boolean;
  readonly calls?: LogCalls;
}

/** Opens a file of lines: empty, or with `append` behind what is there. */
export function openLines(path: string, { append = false, calls = nodeCalls }: OpenOptions = {}): LineFile {
  const file = openLogFile(path, append);
  let cutBytes: number;
  try {
    cutBytes = append ? cutPartialLine(file) : 0;
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return {
    path,
    cutBytes,
    write: (line) => {
      const bytes = new TextEncoder().encode(`${line}\n`);
      for (let at = 0; at < bytes.length;) {
        const written = calls.write(file, bytes, at);
        if (written <= 0) throw new Error(`only ${at} of ${bytes.length} bytes of a line could be written`);
        at += written;
      }
    },
    sync: () => calls.sync(file),
    close: () => closeSync(file),
  };
}

/** Opens a log: empty, or with `append` behind what is there. */
export function openLog(path: string, options: OpenOptions = {}): LogFile {
  const lines = openLines(path, options);
  return {
    path,
    cutBytes: lines.cutBytes,
    write: (event) => {
      lines.write(formatEvent(event));
      if (event.type === "checkpoint" || event.type === "run-end") lines.sync();
    },
    sync: lines.sync,
    close: lines.close,
  };
}

function cutPartialLine(file: number): number {
  const { size } = fstatSync(file);
  const piece = new Uint8Array(4096);
  for (let end = size; end > 0;) {
    const from = Math.max(0, end - piece.length);
    const read = readSync(file, piece, 0, end - from, from);
    const newline = piece.subarray(0, read).lastIndexOf(NEWLINE);
    if (newline >= 0 || from === 0) {
      const keep = from + newline + 1;
      if (keep < size) ftruncateSync(file, keep);
      return size - keep;
    }
    end = from;
  }
  return 0;
}
