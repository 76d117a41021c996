// Which process this is, and whether another one still is. A process is known by its number, and on Linux by its start and the system's
// too: numbers are given anew, and a number of one container means nothing in another.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import * as v from "valibot";
import { codeOf } from "../../train/node/atomic-file.ts";

const word = v.pipe(v.string(), v.maxLength(300));

export const processIdentity = v.object({
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  host: word,
  /** The start of the system that it runs on. */
  boot: v.optional(word),
  /** Where its number counts. */
  space: v.optional(word),
  /** Its start, in ticks of the system's clock. */
  start: v.optional(word),
});

export type ProcessIdentity = Readonly<v.InferOutput<typeof processIdentity>>;

export type Verdict = "alive" | "dead" | "elsewhere";

/** What a file of /proc says; undefined where there is none. */
function ofSystem(read: () => string): string | undefined {
  try {
    return read().trim();
  } catch {
    return undefined;
  }
}

/** State and start of a process: fields 3 and 22, counted behind the program's name, which may hold anything. */
function statOf(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = ofSystem(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields && fields.length > 19 ? { state: fields[0], start: fields[19] } : undefined;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  const { pid } = process;
  const boot = ofSystem(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1"));
  const space = ofSystem(() => readlinkSync("/proc/self/ns/pid"));
  const start = statOf(pid)?.start;
  return { pid, host: hostname(), ...(boot && { boot }), ...(space && { space }), ...(start && { start }) };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user.
    return codeOf(error) === "EPERM";
  }
}

const differ = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && a !== b;

/** Whether a process still runs; "elsewhere" where that cannot be told from here. */
export function verdictOn({ pid, host, boot, space, start }: ProcessIdentity, own: ProcessIdentity = ownIdentity()): Verdict {
  if (host !== own.host) return "elsewhere";
  if (differ(boot, own.boot)) return "dead";
  if (differ(space, own.space)) return "elsewhere";
  if (!exists(pid)) return "dead";
  const found = statOf(pid);
  // A killed process keeps its number until its parent has asked for it.
  return differ(start, found?.start) || found?.state === "Z" || found?.state === "X" ? "dead" : "alive";
}
