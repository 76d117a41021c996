// Held-out images that a trained net is examined on, and what its features are worth.
import { collectFeatures, effectiveRank, featureDeviation, spectralEntropy } from "../metrics/index.ts";
import type { Layer } from "../nn/index.ts";
import type { JsonObject, RawBatch } from "../train/index.ts";
import type { MeasuredColumn } from "./evaluate.ts";

/** Images that a net is examined on. */
const EXAMINED = 256;

/** Copies of the first images of a set. */
export async function firstBatches(held: AsyncIterable<RawBatch>, count = EXAMINED): Promise<RawBatch[]> {
  const batches: RawBatch[] = [];
  let images = 0;
  for await (const batch of held) {
    if (images >= count) break;
    batches.push({ ...batch, images: batch.images.slice() });
    images += batch.size;
  }
  return batches;
}

/** Effective rank, spectral entropy (nats) and mean deviation of what the classifier is given, of 256 images ("features"). */
export async function examineFeatures(model: Layer, classifier: Layer, held: AsyncIterable<RawBatch>): Promise<readonly JsonObject[]> {
  const features = await collectFeatures(model, classifier, await firstBatches(held));
  return [
    {
      measure: "features",
      rank: effectiveRank(features),
      entropy: spectralEntropy(features),
      deviation: featureDeviation(features),
    },
  ];
}

/** What examineFeatures() measures, as a table. */
export const featureColumns: readonly MeasuredColumn[] = [
  { title: "effective rank", measure: "features", value: "rank" },
  { title: "spectral entropy", measure: "features", value: "entropy" },
  { title: "feature deviation", measure: "features", value: "deviation" },
];
