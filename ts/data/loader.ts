// Batches of a dataset, epoch after epoch: the order of an epoch is a function of (seed, epoch), a sample's augmentation of
// (seed, epoch, sample), so that any batch can be made at any time and a run resumes in the middle of an epoch.

import { wantOptions } from "../options.ts";
import { stream, type RandomStream } from "../random.ts";
import { defaultShards } from "../shards.ts";
import { augment, type AugmentOptions, type WriteSample } from "./augment.ts";
import type { Dataset } from "./dataset.ts";
import { Mixer, type MixOptions } from "./mix.ts";

export interface LoaderOptions {
  /** Images of a batch; the last one of an epoch may be smaller. */
  readonly batchSize: number;
  /** A new random order each epoch; by default the dataset's own. */
  readonly shuffle?: boolean;
  /** Leave out the last batch of an epoch where it is smaller than the others. */
  readonly dropLast?: boolean;
  /** Of order, augmentation and mixing; 0 by default. */
  readonly seed?: number;
  /** Crop, flip, erase and constants of normalization; by default samples are only normalized. Its seed is the loader's. */
  readonly augment?: Omit<AugmentOptions, "seed">;
  /** Mixup and cutmix within a batch; its seed is the loader's. */
  readonly mix?: MixOptions;
  /** Logical shards of a batch, a constant of the run (not the number of workers). */
  readonly shards?: number;
  /** Make the next batch while the consumer awaits its own. */
  readonly prefetch?: boolean;
}

/** One batch. Its arrays are its own: they stay as they are while later batches are made. */
export interface Batch {
  /** [size, height, width, channels], normalized. */
  readonly images: Float32Array;
  /** [size], class indices as floats; of mixed images the class with the larger share. */
  readonly labels: Float32Array;
  /** [size, classes], shares of classes that add up to 1, where batches are mixed. */
  readonly targets?: Float32Array;
  /** [size], indices in the dataset. */
  readonly indices: Uint32Array;
  readonly size: number;
  readonly shape: readonly [size: number, height: number, width: number, channels: number];
  readonly shards: number;
  readonly epoch: number;
  /** Number of the batch in its epoch, and since the beginning of epoch 0. */
  readonly index: number;
  readonly step: number;
}

/** A turn of the event loop: lets timers, signals and messages in. */
function turn(action: () => void): void {
  if (typeof setImmediate === "function") setImmediate(action);
  else setTimeout(action, 0);
}

function whole(name: string, value: number, least: number): void {
  if (!(Number.isSafeInteger(value) && value >= least))
    throw new RangeError(`DataLoader: ${name} is ${value}, wanted a whole number from ${least}`);
}

/**
 * Iterates over a dataset: `for await (const batch of loader)` runs one epoch, the next loop the next epoch.
 * `batches(epoch, from)` runs any epoch from any batch; `load(epoch, index)` makes one batch at once.
 */
export class DataLoader {
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly shards: number;
  readonly batchesPerEpoch: number;
  readonly #shuffle: boolean;
  readonly #prefetch: boolean;
  readonly #order: RandomStream;
  readonly #write: WriteSample;
  readonly #mixer: Mixer | null;
  readonly #pixels: number;
  #next = { epoch: 0, from: 0 };
  #ordered: { epoch: number; order: Uint32Array } | null = null;

  constructor(dataset: Dataset, options: LoaderOptions) {
    const { batchSize, shuffle = false, dropLast = false, seed = 0, shards = defaultShards(batchSize), prefetch = true } = options;
    wantOptions("DataLoader", options, "batchSize", "shuffle", "dropLast", "seed", "augment", "mix", "shards", "prefetch", "bnGroup");
    whole("batchSize", batchSize, 1);
    whole("shards", shards, 1);
    if (shards > batchSize) throw new RangeError(`DataLoader: ${shards} shards of a batch of ${batchSize}, wanted at most one a sample`);
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.shards = shards;
    this.batchesPerEpoch = dropLast ? Math.floor(dataset.length / batchSize) : Math.ceil(dataset.length / batchSize);
    if (this.batchesPerEpoch === 0) {
      throw new RangeError(
        `DataLoader: ${dataset.length} samples give no batch of ${batchSize}, wanted at least ${dropLast ? batchSize : 1}`,
      );
    }
    this.#shuffle = shuffle;
    this.#prefetch = prefetch;
    this.#order = stream(seed, "order");
    this.#write = augment(dataset, { ...options.augment, seed });
    this.#mixer = options.mix ? new Mixer(seed, dataset.image, dataset.classes, options.mix) : null;
    const { height, width, channels } = dataset.image;
    this.#pixels = height * width * channels;
  }

