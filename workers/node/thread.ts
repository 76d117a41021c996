// A worker thread of Node. piscina runs it, in a pool of its own: so it is known which thread a task was lost with, a thread that hangs can
// be ended, one that fails in its start can be made anew, and no task waits behind another one's.
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import type { Answer, Task, WorkerSetup } from "../protocol.ts";
import { AGAIN, didNotEnd, END, type Loss, type WorkerThread } from "../thread.ts";

function lossOf(error: Error | null, code: number): Loss {
  if (error === null) return { kind: "exit", message: `exited with code ${code}` };
  const outOfMemory = (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY";
  return { kind: outOfMemory ? "memory" : "crash", message: error.message, ...(error.stack !== undefined && { stack: error.stack }) };
}

/** Longest wait for a thread to load its modules before it is ended, in milliseconds; on a machine with much else to do that takes seconds. */
const LOADING = 10_000;

export class PiscinaThread implements WorkerThread {
  /** Node's number of it. */
  readonly id: number;
  readonly ready: Promise<Answer<unknown> | Loss>;
  readonly gone: Promise<Loss>;
  /** It has loaded its modules, or could not. */
  loaded = false;
  private readonly loading: Promise<void>;
  private readonly pool: Piscina;
  private readonly worker: Worker;
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
    const begun = (): void => void (this.loaded = true);
    this.loading = first.then(begun, begun);
    const [worker] = this.pool.threads as readonly Worker[];
    this.worker = worker;
    this.id = worker.threadId;
    // Every terminate() listens for the end, and on a busy machine one that ends is told many times.
    worker.setMaxListeners(0);
    worker.once("error", (error: unknown) => (this.trouble ??= error instanceof Error ? error : new Error(String(error))));
    this.gone = new Promise((resolve) => worker.once("exit", (code) => resolve(this.ending ?? lossOf(this.trouble, code))));
    this.ready = this.settled(first, () => {});
  }

  run<A>(task: Task, onTrouble: () => void): Promise<Answer<A> | Loss> {
    // From an error nobody catches until the thread has ended, the pool has none: it would make one for the task that nobody knows of, and
    // that goes on with it while the others do it again.
    if (!this.pool.threads.includes(this.worker)) {
      onTrouble();
      return this.stop();
    }
    return this.settled(this.pool.run(task) as Promise<Answer<A>>, onTrouble);
  }

  private settled<A>(answer: Promise<Answer<A>>, onTrouble: () => void): Promise<Answer<A> | Loss> {
    const told = answer.catch((error: unknown) => {
      onTrouble();
      // A task that could not even be sent leaves the thread behind, and nobody else tells why.
      if (error instanceof Error && !/^(worker exited|Terminating)/.test(error.message)) this.trouble ??= error;
      return this.stop();
    });
    // A thread that is lost in its start leaves its task in piscina's queue.
    return Promise.race([told, this.gone]);
  }

  /** Tells the thread to end, until it does: one that is on its way from an error into a wait may miss it. Error: it does not. */
  private async stop(): Promise<Loss> {
    // Node 20 ends the process where a thread is ended while it requires a module.
    if (!this.loaded) await Promise.race([this.loading, this.gone, sleep(LOADING, undefined, { ref: false })]);
    void this.pool.destroy();
    for (let pause = AGAIN; pause < END; pause *= 2) {
      void this.worker.terminate();
      const loss = await Promise.race([this.gone, sleep(pause)]);
      if (loss) return loss;
    }
    throw didNotEnd("end the process");
  }

  async end(why: Loss): Promise<void> {
    this.ending ??= why;
    await this.stop();
  }
}
