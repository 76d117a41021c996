// Takes out of a run's log and digests what came after a step, so that the run can go on from there. What cannot be read is moved aside,
// and what stands before the first bad line stays.
import { existsSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { FormatError } from "../../data/index.ts";
import { readRegular } from "../../data/node/read-file.ts";
import { formatDigest, parseDigests, type DigestEntry } from "../../train/digest-log.ts";
import type { RunEvent } from "../../train/index.ts";
import { formatEvent, parseLog } from "../../train/log.ts";
import { writeFileAtomic } from "../../train/node/atomic-file.ts";
import { DIGEST_FILE, LOG_FILE } from "./run-folder.ts";

const LINE_END = 0x0a;

/** Told why a file could not be read, and where it is now. */
export type OnBroken = (reason: string, kept: string) => void;

export interface Readable<T> {
  /** Up to the first bad line. A last line without its end does not count: whoever goes on cuts it off. */
  readonly entries: readonly T[];
  /** What is wrong with the rest. */
  readonly damage?: FormatError;
}

const wholeLines = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.lastIndexOf(LINE_END) + 1);

async function readable<T>(
  path: string,
  file: { readonly what: string; readonly most: number },
  parse: (bytes: Uint8Array) => readonly T[],
): Promise<Readable<T>> {
  if (!existsSync(path)) return { entries: [] };
  let bytes: Uint8Array = new Uint8Array();
  try {
    bytes = wholeLines(await readRegular(path, { ...file, within: dirname(path) }));
    return { entries: parse(bytes) };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { offset } = error;
    return { entries: offset > 0 ? parse(wholeLines(bytes.subarray(0, offset))) : [], damage: error };
  }
}

/** What can be read of a log; nothing where there is none. */
export function readableLog(path: string): Promise<Readable<RunEvent>> {
  return readable(path, LOG_FILE, (bytes) => parseLog(bytes, path).events);
}

/** What can be read of a file of digests. */
export function readableDigests(path: string): Promise<Readable<DigestEntry>> {
  return readable(path, DIGEST_FILE, (bytes) => parseDigests(bytes, path).entries);
}

/** Moves a file aside; an earlier one stays. */
function setAside(path: string): string {
  let aside = `${path}.broken`;
  for (let number = 2; existsSync(aside); number++) aside = `${path}.broken-${number}`;
  renameSync(path, aside);
  return aside;
}

/** Leaves so much of a file. */
async function leave(path: string, lines: readonly string[], { entries, damage }: Readable<unknown>, onBroken: OnBroken): Promise<void> {
  if (damage) onBroken(damage.message, setAside(path));
  if (damage ? lines.length > 0 : lines.length < entries.length)
    await writeFileAtomic(path, new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
}

/** Whether an event lies after a step and so many batches, or tells how the run ended. */
function isAfter(event: RunEvent, step: number, batches: number | undefined, stepsPerEpoch: number): boolean {
  if (event.type === "run-start") return (event.resumedFrom ?? 0) > step;
  if (event.type === "run-end" || event.type === "samples") return true;
  // Batches that were passed over make no step.
  if (event.type === "nonfinite" && batches !== undefined) return event.batch >= batches;
  if (event.type === "evaluate") return (event.step ?? event.epoch * stepsPerEpoch) > step;
  return event.step > step;
}

export interface TrimOptions<T> {
  /** Batches done, where some were passed over. */
  readonly batches?: number;
  /** Only so much of it is good: its beginning. */
  readonly good?: readonly T[];
}

/** Trims a log; returns how many steps were dropped, and what is left. */
export async function trimLog(
  path: string,
  step: number,
  onBroken: OnBroken,
  { batches, good }: TrimOptions<RunEvent> = {},
): Promise<{ readonly dropped: number; readonly events: readonly RunEvent[] }> {
  const found = await readableLog(path);
  const stepsPerEpoch = found.entries.find((event) => event.type === "run-start")?.stepsPerEpoch ?? 1;
  const events = (good ?? found.entries).filter((event) => !isAfter(event, step, batches, stepsPerEpoch));
  await leave(path, events.map(formatEvent), found, onBroken);
  return { dropped: found.entries.filter((event) => event.type === "step" && event.step > step).length, events };
}

/** Trims a file of digests; returns what is left. */
export async function trimDigests(
  path: string,
  step: number,
  onBroken: OnBroken,
  { batches, good }: TrimOptions<DigestEntry> = {},
): Promise<readonly DigestEntry[]> {
  const found = await readableDigests(path);
  const kept = (good ?? found.entries).filter((entry) => {
    if ("skipped" in entry) return batches === undefined ? entry.after < step : entry.skipped < batches;
    return ("begin" in entry ? entry.begin : entry.step) <= step;
  });
  await leave(path, kept.map(formatDigest), found, onBroken);
  return kept;
}
