// Runs test files, each in a process of its own, and prints a line a file; on failure the file's whole output too.
// A file fails when a test in it fails, when it holds no test, when it crashes, and when it runs longer than the limit.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compiled } from "./compiled.ts";
import { filesBelow } from "./fresh-build.ts";

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export interface RunOptions {
  /** Folder whose *.test.ts files are run. */
  readonly root: string;
  /** Parts of paths that select files; none selects all. */
  readonly parts: readonly string[];
  /** Longest time a file may take, in seconds. */
  readonly limit: number;
  /**
   * Runs files in a folder long/, which are left out otherwise, and those whose comment on top names PERPEND_LONG=1, which is set then and
   * has them do more. Each says `about N minutes` in that comment, may take three times as long, and at least the limit; what it prints
   * is printed at once.
   */
  readonly long?: boolean;
  /** Files at a time. */
  readonly jobs: number;
  readonly print: (line: string) => void;
}

interface Outcome extends Totals {
  /** Why the file as such failed, beside single tests in it. */
  readonly reason: string;
  readonly output: string;
  readonly seconds: number;
}

export const home = fileURLToPath(new URL("..", import.meta.url));

const running = new Set<ChildProcess>();

/** A test may have started processes of its own; they end with it. */
function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch {
    // nothing of it is left
  }
}

/** Ends every test that is running. */
export function killAll(): void {
  running.forEach(kill);
}

/** What a file's process said, read from uvu's closing block. */
function judge(output: string, status: string, overtime: string): Omit<Outcome, "output" | "seconds"> {
  const blocks = [...output.matchAll(/^ {2}Total: +(\d+)\r?\n {2}Passed: +(\d+)\r?\n {2}Skipped: +(\d+)$/gm)];
  const [total, passed, skipped] = (blocks[blocks.length - 1] ?? ["", "0", "0", "0"]).slice(1).map(Number);
  const missed = total - passed;
  let reason = "";
  if (overtime !== "") reason = overtime;
  else if (blocks.length > 1) reason = "uvu ran twice: call every run() after the last top-level await";
  else if (blocks.length === 0 && status !== "exit code 0") reason = `ended with ${status} before its tests did`;
  else if (total + skipped === 0) reason = "holds no test: is run() called?";
  else if (missed > 0 && status === "exit code 0") reason = "a before or after hook threw, which uvu does not report";
  else if (missed === 0 && status !== "exit code 0") reason = `tests passed, yet it ended with ${status}`;
  return { passed, failed: missed > 0 ? missed : reason === "" ? 0 : 1, skipped, reason };
}

/** Takes text in pieces and gives on whole lines. */
function byLine(told: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(told);
  };
}

/** The comment on top of a file. */
const headerOf = (file: string): string => /^(?:\/\/.*\n)*/.exec(readFileSync(file, "utf8"))?.[0] ?? "";

/** How Node runs a file: as it is, or compiled beside the product where the comment on top says so, which threads start sooner. */
function commandOf(file: string): string[] {
  if (!/\brun as compiled JavaScript\b/i.test(headerOf(file))) return ["--import", "tsx", file];
  return ["--enable-source-maps", compiled(pathToFileURL(file))];
}

function runFile(file: string, limit: number, told: ((line: string) => void) | null): Promise<Outcome> {
  const start = performance.now();
  const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", ...(told && { PERPEND_LONG: "1" }) };
  delete environment.FORCE_COLOR;
  return new Promise((done) => {
    const child = spawn(process.execPath, commandOf(file), {
      cwd: home,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32", // a process group of its own, so that kill() reaches all of it
    });
    running.add(child);
    let output = "";
    let overtime = "";
    const timer = setTimeout(() => {
      overtime = `ran longer than ${limit} s and was killed`;
      kill(child);
    }, limit * 1000);
    for (const stream of [child.stdout, child.stderr]) {
      const lines = byLine(told ?? (() => undefined));
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        lines(text);
      });
    }
    // A process that the test left behind may hold the pipes open; it must not hold up the run.
    child.on("exit", () => kill(child));
    const finish = (status: string): void => {
      clearTimeout(timer);
      running.delete(child);
      done({ ...judge(output, status, overtime), output, seconds: (performance.now() - start) / 1000 });
    };
    child.on("error", (error) => finish(error.message));
    child.on("close", (code, signal) => finish(code === null ? `signal ${signal}` : `exit code ${code}`));
  });
}

function describe({ passed, failed, skipped }: Totals): string {
  return `${passed} passed${failed > 0 ? `, ${failed} failed` : ""}${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

function linesAbout(name: string, width: number, outcome: Outcome, shown: boolean): string[] {
  const { failed, reason, seconds, output, skipped } = outcome;
  const lines = [`${failed > 0 ? "FAIL" : "ok  "}  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(5)} s  ${describe(outcome)}`];
  // A test that skips itself says why in a line that begins with "skipped:".
  if (skipped > 0 && !shown) for (const line of output.match(/^skipped: .*$/gm) ?? []) lines.push(`      ${line}`);
  if (reason !== "") lines.push(`      ${name}: ${reason}`);
  if (failed > 0 && !shown) lines.push(output.trimEnd().replace(/^/gm, "    | "));
  return lines;
}

/** How long a file says that it takes, in minutes. Error: it does not say so. */
function minutesOf(file: string): number {
  const [, minutes] = /\babout (\d+) minutes?\b/i.exec(headerOf(file)) ?? [];
  if (minutes === undefined)
    throw new Error(`test/run: ${file} does not say how long it takes, wanted "about N minutes" in the comment on top`);
  return Number(minutes);
}

const inMinutes = (count: number): string => `about ${count} ${count === 1 ? "minute" : "minutes"}`;

const isLong = (name: string): boolean => name.split(sep).includes("long");

/** Runs what the options select. That nothing was selected or run counts as a failure. */
export async function runTests({ root, parts, limit, jobs, print, long = false }: RunOptions): Promise<Totals> {
  const folder = resolve(home, root);
  const files = filesBelow(folder)
    .filter(
      (file) => file.endsWith(".test.ts") && (isLong(relative(folder, file)) ? long : !long || headerOf(file).includes("PERPEND_LONG=1")),
    )
    .filter((file) => parts.length === 0 || parts.some((part) => relative(home, file).includes(part)));
  const names = files.map((file) => relative(home, file));
  const width = Math.max(...names.map((name) => name.length));
  const minutes = files.map((file) => (long ? minutesOf(file) : 0));
  if (long && files.length > 1) print(`${files.length} files, ${inMinutes(minutes.reduce((sum, count) => sum + count, 0))}`);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      if (long) print(`${names[index]}: ${inMinutes(minutes[index])}`);
      const told = long ? (line: string): void => print(`    | ${line}`) : null;
      const outcome = await runFile(files[index], Math.max(limit, 180 * minutes[index]), told);
      linesAbout(names[index], width, outcome, long).forEach(print);
      totals.passed += outcome.passed;
      totals.failed += outcome.failed;
      totals.skipped += outcome.skipped;
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  if (totals.passed + totals.failed === 0) {
    const selection = parts.map((part) => `"${part}"`).join(" or ");
    print(files.length > 0 ? "FAIL  every test was skipped" : `FAIL  no test file below ${folder}${selection && ` with ${selection}`}`);
    totals.failed++;
  }
  return totals;
}
