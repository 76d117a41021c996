// How the features of a net's stream are distributed, from block to block: a recipe's `examine`.
import { collectLayers, deviationOf, histogram, overlap, successiveCka } from "../metrics/index.ts";
import { blocksOf, type Branched } from "../models/index.ts";
import type { Layer } from "../nn/index.ts";
import type { JsonObject, RawBatch } from "../train/index.ts";
import { firstBatches } from "./held-out.ts";

export const BINS = 32;
/** The bins end at so many deviations of the stream where that is largest. */
const REACH = 2.5;

/**
 * Of the stream behind each block ("distributions"): deviation, shares of BINS equal bins b0, b1, ... from `low` to `high`, the overlap of these
 * shares with those before the block, and the linear CKA of both.
 */
export async function examineDistributions(model: Layer, held: AsyncIterable<RawBatch>): Promise<readonly JsonObject[]> {
  const batches = await firstBatches(held);
  const blocks = blocksOf(model as Branched);
  const inputs = await collectLayers(model, blocks.slice(0, 1), batches);
  const outputs = await collectLayers(model, blocks, batches, { of: "output" });
  const streams = [...inputs, ...outputs];
  const deviations = streams.map(deviationOf);
  const high = REACH * Math.max(1e-30, ...deviations);
  const shares = streams.map((stream) => histogram(stream, { low: -high, high, count: BINS }));
  const alike = successiveCka(streams);
  const layers = outputs.map((_, index) => ({
    deviation: deviations[index + 1],
    overlap: overlap(shares[index], shares[index + 1]),
    cka: alike[index],
    ...Object.fromEntries([...shares[index + 1]].map((share, bin) => [`b${bin}`, share])),
  }));
  return [{ measure: "distributions", low: -high, high, layers }];
}
