// Appends events to a run's log.jsonl. A line is written whole by one call, so a killed process leaves at most one line cut short;
// opening the log again to go on cuts that piece off.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { RunEvent } from "../events.ts";
import { formatEvent } from "../log.ts";

const NEWLINE = 0x0a;

export interface LogFile {
  readonly path: string;
  /** Bytes of a line cut short that were removed on opening. */
  readonly cutBytes: number;
  write(event: RunEvent): void;
  close(): void;
}

/** Opens a log: empty, or with `append` behind what is there. */
export function openLog(path: string, { append = false }: { readonly append?: boolean } = {}): LogFile {
  const file = openSync(path, append ? "a+" : "w");
  const cutBytes = append ? cutPartialLine(file) : 0;
  return {
    path,
    cutBytes,
    write: (event) => {
      const bytes = new TextEncoder().encode(`${formatEvent(event)}\n`);
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    },
    close: () => closeSync(file),
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
