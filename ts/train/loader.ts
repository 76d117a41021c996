// Batches of a data set, for a loop of one's own (`for await`) and for the trainer.
import { DataLoader as ArrayLoader, type LoaderOptions } from "../data/loader.ts";
import type { Dataset } from "../data/dataset.ts";
import { toBatch, type Batch, type RawBatch } from "./batch.ts";
import type { JsonObject } from "./events.ts";

export interface DataLoaderOptions extends LoaderOptions {
  /** Samples that batch norm normalizes together; the whole batch by default. */
  readonly bnGroup?: number;
}

/**
 * `for await (const batch of loader)` runs through one epoch, the next loop through the next; `epoch(e, from)` through any from any
 * batch. Order and augmentation are functions of (seed, epoch, sample).
 */
export class DataLoader {
  readonly dataset: Dataset;
  readonly batchSize: number;
  /** Logical shards of a batch. */
  readonly shards: number;
  readonly batchesPerEpoch: number;
  private readonly arrays: ArrayLoader;
  /** What a run that goes on must have, too. */
  readonly about: JsonObject;
  private readonly normGroup: number;
  private next = 0;

  constructor(dataset: Dataset, { bnGroup = 0, ...options }: DataLoaderOptions) {
    if (!Number.isInteger(bnGroup) || bnGroup < 0) throw new Error(`DataLoader: bnGroup ${bnGroup}, wanted a whole number of at least 0`);
    this.arrays = new ArrayLoader(dataset, options);
    this.dataset = dataset;
    this.batchSize = options.batchSize;
    this.shards = this.arrays.shards;
    this.batchesPerEpoch = this.arrays.batchesPerEpoch;
    this.normGroup = bnGroup;
    const { batchSize, shards } = this;
    const { seed = 0, shuffle = false, dropLast = false } = options;
    this.about = { samples: dataset.length, batchSize, shards, bnGroup, seed, shuffle, dropLast };
  }

  /** Batches of an epoch from number `from` on, as plain arrays. */
  async *epoch(epoch: number, from = 0): AsyncGenerator<RawBatch, void, undefined> {
    for await (const batch of this.arrays.batches(epoch, from)) yield { ...batch, normGroup: this.normGroup };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    for await (const batch of this.epoch(this.next++)) yield toBatch(batch);
  }
}
