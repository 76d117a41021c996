// Accuracy and loss of a model over a whole set.
import type { BatchSource } from "./batch.ts";
import type { EvaluateSettings, Pool } from "./pool.ts";

export interface Summary {
  /** Mean cross-entropy; NaN or infinite where an image's is. */
  readonly loss: number;
  /** Share of images whose class was the first guess. */
  readonly top1: number;
  /** Share of images whose class was among the first five guesses. */
  readonly top5: number;
  /** Images of class [row] that were taken for class [column]; those with a NaN among their logits were taken for none. */
  readonly confusion: number[][];
  /** Images with a NaN among their logits or a loss that is not finite; absent where there are none. */
  readonly nonFinite?: number;
}

/** Evaluates all batches of a source, in order. Error: a set without images. */
export async function summarize(pool: Pool, source: BatchSource, classes: number, settings: EvaluateSettings = {}): Promise<Summary> {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let loss = 0;
  let right = 0;
  let inFive = 0;
  let count = 0;
  let nonFinite = 0;
  for await (const batch of source.epoch(0)) {
    const { losses, predictions, inFirstFive } = await pool.evaluate(batch, settings);
    for (let at = 0; at < batch.size; at++) {
      loss += losses[at];
      right += predictions[at] === batch.labels[at] ? 1 : 0;
      inFive += inFirstFive[at];
      if (predictions[at] >= 0) confusion[batch.labels[at]][predictions[at]]++;
      if (predictions[at] < 0 || !Number.isFinite(losses[at])) nonFinite++;
    }
    count += batch.size;
  }
  if (count === 0) throw new Error("evaluate: a set without images, wanted at least one");
  return { loss: loss / count, top1: right / count, top5: inFive / count, confusion, ...(nonFinite > 0 && { nonFinite }) };
}
