// The threads of a team: who is there, who is being replaced, and one attempt of all at a task. A thread that is lost is replaced at
// once, in the background; what it had of the shared memory goes to others once nobody can look at it any more.
import { leaveChunks } from "../ts/backend/index.ts";
import { WorkerFault } from "../ts/train/faults.ts";
import { abort } from "./barrier.ts";
import { watchForHang } from "./patience.ts";
import { CONTROL, DOING, doingWord, type Answer, type Task, type WorkerSetup } from "./protocol.ts";
import type { Loss, ThreadStart, WorkerThread } from "./thread.ts";

/** Starts of one thread that fail in a row before the others go on without it. */
const STARTS = 6;
/** Pause after the first such start, which doubles each time, and the longest, in milliseconds. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 30_000;
/** Time that workers have to leave a step that was given up before they are ended, in milliseconds. */
const LEAVE = 100;

interface Seat {
  readonly index: number;
  /** Null while there is none. */
  thread: WorkerThread | null;
  /** Settles when there is a thread, or is none for now. */
  coming: Promise<void>;
  /** Why there is none for now. */
  trouble: WorkerFault | null;
}

type Present = Seat & { readonly thread: WorkerThread };

/** Who takes part in an attempt. */
type Taker = Pick<Present, "index" | "thread">;

/** The error in a worker, as far as it can be told here. */
export function errorOf({ message, stack }: Pick<Loss, "message" | "stack">): Error {
  return Object.assign(new Error(message), stack === undefined ? {} : { stack });
}

/** What went wrong in one attempt, or between two. */
export interface Setback extends Loss {
  readonly worker: number;
}

/** One attempt of some threads at a task: an answer of each, or what went wrong. */
export interface Attempt<A> {
  readonly answers: readonly A[];
  readonly setbacks: readonly Setback[];
}

/** Makes the task of one of so many workers. */
export type TaskMaker = (part: { readonly worker: number; readonly workers: number; readonly ticket: number }) => Task;

export class Crew {
  /** What went wrong while nothing was to be done, until somebody asks. */
  readonly idleSetbacks: Setback[] = [];
  private readonly start: ThreadStart;
  private readonly setup: WorkerSetup;
  private readonly words: Int32Array<ArrayBufferLike>;
  private readonly seats: readonly Seat[];
  private readonly living = new Set<WorkerThread>();
  /** Threads whose loss an attempt tells of: they owe it an answer, or are ended for the one they gave. */
  private readonly told = new WeakSet<WorkerThread>();
  /** Threads that are gone while others may still look at their memory. */
  private readonly gone: number[] = [];
  private readonly closing = new AbortController();
  private ticket = 0;
  private busy = false;

  constructor(start: ThreadStart, setup: WorkerSetup, words: Int32Array<ArrayBufferLike>) {
    this.start = start;
    this.setup = setup;
    this.words = words;
    this.seats = Array.from({ length: setup.workers }, (_, index) => ({ index, thread: null, coming: Promise.resolve(), trouble: null }));
    for (const seat of this.seats) seat.coming = this.fill(seat);
  }

  private get closed(): boolean {
    return this.closing.signal.aborted;
  }

