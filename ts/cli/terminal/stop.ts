// Ctrl-C and the system's wish to end: the first asks for an orderly end, the second ends at once. Evaluations end in between batches.
import type { BatchSource } from "../../train/index.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** What a shell calls the end by Ctrl-C. */
export const EXIT_STOPPED = 130;

export interface Stop {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Leaves the signals to others again. */
  release(): void;
}

/** Listens until released; `onFirst` says to the user what happens now. */
export function listenForStop(onFirst: () => void): Stop {
  const controller = new AbortController();
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_STOPPED);
    controller.abort();
    onFirst();
  };
  for (const name of SIGNALS) process.on(name, handle);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, handle);
    },
  };
}

/** Thrown out of an evaluation that is no longer wanted. */
export class Stopped extends Error {}

/** Batches to evaluate on that end when a run is to stop. */
export function stoppable(whole: BatchSource, signal: AbortSignal): BatchSource {
  return {
    batchesPerEpoch: whole.batchesPerEpoch,
    async *epoch(epoch, from) {
      for await (const batch of whole.epoch(epoch, from)) {
        if (signal.aborted) throw new Stopped("stopped");
        yield batch;
      }
    },
  };
}
