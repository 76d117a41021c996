// A worker thread as its team sees it, from its start to its end. Each runtime has its own: piscina's in Node, Deno and Bun (node/), Web
// Workers in browsers (web/).
import type { FaultKind } from "../ts/train/faults.ts";
import type { Answer, Task, WorkerSetup } from "./protocol.ts";

/** Longest wait for a thread to end, in milliseconds. One that goes on would write into what is done again. */
export const END = 10_000;
/** Pause before it is told again, which doubles each time. */
export const AGAIN = 20;

/** How a thread came to its end. */
export interface Loss {
  readonly kind: FaultKind;
  readonly message: string;
  readonly stack?: string;
}

export interface WorkerThread {
  /** No other thread over the same memory ever had this number. */
  readonly id: number;
  /** Its answer to the first task: it has made its model, or could not. */
  readonly ready: Promise<Answer<unknown> | Loss>;
  /** Why it ended; resolves once it can write nothing any more. */
  readonly gone: Promise<Loss>;
  /** The answer, or how the thread was lost; `onTrouble` is called as soon as that is known, the promise waits until it has ended. */
  run<A>(task: Task, onTrouble: () => void): Promise<Answer<A> | Loss>;
  /** Ends the thread and waits for it. Error: it does not end. */
  end(why: Loss): Promise<void>;
}

/** Starts a thread. */
export type ThreadStart = (setup: WorkerSetup) => WorkerThread;

export function didNotEnd(advice: string): Error {
  return new Error(`team: a worker did not end within ${END / 1000} s, wanted an engine that can end one; ${advice}`);
}
