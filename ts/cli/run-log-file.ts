// log.jsonl while a run goes on. A disk that is full for a while loses no event: what could not be written waits for the next one.
import { openLog, type LogFile } from "../train/node/log-file.ts";
import type { RunEvent } from "../train/index.ts";

export interface RunLogFile {
  write(event: RunEvent): void;
  close(): void;
}

/** Opens a log, behind what is there with `append`. `onTrouble` is told once when it cannot be written, and at the end if it still cannot. */
export function openRunLog(
  path: string,
  { append, onTrouble }: { readonly append: boolean; readonly onTrouble: (text: string) => void },
): RunLogFile {
  let file: LogFile | null = openLog(path, { append });
  let waiting: RunEvent[] = [];
  let told = false;
  const flush = (): void => {
    const rest = waiting;
    try {
      // Opening it again cuts off what was left of a line.
      file ??= openLog(path, { append: true });
      while (rest.length > 0) {
        file.write(rest[0]);
        rest.shift();
      }
    } catch (error) {
      file?.close();
      file = null;
      if (!told) onTrouble(`warning: ${path}: ${(error as Error).message}; training goes on, events wait until they can be written`);
      told = true;
    }
  };
  return {
    write: (event) => {
      waiting.push(event);
      flush();
    },
    close: () => {
      flush();
      file?.close();
      if (waiting.length > 0) onTrouble(`warning: ${path}: ${waiting.length} events could not be written`);
      waiting = [];
    },
  };
}
