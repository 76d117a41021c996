// Running statistics of batch norm, estimated anew for the weights as they are: what training leaves behind lags them, and a method that
// changes the net from step to step leaves none that fit.
import { noGrad, scope, withBackend } from "../autograd/index.ts";
import { BatchNorm2d, Layer } from "../nn/index.ts";
import { toBatch, type BatchSource } from "./batch.ts";
import type { Pool } from "./pool.ts";

export interface ReestimateOptions {
  /** Batches to look at, at most an epoch. */
  readonly batches?: number;
  /** Which epoch's order and augmentation. */
  readonly epoch?: number;
}

/**
 * Sets running means and variances to the plain averages of those of so many batches: forward passes in training mode, on the calling thread,
 * the same bits for any number of workers. No other value changes. Returns the number of batches. Errors: a model without forward(x), no batch.
 */
export async function reestimateStatistics(
  pool: Pool,
  source: BatchSource,
  { batches = 200, epoch = 0 }: ReestimateOptions = {},
): Promise<number> {
  const { model } = pool;
  if (!(model instanceof Layer)) throw new Error("reestimateStatistics: a model without forward(x), wanted a layer");
  const norms = [...model.namedModules()].flatMap(([, module]) => (module instanceof BatchNorm2d ? [module] : []));
  if (norms.length === 0) return 0;
  const before = norms.map(({ momentum, follows, running }) => ({ momentum, follows, next: running.next, written: running.written }));
  const { training } = model;
  let count = 0;
  try {
    model.train();
    for await (const raw of source.epoch(epoch, 0)) {
      count++;
      for (const norm of norms) {
        norm.momentum = 1 / count;
        norm.follows = true;
        // In place: between steps nobody else reads them.
        norm.running.next = null;
      }
      withBackend(norms[0].running.backend, () => scope(() => noGrad(() => void model.forward(toBatch(raw).images))));
      if (count >= batches) break;
    }
  } finally {
    model.train(training);
    norms.forEach((norm, index) => {
      const { momentum, follows, next, written } = before[index];
      Object.assign(norm, { momentum, follows });
      Object.assign(norm.running, { next, written });
    });
  }
  if (count === 0) throw new Error("reestimateStatistics: no batch, wanted at least one");
  return count;
}
