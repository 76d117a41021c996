// Looking on while operations run, for digests of what each of them gives.
import type { Tensor } from "./tensor.ts";

/** Is told of every operation when its result is there. Must leave the tensors as they are. */
export type Watcher = (name: string, result: Tensor, inputs: readonly (Tensor | null)[]) => void;

let watcher: Watcher | null = null;

/** Tells who looks on. */
export function tell(name: string, result: Tensor, inputs: readonly (Tensor | null)[]): void {
  if (watcher !== null) watcher(name, result, inputs);
}

/** Runs `work` with somebody looking on at the operations in it. */
export function watched<T>(watch: Watcher, work: () => T): T {
  const before = watcher;
  watcher = watch;
  try {
    return work();
  } finally {
    watcher = before;
  }
}
