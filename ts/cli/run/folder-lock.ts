// One process at a time writes to a run's folder. Who wants to puts a file of its own, in-use.<random>, there and then looks around: where
// another one's lies beside it, it takes its own away again. As every file is there before its owner looks, two never both find themselves
// alone; as each has a name of its own, removing that of a dead process can hit no other.
// The file holds a line of JSON that says whose it is, and once its owner has the folder a second line.
import { randomBytes, randomInt } from "node:crypto";
import { constants, readdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import * as v from "valibot";
import { FormatError } from "../../data/index.ts";
import { shown } from "../../data/format-error.ts";
import { readRegularSync } from "../../data/node/read-file.ts";
import { codeOf, WriteError } from "../../train/node/atomic-file.ts";
import { parseStrictJson, plainJson } from "../../train/strict-json.ts";
import { UsageError } from "../settings/usage.ts";
import { ownIdentity, processIdentity, verdictOn, type ProcessIdentity } from "./process-identity.ts";

const NAME = /^in-use\.[0-9a-f]{16}$/;
const HELD = "held\n";
/** Behind what is there; a file that is gone is not made again. */
const APPEND = constants.O_WRONLY | constants.O_APPEND;
const MOST_BYTES = 4096;
/** Milliseconds that a file without a whole line may be being written. */
const WRITING = 1000;
/** Looks around, some 20 ms apart, before one that never comes to an end of looking counts as one that has the folder. */
const MOST_LOOKS = 150;

const claim = v.object({ ...processIdentity.entries, since: v.pipe(v.string(), v.isoTimestamp()) });

type Claim = Readonly<v.InferOutput<typeof claim>> & { readonly held: boolean };

export interface FolderLock {
  /** Once is enough; more do no harm. */
  release(): void;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Writes to a file of ours, which is removed where that is not possible. Throws WriteError. */
function write(path: string, text: string, flag: "wx" | typeof APPEND): void {
  try {
    writeFileSync(path, text, { flag: flag as string });
  } catch (error) {
    try {
      remove(path);
    } catch {
      // What went wrong first is what is told.
    }
    throw new WriteError(path, text.length, error, "nothing was changed");
  }
}

/** Whose file it is; "gone", or "broken" where it says nothing. */
function read(path: string, dir: string): Claim | "gone" | "broken" {
  try {
    const bytes = readRegularSync(path, { what: "the mark of a folder in use", within: dir, most: MOST_BYTES });
    const end = bytes.indexOf(0x0a);
    const result = v.safeParse(claim, plainJson(parseStrictJson(bytes.subarray(0, Math.max(0, end)), { file: path })));
    return result.success ? { ...result.output, held: bytes.length > end + 1 } : "broken";
  } catch (error) {
    if (!(error instanceof FormatError))
      throw new UsageError(`${dir}: perhaps in use: ${(error as Error).message}; if no process uses it, remove that file`);
    return error.found === "no such file" ? "gone" : "broken";
  }
}

/** Whether a file was made this very moment, so that its owner may be writing to it. */
function isFresh(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Math.abs(Date.now() - stats.mtimeMs) < WRITING;
}

/** Refuses a folder that others use; returns whether another one looks around too. Files of dead processes are removed. */
function lookAround(dir: string, names: readonly string[], own: ProcessIdentity, last: boolean): boolean {
  let meets = false;
  for (const name of names) {
    const path = join(dir, name);
    const found = read(path, dir);
    if (found === "gone") continue;
    if (found === "broken") {
      if (!last && isFresh(path)) meets = true;
      else remove(path);
      continue;
    }
    const { pid, host, since, held } = found;
    const verdict = verdictOn(found, own);
    if (verdict === "dead") remove(path);
    else if (verdict === "elsewhere") {
      const where = host === own.host ? "another container" : shown(host);
      throw new UsageError(
        `${dir}: in use by process ${pid} of ${where} since ${since}, wanted that one to end, or another --output; ` +
          `whether it still runs cannot be told from here: if it does not, remove ${path}`,
      );
    } else if (held || last)
      throw new UsageError(`${dir}: in use by process ${pid} since ${since}, wanted that one to end, or another --output`);
    else meets = true;
  }
  return meets;
}

/**
 * Takes a folder for this process until it is released or the process ends. A folder whose owner was killed is taken over. Throws
 * UsageError where another process has it, WriteError where nothing can be written there.
 */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const own = ownIdentity();
  for (let look = 1; ; look++) {
    const path = join(dir, `in-use.${randomBytes(8).toString("hex")}`);
    const line = `${JSON.stringify({ ...own, since: new Date().toISOString() })}\n`;
    write(path, line, "wx");
    const release = (): void => {
      process.off("exit", release);
      try {
        remove(path);
      } catch {
        // It names a process that will be dead.
      }
    };
    process.on("exit", release);
    try {
      const names = readdirSync(dir).filter((name) => NAME.test(name));
      const others = names.filter((name) => path !== join(dir, name));
      // One that is missing was taken for broken before it was written.
      if (!lookAround(dir, others, own, look >= MOST_LOOKS) && others.length < names.length) {
        write(path, HELD, APPEND);
        return { release };
      }
    } catch (error) {
      release();
      throw error;
    }
    release();
    await wait(randomInt(5, 40));
  }
}
