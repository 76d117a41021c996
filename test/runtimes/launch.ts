// Runs the staged program in another process and reads its answer.
import { spawn } from "node:child_process";
import type { Answer, Request } from "./request.ts";
import { home, staged } from "./stage.ts";

export interface Command {
  /** The runtime's executable and what comes before the program. */
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Seconds it may take; 120 by default. */
  readonly limit?: number;
  /** Takes what it prints as it comes. */
  readonly told?: (text: string) => void;
}

/** What a process prints. Errors: one that cannot be started, fails, or takes too long. */
export function output(
  [file, ...args]: readonly string[],
  { environment, limit = 120, told = () => undefined }: Omit<Command, "command"> = {},
): Promise<string> {
  return new Promise((done, fail) => {
    // Options for the test's own Node are not for this one.
    const { NODE_OPTIONS: _options, ...inherited } = process.env;
    const child = spawn(file, args, { cwd: home, env: { ...inherited, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
    const text = { out: "", all: "" };
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text.out += part;
      text.all += part;
      told(part);
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => (text.all += part));
    let over = "";
    const timer = setTimeout(() => {
      over = `, killed after ${limit} s`;
      child.kill("SIGKILL");
    }, 1000 * limit);
    child.on("error", fail);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) done(text.out);
      else fail(new Error(`launch: ${file} ended with ${signal ?? `code ${code}`}${over}, wanted 0\n${text.all.slice(-2000)}`));
    });
  });
}

/** Asks the program in a runtime. */
export async function ask({ command, ...options }: Command, request: Request): Promise<Answer> {
  const told = await output([...command, staged("runtimes/program"), JSON.stringify(request)], options);
  return JSON.parse(told.trim().split("\n").at(-1) ?? "") as Answer;
}
