// log.jsonl and digests.jsonl while a run goes on. A disk that is full for a while loses nothing: what could not be written waits for
// the next time.
import { formatDigest, type DigestEntry } from "../../train/digest-log.ts";
import type { RunEvent } from "../../train/index.ts";
import { openLines, openLog } from "../../train/node/log-file.ts";

/** A file that takes one entry after the other. */
interface Target<T> {
  write(entry: T): void;
  sync(): void;
  close(): void;
}

export interface PatientFile<T> {
  write(entry: T): void;
  /** Flushes, so that what was written survives a power cut. */
  sync(): void;
  close(): void;
}

export interface PatientOptions {
  /** Go on behind what is there. */
  readonly append: boolean;
  /** Told once when the file cannot be written, and at the end if it still cannot. */
  readonly onTrouble: (text: string) => void;
}

function openPatiently<T>(
  path: string,
  what: string,
  open: (append: boolean) => Target<T>,
  { append, onTrouble }: PatientOptions,
): PatientFile<T> {
  let file: Target<T> | null = open(append);
  let waiting: T[] = [];
  let told = false;
  const flush = (sync = false): void => {
    const rest = waiting;
    try {
      // Opening it again cuts off what was left of a line.
      file ??= open(true);
      while (rest.length > 0) {
        file.write(rest[0]);
        rest.shift();
      }
      if (sync) file.sync();
    } catch (error) {
      file?.close();
      file = null;
      if (!told) onTrouble(`warning: ${path}: ${(error as Error).message}; training goes on, ${what} wait until they can be written`);
      told = true;
    }
  };
  return {
    write: (entry) => {
      waiting.push(entry);
      flush();
    },
    sync: () => flush(true),
    close: () => {
      flush();
      file?.close();
      if (waiting.length > 0) onTrouble(`warning: ${path}: ${waiting.length} ${what} could not be written`);
      waiting = [];
    },
  };
}

/** Opens a log of events. */
export function openRunLog(path: string, options: PatientOptions): PatientFile<RunEvent> {
  return openPatiently(path, "events", (append) => openLog(path, { append }), options);
}

/** Opens a file of digests. */
export function openDigests(path: string, options: PatientOptions): PatientFile<DigestEntry> {
  const open = (append: boolean): Target<DigestEntry> => {
    const { write, sync, close } = openLines(path, { append });
    return { write: (digest) => write(formatDigest(digest)), sync, close };
  };
  return openPatiently(path, "digests", open, options);
}
