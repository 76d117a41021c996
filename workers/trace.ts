// A worker's part in the trace of a step: what it holds, and the sums of some of the gradients.
import type { Variable } from "../ts/nn/index.ts";
import type { Tracer } from "../ts/train/trace.ts";
import type { Contribution, GradientSums } from "./gradients.ts";

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
