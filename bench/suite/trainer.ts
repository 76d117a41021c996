// A process that trains one net, as its parent sees it: it is told to take a step and says what that took.
import { fork, type ChildProcess } from "node:child_process";
import { availableParallelism, freemem } from "node:os";
import { performance } from "node:perf_hooks";
import type { Answer, Job } from "../programs/train.ts";
import { programFile } from "./compile-programs.ts";
import type { Duration } from "./interleave.ts";

export class Trainer {
  /** Milliseconds from before the process was started until it had done its first step. */
  readonly start: number;
  /** CPU milliseconds of all steps. */
  cpu = 0;
  /** What the last step took. */
  last: Answer;
  private readonly child: ChildProcess;

  constructor(child: ChildProcess, first: Answer, start: number) {
    this.child = child;
    this.last = first;
    this.start = start;
  }

  async step(): Promise<Duration> {
    const answer = nextAnswer(this.child);
    this.child.send("step");
    this.last = await answer;
    this.cpu += this.last.cpu;
    return { overriddenDuration: this.last.ms, overriddenIterationCost: this.last.ms };
  }

  /** Ends the process. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill();
    await gone;
  }
}

/** The next message of the process. Error: it ended, with the end of what it wrote to standard error. */
function nextAnswer(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (text: string): void => void (said = (said + text).slice(-2000));
    const done = (): void => {
      child.stderr?.off("data", listen);
      child.off("close", ended);
      child.off("message", answered);
    };
    const answered = (message: unknown): void => {
      done();
      resolve(message as Answer);
    };
    const ended = (code: number | null, signal: string | null): void => {
      done();
      reject(new Error(`the process ended (${signal ?? code}): ${said.trim() || "it said nothing"}`));
    };
    child.stderr?.setEncoding("utf8").on("data", listen);
    child.on("close", ended);
    child.on("message", answered);
  });
}

/** Starts a process that trains; resolves after its first step. Error: it ended before. */
export async function startTrainer(job: Job): Promise<Trainer> {
  const before = performance.now();
  const child = fork(programFile("train"), [JSON.stringify(job)], { execArgv: [], stdio: ["ignore", "inherit", "pipe", "ipc"] });
  const first = await nextAnswer(child);
  return new Trainer(child, first, performance.now() - before);
}

/** Numbers of workers that are measured when none are asked for: the calling thread, one, and two where there are cores for them. */
export function usualWorkers(): number[] {
  return availableParallelism() > 1 ? [0, 1, 2] : [0, 1];
}

/** How many processes of that size, in MB, fit beside each other into what memory is free. */
export function processesThatFit(megabytes: number): number {
  return Math.floor((0.8 * freemem()) / 1e6 / megabytes);
}
