// The reading side of serve.ts: a peer in a process of its own, which lives as long as it is measured.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Answer, Job } from "./serve.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const longestWait = 600_000;

export class PeerProcess {
  private readonly child: ChildProcess;
  private readonly answers: Answer[] = [];
  private waiting: ((answer: Answer) => void) | null = null;
  private errors = "";

  constructor(command: readonly string[], job: Job, env: Readonly<Record<string, string>>) {
    const [file, ...given] = command;
    this.child = spawn(file, [...given, JSON.stringify(job)], { cwd: root, env: { ...process.env, ...env }, stdio: "pipe" });
    this.child.stderr!.on("data", (text: Buffer) => (this.errors = `${this.errors}${text.toString()}`.slice(-4000)));
    this.child.stdin!.on("error", () => undefined); // it ended; "close" says so
    createInterface(this.child.stdout!).on("line", (line) => {
      if (line.startsWith('{"peer"')) this.take(JSON.parse(line) as Answer);
    });
    this.child.on("error", ({ message }) => this.take({ peer: "failed", reason: message }));
    this.child.on("close", (code) => {
      const last = this.errors.trim().split("\n").at(-1) ?? "";
      this.take({ peer: "failed", reason: `the process ended with code ${String(code)}${last === "" ? "" : `: ${last}`}` });
    });
  }

  private take(answer: Answer): void {
    if (this.waiting === null) this.answers.push(answer);
    else this.waiting(answer);
    this.waiting = null;
  }

  /** What the peer says next. */
  async next(): Promise<Answer> {
    const known = this.answers.shift();
    if (known) return known;
    const timer = setTimeout(() => this.child.kill("SIGKILL"), longestWait);
    try {
      return await new Promise<Answer>((resolve) => (this.waiting = resolve));
    } finally {
      clearTimeout(timer);
    }
  }

  /** One step of the peer. */
  step(): Promise<Answer> {
    this.child.stdin!.write("step\n");
    return this.next();
  }

  /** Ends the process and waits until it is gone. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    const gone = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdin!.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(timer);
  }
}
