// Runs the command line as its users do, in a process of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** As it is shipped, which starts in a third of the time that the sources take. */
const SHIPPED = ["build/node/ts/cli/perpend.js"];
/** With a test's own program, which has its modules from the sources: no module may be there twice. */
const SOURCES = ["--import", "tsx", "ts/cli/perpend.ts"];

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly done: Promise<Result>;
  /** Resolves when standard error has had this text. */
  said(text: string): Promise<void>;
}

/** Starts `perpend ...args`. */
export function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningCommand {
  const child = spawn(process.execPath, [...(environment["PERPEND_TEST_PROGRAM"] === undefined ? SHIPPED : SOURCES), ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", PERPEND_DEBUG: "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const listener of listeners) listener();
  });
  const done = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
      for (const listener of listeners) listener();
    });
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stderr.includes(text)) resolve();
        else if (child.exitCode !== null) reject(new Error(`ended with ${child.exitCode} without saying "${text}": ${stderr}`));
        else return;
        listeners.delete(look);
      };
      listeners.add(look);
      look();
    });
  return { child, done, said };
}

/** Runs `perpend ...args` to its end. */
export function perpend(...args: readonly string[]): Promise<Result> {
  return start(args).done;
}

/** A new empty folder. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "perpend-cli-"));
}

/** The smallest run: a few steps of a narrow net. */
export const TINY = "--model resnetv2_8 --width 4 -b 32 --train-samples 320 --test-samples 64 --epochs 3".split(" ");

/** The digest on the last line of standard output. */
export function digestOf({ stdout, stderr, code }: Result): string {
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  const match = /^digest ([0-9a-f]{64})$/.exec(last);
  if (!match) throw new Error(`exit ${code}, last line ${JSON.stringify(last)}, wanted a digest: ${stderr}`);
  return match[1];
}
