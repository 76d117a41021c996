// A Web Worker of a team. It holds a Web Lock as long as it lives: nothing else tells when a worker that was ended has ended.
import { didNotEnd, END, type Loss, type WorkerThread } from "../thread.ts";
import type { Answer, Task, WorkerSetup } from "../protocol.ts";
import { webLocks, type FromMember, type ToMember } from "./messages.ts";

/** How a worker is made, and the address that errors name. */
export interface WorkerFile {
  readonly address: string;
  readonly make: () => Worker;
}

/** Time in which a worker is taken to have ended where there are no locks, in milliseconds. */
const UNSEEN_END = 1000;

let made = 0;

/** The number of the next worker: workers of one memory must differ, and so may all. */
function nextNumber(): number {
  return ++made;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const pause = (milliseconds: number): Promise<null> => new Promise((resolve) => setTimeout(() => resolve(null), milliseconds));

export class WebThread implements WorkerThread {
  readonly id = nextNumber();
  readonly ready: Promise<Answer<unknown> | Loss>;
  readonly gone: Promise<Loss>;
  private readonly file: WorkerFile;
  private readonly lock: string;
  private readonly worker: Worker | null;
  /** Those who wait for answers, by the number of the task. */
  private readonly waiting = new Map<number, { readonly answered: (answer: Answer<unknown>) => void; readonly troubled: () => void }>();
  private readonly ended: (loss: Loss) => void;
  private tasks = 0;
  private here = false;
  /** What is sent once the worker listens. */
  private unsent: ToMember[] = [];
  private trouble: Loss | null = null;
  private ending: Promise<Loss> | null = null;

  constructor(file: WorkerFile, setup: WorkerSetup) {
    this.file = file;
    this.lock = `perpend ${performance.timeOrigin} ${performance.now()} ${this.id}`;
    let ended: (loss: Loss) => void = () => {};
    this.gone = new Promise((resolve) => (ended = resolve));
    this.ended = ended;
    this.worker = this.start();
    this.send({ type: "begin", thread: this.id, setup, lock: this.lock });
    this.ready = this.run({ type: "ready" }, () => {});
  }

  /** Null where the browser refuses to make it. */
  private start(): Worker | null {
    try {
      const worker = this.file.make();
      worker.onmessage = ({ data }: MessageEvent<FromMember>) => this.receive(data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.fail(this.errorOf(event));
      };
      worker.onmessageerror = () => this.fail("a message could not be read");
      return worker;
    } catch (error) {
      this.trouble = { kind: "crash", message: `${this.file.address} could not be started: ${messageOf(error)}` };
      return null;
    }
  }

  /** What an error event tells: of a file that could not be loaded, nothing. */
  private errorOf({ message, filename, lineno }: Partial<ErrorEvent>): string {
    if (!this.here && (message === undefined || message === ""))
      return `${this.file.address} could not be loaded, nor run as a module with all that it imports`;
    return `${message || "an error"}${filename ? ` (${filename}:${lineno})` : ""}`;
  }

  private receive(message: FromMember): void {
    if (message.type === "answer") {
      this.waiting.get(message.number)?.answered(message.answer);
      this.waiting.delete(message.number);
    } else if (message.type === "begun") void this.awaitEnd();
    else {
      this.here = true;
      for (const each of this.unsent.splice(0)) this.send(each);
    }
  }

  private send(message: ToMember): void {
    if (!this.here) this.unsent.push(message);
    else
      try {
        this.worker?.postMessage(message);
      } catch (error) {
        this.fail(`could not be told: ${messageOf(error)}`);
      }
  }

  private fail(message: string): void {
    this.trouble ??= { kind: "crash", message };
    for (const { troubled } of [...this.waiting.values()]) troubled();
    void this.stop();
  }

  /** Takes the lock that the worker holds: that is when it has ended. */
  private async awaitEnd(): Promise<void> {
    await webLocks()?.request(this.lock, () => {
      this.ended(this.trouble ?? { kind: "exit", message: "ended by itself" });
    });
  }

  run<A>(task: Task, onTrouble: () => void): Promise<Answer<A> | Loss> {
    const lost = (): Promise<Loss> => {
      onTrouble();
      return this.stop();
    };
    if (this.trouble !== null) return lost();
    const number = this.tasks++;
    const told = new Promise<Answer<A> | Loss>((resolve) => {
      this.waiting.set(number, {
        answered: (answer) => resolve(answer as Answer<A>),
        troubled: () => resolve(lost()),
      });
    });
    this.send({ type: "task", number, task });
    return Promise.race([told, this.gone]);
  }

  /** Ends the worker, and waits until it has ended. Error: it does not. */
  private stop(): Promise<Loss> {
    this.ending ??= this.terminate();
    return this.ending;
  }

  private async terminate(): Promise<Loss> {
    this.worker?.terminate();
    if (this.worker === null || webLocks() === undefined) {
      if (this.worker !== null) await pause(UNSEEN_END);
      this.ended(this.trouble ?? { kind: "exit", message: "ended" });
    } else void this.awaitEnd();
    const loss = await Promise.race([this.gone, pause(END)]);
    if (loss === null) throw didNotEnd("close the page");
    return loss;
  }

  async end(why: Loss): Promise<void> {
    this.trouble ??= why;
    await this.stop();
  }
}
