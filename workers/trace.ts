// A worker's part in the trace of a step: what it holds, and the sums of some of the gradients.
import type { Module, Variable } from "../ts/nn/index.ts";
import { useHostSha256 } from "../ts/train/node/host-sha256.ts";
import { Tracer, type TraceRequest } from "../ts/train/trace.ts";
import type { Contribution, GradientSums } from "./gradients.ts";

export function startTrace(model: Module, request: TraceRequest): Tracer {
  useHostSha256();
  return new Tracer(model, request);
}

/** Notes every so manyth parameter's gradient: the workers share them out. */
export function noteSums(
  tracer: Tracer,
  parameters: readonly Variable[],
  contributions: readonly (readonly Contribution[])[],
  sums: GradientSums,
  { worker, workers }: { readonly worker: number; readonly workers: number },
): void {
  parameters.forEach((parameter, index) => {
    if (index % workers !== worker || parameter.frozen) return;
    const sum = sums.sum(contributions[index], 0, parameter.size);
    if (sum === null) return;
    tracer.noteSum(parameter, sum.buffer);
    sum.release();
  });
}
