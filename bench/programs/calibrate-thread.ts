// The second thread of the calibration: for each message it calls a kernel for some time and answers how often it could.
import { parentPort, workerData } from "node:worker_threads";

/** What the thread is started with. */
export interface ThreadSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Set to 1 when the thread begins. */
  readonly begun: Int32Array;
}

export interface ThreadTask {
  /** Of the wasm export. */
  readonly name: string;
  readonly parameters: readonly number[];
  readonly milliseconds: number;
}

const { module, memory, begun } = workerData as ThreadSetup;
const { exports } = new WebAssembly.Instance(module, { env: { memory, abort: () => undefined } });

parentPort?.on("message", ({ name, parameters, milliseconds }: ThreadTask) => {
  const run = exports[name] as (...numbers: number[]) => void;
  Atomics.store(begun, 0, 1);
  Atomics.notify(begun, 0);
  const start = performance.now();
  let calls = 0;
  let passed: number;
  do {
    run(...parameters);
    calls++;
    passed = performance.now() - start;
  } while (passed < milliseconds);
  parentPort?.postMessage(calls / passed);
});