  /** Waits so long, or until all are closed. */
  private pause(milliseconds: number): Promise<void> {
    const { signal } = this.closing;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
    });
  }

  /** Starts a thread until it is ready. */
  private async fill(seat: Seat, failed = 0): Promise<void> {
    for (let failures = failed; !this.closed;) {
      if (failures > 0) await this.pause(Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(failures - 1, 10)));
      if (this.closed) return;
      const thread = this.start(this.setup);
      this.living.add(thread);
      void thread.gone.then((loss) => this.lost(seat, thread, loss));
      const answer = await thread.ready;
      if ("value" in answer) {
        seat.thread = thread;
        seat.trouble = null;
        return;
      }
      failures++;
      const why = "failure" in answer ? answer.failure : answer;
      if ("failure" in answer) await thread.end({ ...why, kind: "start" });
      // A program that throws would throw again.
      const hopeless = "failure" in answer && why.kind === "throw";
      if (!hopeless && failures !== STARTS) continue;
      const about = { kind: "start", worker: seat.index, step: 0, attempt: failures } as const;
      seat.trouble = new WorkerFault(`team: worker ${seat.index} could not begin: ${why.message}`, about, errorOf(why));
      this.idleSetbacks.push({ kind: "start", worker: seat.index, message: why.message });
      if (!hopeless) void this.fill(seat, failures);
      return;
    }
  }

  private lost(seat: Seat, thread: WorkerThread, loss: Loss): void {
    this.living.delete(thread);
    if (this.busy) this.gone.push(thread.id);
    else leaveChunks(this.setup.memory, thread.id);
    if (seat.thread !== thread || this.closed) return;
    if (!this.told.has(thread)) this.idleSetbacks.push({ ...loss, worker: seat.index });
    seat.thread = null;
    seat.coming = this.fill(seat);
  }

  /** Waits until every seat has a thread, at most so long, but until there is one at least. Error: there is none to come. */
  async gather(milliseconds = Infinity): Promise<void> {
    if (this.size < this.seats.length) {
      const all = Promise.all(this.seats.map(({ coming }) => coming));
      await (milliseconds === Infinity ? all : Promise.race([all, this.pause(milliseconds)]));
      if (this.size === 0) await Promise.race(this.seats.map(({ coming }) => coming));
    }
    if (this.size === 0 && this.trouble !== null) throw this.trouble;
  }

  /** Why there is somebody missing for now. */
  get trouble(): WorkerFault | null {
    return this.seats.find(({ trouble }) => trouble !== null)?.trouble ?? null;
  }

  private get present(): Present[] {
    return this.seats.filter((seat): seat is Present => seat.thread !== null);
  }

  /** Threads that are there. */
  get size(): number {
    return this.present.length;
  }

  /** All that are there do their part. Who hangs longer than `seconds` is ended. Returns when nobody works on it any more. */
  async attempt<A>(taskOf: TaskMaker, seconds: number): Promise<Attempt<A>> {
    const { words } = this;
    const present = this.present.map(({ index, thread }) => ({ index, thread }));
    const workers = present.length;
    const ticket = ++this.ticket;
    this.busy = true;
    for (const word of [CONTROL.arrived, CONTROL.generation, CONTROL.abort]) Atomics.store(words, word, 0);
    present.forEach((_, worker) => Atomics.store(words, doingWord(this.setup.workers, worker), DOING.nothing));
    Atomics.store(words, CONTROL.ticket, ticket);
    let hung: Promise<readonly Setback[]> = Promise.resolve([]);
    let cannotEnd: (error: unknown) => void = () => {};
    const stuck = new Promise<never>((_, reject) => (cannotEnd = reject));
    const stopWatching = watchForHang(
      seconds,
      () => present.every((_, worker) => this.doing(worker) === DOING.done),
      () => {
        hung = this.endHung(present, seconds);
        hung.catch(cannotEnd);
      },
    );
    try {
      const parts = present.map(async ({ thread }, worker) => {
        this.told.add(thread);
        const giveUp = (): void => {
          if (this.ticket === ticket) abort(words);
        };
        const answer = await thread.run<A>(taskOf({ worker, workers, ticket }), giveUp);
        if ("value" in answer || ("failure" in answer && answer.failure.kind === "aborted")) this.told.delete(thread);
        return answer;
      });
      const answers = await Promise.race([Promise.all(parts), stuck]);
      const failed = await Promise.all(answers.map((answer, worker) => this.setbackOf(answer, present[worker])));
      return {
        answers: answers.flatMap((answer) => ("value" in answer && answer.ticket === ticket ? [answer.value] : [])),
        setbacks: [...(await hung), ...failed.filter((setback) => setback !== null)],
      };
    } finally {
      stopWatching();
      this.busy = false;
      for (const id of this.gone.splice(0)) leaveChunks(this.setup.memory, id);
    }
  }

  private doing(worker: number): number {
    return Atomics.load(this.words, doingWord(this.setup.workers, worker));
  }

  private async setbackOf(answer: Answer<unknown> | Loss, { index, thread }: Taker): Promise<Setback | null> {
    if ("value" in answer) return null;
    if (!("failure" in answer)) return answer.kind === "hang" ? null : { ...answer, worker: index };
    const { kind, unclean = false, ...rest } = answer.failure;
    if (kind === "aborted") return null;
    // Nobody knows what a trap or a failed allocation left behind in the thread.
    if (unclean || kind !== "throw") await thread.end({ kind, ...rest });
    else this.told.delete(thread);
    return { kind, ...rest, worker: index };
  }

  /** Gives the step up, and ends those that do not leave it. */
  private async endHung(present: readonly Taker[], seconds: number): Promise<readonly Setback[]> {
    const message = `no answer for ${seconds.toPrecision(3)} s`;
    const busy = (worker: number): boolean => this.doing(worker) === DOING.computing || this.doing(worker) === DOING.nothing;
    const silent = present.filter((_, worker) => busy(worker));
    abort(this.words);
    await this.pause(LEAVE);
    const rest = present.filter((_, worker) => this.doing(worker) !== DOING.done);
    for (const { thread } of rest) this.told.add(thread);
    await Promise.all(rest.map(({ thread }) => thread.end({ kind: "hang", message })));
    return (silent.length > 0 ? silent : present).map(({ index }) => ({ kind: "hang", worker: index, message }));
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.living].map((thread) => thread.end({ kind: "exit", message: "closed" })));
  }
}
