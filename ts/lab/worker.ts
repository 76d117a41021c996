// The worker of one run: holds its data, its model and its trainer, so that the page stays quick. Speaks ts/lab/protocol.ts.
import { createTeam } from "../../workers/web/team.ts";
import { setBackend } from "../autograd/index.ts";
import { createWasmBackend } from "../backend/index.ts";
import * as program from "../cli/settings/training-program.ts";
import { LocalPool, type Pool } from "../train/index.ts";
import { describeBrowser } from "./browser-machine.ts";
import type { ProgramOptions } from "../cli/settings/training-program.ts";
import { failureText } from "./failure.ts";
import { openKernels, versionsOf } from "./kernels.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { Storage } from "./storage.ts";
import { LabRun } from "./training.ts";

/** What a worker has of its global scope. */
interface WorkerScope {
  postMessage(message: FromWorker, transfer?: readonly Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
}

const scope = self as unknown as WorkerScope;

const post = (message: FromWorker): void => scope.postMessage(message, message.type === "checkpoint" ? [message.bytes.buffer] : []);

const TEAM_WORKER = new URL("team-worker.js", import.meta.url);

/** This worker alone, or a team of threads; both come to the same bits. */
async function openPool(kernels: WebAssembly.Module, options: ProgramOptions, threads: number): Promise<Pool> {
  const { shards, modelEmaDecay } = options;
  const ema = modelEmaDecay === null ? {} : { emaDecay: modelEmaDecay };
  const workers = Math.min(threads, shards);
  if (workers >= 2) return createTeam({ kernels, program, worker: TEAM_WORKER, workers, shards, options, ...ema });
  setBackend(createWasmBackend(kernels));
  return new LocalPool(program, { options, ...ema });
}

/** Turns of the event loop by messages to oneself: timers of browsers wait 4 ms when they follow each other, which loaders do. */
function offerTurns(): void {
  if ("setImmediate" in self) return;
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  const setImmediate = (action: () => void): void => {
    waiting.push(action);
    port2.postMessage(null);
  };
  Object.assign(self, { setImmediate });
}

async function begin({ order, resume, further }: Extract<ToWorker, { type: "start" }>, held: (run: LabRun) => void): Promise<void> {
  const kernels = await openKernels(new URL("strict.wasm", import.meta.url));
  const storage = await Storage.open().catch(() => null);
  if (storage === null) post({ type: "notice", message: "This browser keeps nothing: closing the page would lose the run." });
  const run = new LabRun({
    order,
    versions: versionsOf(kernels),
    machine: describeBrowser(),
    storage,
    post,
    openPool: (options, threads) => openPool(kernels.module, options, threads),
  });
  held(run);
  if (!(resume && (await run.show(further)))) await run.train(resume);
}

offerTurns();

let run: LabRun | null = null;
/** What came before the run was there. */
let early: ToWorker[] = [];

scope.onmessage = ({ data }) => {
  if (data.type !== "start") {
    if (run) run.handle(data);
    else early.push(data);
    return;
  }
  begin(data, (made) => {
    run = made;
    for (const message of early) made.handle(message);
    early = [];
  }).catch((error: unknown) => {
    post({ type: "state", state: "failed", message: failureText(error) });
  });
};