  /** The samples of an epoch in order. */
  order(epoch: number): Uint32Array {
    whole("epoch", epoch, 0);
    if (this.#ordered?.epoch !== epoch) {
      const { length } = this.dataset;
      const order = this.#shuffle ? this.#order.permutation(length, epoch) : Uint32Array.from({ length }, (_, i) => i);
      this.#ordered = { epoch, order };
    }
    return this.#ordered.order;
  }

  /** The indices in the dataset of one batch. */
  indices(epoch: number, index: number): Uint32Array {
    whole("batch", index, 0);
    if (index >= this.batchesPerEpoch)
      throw new RangeError(`DataLoader: batch ${index} of an epoch, wanted 0 to ${this.batchesPerEpoch - 1}`);
    return this.order(epoch).slice(index * this.batchSize, (index + 1) * this.batchSize);
  }

  /** Writes these samples, not mixed, as epoch `epoch` has them into images [n, h, w, c] and labels [n], e.g. in shared memory. */
  write(epoch: number, indices: Uint32Array, images: Float32Array, labels: Float32Array): void {
    if (images.length < indices.length * this.#pixels || labels.length < indices.length) {
      throw new RangeError(
        `DataLoader: room for ${images.length} values and ${labels.length} labels, wanted ${indices.length * this.#pixels} and ${indices.length}`,
      );
    }
    for (let i = 0; i < indices.length; i++) {
      this.#write(indices[i], epoch, images, i * this.#pixels);
      labels[i] = this.dataset.labels[indices[i]];
    }
  }

  /** Makes one batch now. */
  load(epoch: number, index: number): Batch {
    const indices = this.indices(epoch, index);
    const size = indices.length;
    const images = new Float32Array(size * this.#pixels);
    const labels = new Float32Array(size);
    this.write(epoch, indices, images, labels);
    const { height, width, channels } = this.dataset.image;
    const shape = [size, height, width, channels] as const;
    const targets = this.#mixer?.mix({ epoch, batch: index, indices }, images, labels);
    const step = epoch * this.batchesPerEpoch + index;
    return { images, labels, ...(targets && { targets }), indices, size, shape, shards: this.shards, epoch, index, step };
  }

  /** The batches of one epoch from number `from` on. Between batches the event loop gets a turn. */
  async *batches(epoch: number, from = 0): AsyncGenerator<Batch, void, undefined> {
    whole("first batch", from, 0);
    const ahead: { batch: Batch | null; wanted: number } = { batch: null, wanted: -1 };
    try {
      for (let index = from; index < this.batchesPerEpoch; index++) {
        if (index > from) await new Promise<void>(turn);
        const batch = ahead.batch ?? this.load(epoch, index);
        ahead.batch = null;
        const next = index + 1;
        if (this.#prefetch && next < this.batchesPerEpoch) {
          ahead.wanted = next;
          turn(() => {
            // Skipped where the consumer has left. What fails here fails again, for the consumer to see, when it asks.
            if (ahead.wanted === next) ahead.batch = attempt(() => this.load(epoch, next));
          });
        }
        yield batch;
      }
    } finally {
      ahead.wanted = -1;
    }
  }

  /** Sets where the next `for await` begins. */
  resume(epoch: number, from = 0): void {
    whole("epoch", epoch, 0);
    whole("first batch", from, 0);
    this.#next = { epoch, from };
  }

  /** The batches of the next epoch. An epoch that is left early is not taken up again. */
  [Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    const { epoch, from } = this.#next;
    this.#next = { epoch: epoch + 1, from: 0 };
    return this.batches(epoch, from);
  }
}

function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}
