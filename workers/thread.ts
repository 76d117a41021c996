// One worker thread from its start to its end. piscina runs it, in a pool of its own: so it is known which thread a task was lost with,
// a thread that hangs can be ended, one that fails in its start can be made anew, and no task waits behind another one's.
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import type { FaultKind } from "../ts/train/faults.ts";
import type { Answer, Task, WorkerSetup } from "./protocol.ts";

/** How a thread came to its end. */
export interface Loss {
  readonly kind: FaultKind;
  readonly message: string;
  readonly stack?: string;
}

/** Longest wait for a thread to end, in milliseconds. One that goes on would write into what is done again. */
const END_MS = 10_000;

function lossOf(error: Error | null, code: number): Loss {
  if (error === null) return { kind: "exit", message: `exited with code ${code}` };
  const outOfMemory = (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY";
  return { kind: outOfMemory ? "memory" : "throw", message: error.message, ...(error.stack !== undefined && { stack: error.stack }) };
}

export class WorkerThread {
  /** Node's number of the thread. */
  readonly id: number;
  /** Its answer to the first task: it has made its model, or could not. */
  readonly ready: Promise<Answer<unknown> | Loss>;
  /** Why it ended; resolves once it can write nothing any more. */
  readonly gone: Promise<Loss>;
  private readonly pool: Piscina;
  private trouble: Error | null = null;
  private ending: Loss | null = null;

  constructor(filename: string, setup: WorkerSetup) {
    // No thread is made by itself: not before the first task, and none in place of a lost one.
    this.pool = new Piscina({
      filename,
      name: "run",
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Infinity,
      recordTiming: false,
      workerData: setup,
    });
    // Of a thread without a task, which `gone` tells of, too.
    this.pool.on("error", () => {});
    const first = this.pool.run({ type: "ready" } satisfies Task) as Promise<Answer<unknown>>;
    const [worker] = this.pool.threads as readonly Worker[];
    this.id = worker.threadId;
    worker.once("error", (error: unknown) => (this.trouble ??= error instanceof Error ? error : new Error(String(error))));
    this.gone = new Promise((resolve) => worker.once("exit", (code) => resolve(this.ending ?? lossOf(this.trouble, code))));
    this.ready = this.settled(first, () => {});
  }

  /** The answer, or how the thread was lost; `onTrouble` is called as soon as that is known, the promise waits until it has ended. */
  run<A>(task: Task, onTrouble: () => void): Promise<Answer<A> | Loss> {
    return this.settled(this.pool.run(task) as Promise<Answer<A>>, onTrouble);
  }

  private settled<A>(answer: Promise<Answer<A>>, onTrouble: () => void): Promise<Answer<A> | Loss> {
    const told = answer.catch((error: unknown) => {
      onTrouble();
      // A task that could not even be sent leaves the thread behind, and nobody else tells why.
      if (error instanceof Error && !/^(worker exited|Terminating)/.test(error.message)) this.trouble ??= error;
      void this.pool.destroy();
      return this.gone;
    });
    // A thread that is lost in its start leaves its task in piscina's queue.
    return Promise.race([told, this.gone]);
  }

  /** Ends the thread and waits for it. Error: one that does not end. */
  async end(why: Loss): Promise<void> {
    this.ending ??= why;
    void this.pool.destroy();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`team: a worker did not end within ${END_MS / 1000} s, wanted an engine that can end one; end the process`);
      timer = setTimeout(() => reject(error), END_MS);
    });
    await Promise.race([this.gone, late]).finally(() => clearTimeout(timer));
  }
}
