// The command behind `npm test`: every test/**/*.test.ts in a process of its own, a line a file, totals in the last line.
// A file fails when a test in it fails, when it holds no test, when it crashes, and when it runs longer than the limit; then its
// whole output is shown. Arguments that are no option select files by a part of their path.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { filesBelow, freshBuild } from "./fresh-build.ts";

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Why the file as such failed, beside single tests in it. */
  readonly reason: string;
  readonly output: string;
  readonly seconds: number;
}

const home = fileURLToPath(new URL("..", import.meta.url));
const running = new Set<ChildProcess>();

const help = `npm test -- [options] [part of a path ...]
  --root DIR       where to look for *.test.ts (test)
  --limit SECONDS  longest time a file may take (120)
  --jobs N         files at a time (the number of cores)
  --no-build       test what build/ holds, however old`;

/** A test may have started processes of its own; they end with it. */
function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch {
    // nothing of it is left
  }
}

/** What a file's process said, read from uvu's closing block. */
function judge(output: string, status: string, overtime: string): Omit<Outcome, "output" | "seconds"> {
  const blocks = [...output.matchAll(/^ {2}Total: +(\d+)\r?\n {2}Passed: +(\d+)\r?\n {2}Skipped: +(\d+)$/gm)];
  const [total, passed, skipped] = (blocks[blocks.length - 1] ?? ["", "0", "0", "0"]).slice(1).map(Number);
  const missed = total - passed;
  let reason = "";
  if (overtime !== "") reason = overtime;
  else if (blocks.length > 1) reason = "uvu ran twice: call every run() before the first top-level await";
  else if (blocks.length === 0 && status !== "exit code 0") reason = `ended with ${status} before its tests did`;
  else if (total + skipped === 0) reason = "holds no test: is run() called?";
  else if (missed > 0 && status === "exit code 0") reason = "a before or after hook threw, which uvu does not report";
  else if (missed === 0 && status !== "exit code 0") reason = `tests passed, yet it ended with ${status}`;
  return { passed, failed: missed > 0 ? missed : reason === "" ? 0 : 1, skipped, reason };
}

function runFile(file: string, limit: number): Promise<Outcome> {
  const start = performance.now();
  const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1" };
  delete environment.FORCE_COLOR;
  return new Promise((done) => {
    const child = spawn(process.execPath, ["--import", "tsx", file], {
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
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
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

function report(name: string, width: number, outcome: Outcome): void {
  const bad = outcome.failed > 0 || outcome.reason !== "";
  const counts = [`${outcome.passed} passed`];
  if (outcome.failed > 0) counts.push(`${outcome.failed} failed`);
  if (outcome.skipped > 0) counts.push(`${outcome.skipped} skipped`);
  console.log(`${bad ? "FAIL" : "ok  "}  ${name.padEnd(width)}  ${outcome.seconds.toFixed(1).padStart(5)} s  ${counts.join(", ")}`);
  // A test that skips itself says why in a line that begins with "skipped:".
  if (outcome.skipped > 0) for (const line of outcome.output.match(/^skipped: .*$/gm) ?? []) console.log(`      ${line}`);
  if (!bad) return;
  if (outcome.reason !== "") console.log(`      ${name}: ${outcome.reason}`);
  console.log(outcome.output.replace(/^/gm, "    | ").trimEnd());
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`test/run: --${option} is ${text}, a number above 0 is wanted`);
  return value;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      root: { type: "string", default: "test" },
      limit: { type: "string", default: "120" },
      jobs: { type: "string", default: String(availableParallelism()) },
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const limit = positive("limit", values.limit);
  const jobs = Math.ceil(positive("jobs", values.jobs));
  const start = performance.now();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const close = (): void => {
    const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
    console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
    process.exitCode = total.failed > 0 ? 1 : 0;
  };
  const giveUp = (message: string): void => {
    console.log(message);
    total.failed++;
    close();
  };

  const root = resolve(home, values.root);
  const files = filesBelow(root)
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => positionals.length === 0 || positionals.some((part) => relative(home, file).includes(part)));
  if (files.length === 0) return giveUp(`FAIL  no test file below ${root}${positionals.map((part) => ` with "${part}"`).join(" or")}`);

  if (!values["no-build"]) {
    const { built, failure } = await freshBuild(home);
    if (failure !== null) return giveUp(`FAIL  the build\n${failure.trimEnd()}`);
    if (built.length > 0) console.log(`built ${built.join(" and ")} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }

  const names = files.map((file) => relative(home, file));
  const width = Math.max(...names.map((name) => name.length));
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      const outcome = await runFile(files[index], limit);
      report(names[index], width, outcome);
      total.passed += outcome.passed;
      total.failed += outcome.failed;
      total.skipped += outcome.skipped;
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  if (total.passed + total.failed === 0) return giveUp("FAIL  every test was skipped");
  console.log(`\n${files.length} files in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  close();
}

for (const [signal, code] of [
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => {
    running.forEach(kill);
    process.exit(code);
  });
}

await main();
