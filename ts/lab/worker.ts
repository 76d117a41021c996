// The worker of one run: holds its data, its model and its trainer, so that the page stays quick. Speaks ts/lab/protocol.ts.
import { setBackend } from "../autograd/index.ts";
import { createWasmBackend } from "../backend/index.ts";
import * as program from "../cli/training-program.ts";
import { LocalPool } from "../train/index.ts";
import { openKernels } from "./kernels.ts";
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

async function begin({ order, resume }: Extract<ToWorker, { type: "start" }>, held: (run: LabRun) => void): Promise<void> {
  const kernels = await openKernels(new URL("strict.wasm", import.meta.url));
  const storage = await Storage.open().catch(() => null);
  if (storage === null) post({ type: "notice", message: "This browser keeps nothing: closing the page would lose the run." });
  const run = new LabRun({
    order,
    kernels,
    storage,
    post,
    openPool: async (options) => {
      setBackend(createWasmBackend(kernels.module));
      const { modelEmaDecay } = options;
      return new LocalPool(program, { options, ...(modelEmaDecay !== null && { emaDecay: modelEmaDecay }) });
    },
  });
  held(run);
  if (!(resume && (await run.show()))) await run.train(resume);
}

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
    post({ type: "state", state: "failed", message: error instanceof Error ? error.message : String(error) });
  });
};
