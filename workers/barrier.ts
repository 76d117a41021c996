// A barrier of all workers in shared memory. Threads that come early look for a few microseconds, then sleep; a failed worker wakes them
// with an error. One that comes from an attempt long given up gets an error, too.
import { CONTROL, DOING, doingWord } from "./protocol.ts";

/** Looks at the word before a thread sleeps, about 4 us: the others are often that close, and a longer look may keep their core from them. */
const LOOKS = 200;
/** Longest sleep before the abort word is looked at again, in milliseconds. */
const SLICE = 500;

/** Raised in the workers that waited for one that failed. */
export class AbortedError extends Error {}

export class Barrier {
  private readonly words: Int32Array<ArrayBufferLike>;
  /** Threads at most. */
  private readonly most: number;
  private parties = 1;
  private ticket = 0;
  private doing = 0;

  constructor(words: Int32Array<ArrayBufferLike>, most: number) {
    this.words = words;
    this.most = most;
  }

  /** Takes part in an attempt. */
  begin({ worker, workers, ticket }: { readonly worker: number; readonly workers: number; readonly ticket: number }): void {
    this.parties = workers;
    this.ticket = ticket;
    this.doing = doingWord(this.most, worker);
    Atomics.store(this.words, this.doing, DOING.computing);
  }

  /** Has done all of it. */
  end(): void {
    if (Atomics.load(this.words, CONTROL.ticket) === this.ticket) Atomics.store(this.words, this.doing, DOING.done);
  }

  /** Returns when all threads have called it. */
  wait(): void {
    if (this.parties === 1) return;
    const { words } = this;
    if (Atomics.load(words, CONTROL.ticket) !== this.ticket) throw new AbortedError("worker: late, the step is being done again");
    Atomics.store(words, this.doing, DOING.waiting);
    this.meet(words);
    Atomics.store(words, this.doing, DOING.computing);
  }

  private meet(words: Int32Array<ArrayBufferLike>): void {
    const generation = Atomics.load(words, CONTROL.generation);
    if (Atomics.add(words, CONTROL.arrived, 1) + 1 === this.parties) {
      Atomics.store(words, CONTROL.arrived, 0);
      Atomics.add(words, CONTROL.generation, 1);
      Atomics.notify(words, CONTROL.generation);
      return;
    }
    for (let look = 0; look < LOOKS; look++) if (Atomics.load(words, CONTROL.generation) !== generation) return;
    while (Atomics.load(words, CONTROL.generation) === generation) {
      if (Atomics.load(words, CONTROL.abort) !== 0) throw new AbortedError("worker: another worker failed, the step was given up");
      Atomics.wait(words, CONTROL.generation, generation, SLICE);
    }
  }
}

/** Ends all waiting. */
export function abort(words: Int32Array<ArrayBufferLike>): void {
  Atomics.store(words, CONTROL.abort, 1);
  Atomics.notify(words, CONTROL.generation);
}
