// The file a worker thread of Node, Deno or Bun runs: a member of a team whose tasks come from piscina.
// No top-level await: a thread that is ended while it waits for a module can take the process with it.
import { threadId, workerData } from "node:worker_threads";
import { useHostSha256 } from "../../ts/train/node/host-sha256.ts";
import { Member } from "../member.ts";
import type { Answer, Task, WorkerSetup } from "../protocol.ts";
import { loadProgram } from "./load.ts";

/** piscina wraps workerData. */
function setupOf(data: unknown): WorkerSetup {
  const own = Array.isArray(data) ? (data as unknown[])[1] : data;
  return own as WorkerSetup;
}

const setup = setupOf(workerData);
const member = new Member(setup, { thread: threadId, load: () => loadProgram(setup.program ?? ""), beforeTrace: useHostSha256 });

/** A task of the pool. */
export function run(task: Task): Promise<Answer<unknown>> {
  return member.run(task);
}
