// What a team and a Web Worker say to each other, beside the tasks of protocol.ts.
import type { Answer, Task, WorkerSetup } from "../protocol.ts";

export type ToMember =
  /** The worker's part; `lock` is a Web Lock that it holds as long as it lives. */
  | { readonly type: "begin"; readonly thread: number; readonly setup: WorkerSetup; readonly lock: string }
  | { readonly type: "task"; readonly number: number; readonly task: Task };

export type FromMember =
  /** The worker has been loaded and listens. */
  | { readonly type: "here" }
  /** It holds its lock. */
  | { readonly type: "begun" }
  | { readonly type: "answer"; readonly number: number; readonly answer: Answer<unknown> };

/** Web Locks, where there are any: a secure context has them. */
export function webLocks(): LockManager | undefined {
  return typeof navigator === "undefined" ? undefined : (navigator as Partial<Navigator>).locks;
}
