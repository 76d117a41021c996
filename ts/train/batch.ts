// A batch as training sees it: images and classes as tensors that know which samples of which batch they hold.
import { alias, currentBackend, shapeText, sizeOf, tensor, wholeBatch, type BatchSlice, type Tensor } from "../autograd/index.ts";
import type { JsonObject } from "./events.ts";

/** A batch as plain arrays: what loaders give and pools take. */
export interface RawBatch {
  /** Values in the order of `shape`. */
  readonly images: Float32Array;
  /** A class for each image; of mixed images the one with the larger share. */
  readonly labels: ArrayLike<number>;
  /** [size, classes], shares of classes where images are mixed. */
  readonly targets?: Float32Array;
  readonly size: number;
  /** [size, height, width, channels]. */
  readonly shape: readonly number[];
  readonly epoch: number;
  /** Batches before this one since the start of training. */
  readonly step: number;
  /** Logical shards; by default min(24, floor(size / 4)). */
  readonly shards?: number;
  /** Samples that batch norm normalizes together; the whole batch by default. */
  readonly normGroup?: number;
}

/** What the trainer needs of a loader. */
export interface BatchSource {
  readonly batchesPerEpoch: number;
  /** What makes its batches what they are, for checkpoints: a run that goes on must have the same. */
  readonly about?: JsonObject;
  /** Batches of an epoch from number `from` on. */
  epoch(epoch: number, from?: number): AsyncIterable<RawBatch>;
}

/** Makes the tensors of a batch. */
interface Source {
  images(): Tensor;
  labels(): Tensor;
  /** Where images are mixed. */
  readonly targets?: () => Tensor;
}

/** A batch as tensors: what a DataLoader gives, and what the loss of a program is given. */
export class Batch {
  readonly slice: BatchSlice;
  readonly epoch: number;
  /** The whole batch as plain arrays; null in a worker, which holds a part. */
  readonly raw: RawBatch | null;
  private readonly source: Source;
  private made: { images?: Tensor; labels?: Tensor; targets?: Tensor } = {};

  constructor(slice: BatchSlice, epoch: number, source: Source, raw: RawBatch | null = null) {
    this.slice = slice;
    this.epoch = epoch;
    this.source = source;
    this.raw = raw;
  }

  /** Samples of the whole batch. */
  get size(): number {
    return this.slice.size;
  }

  /** Batches before this one since the start of training. */
  get step(): number {
    return this.slice.step;
  }

  /** [N, H, W, C]; belongs to the scope it is first asked for in. */
  get images(): Tensor {
    return this.tensor("images");
  }

  /** Classes, [N]. */
  get labels(): Tensor {
    return this.tensor("labels");
  }

  /** What a loss compares with: shares of classes, [N, K], where images are mixed, else classes, [N]. */
  get targets(): Tensor {
    return this.source.targets ? this.tensor("targets") : this.labels;
  }

  private tensor(name: "images" | "labels" | "targets"): Tensor {
    const known = this.made[name];
    if (known && !known.freed && known.backend === currentBackend()) return known;
    const { [name]: make } = this.source;
    if (make === undefined) throw new Error(`batch: no ${name}, wanted some`);
    const made = make();
    made.batch = this.slice;
    this.made[name] = made;
    return made;
  }
}

/** A whole batch on the calling thread; `apart` keeps what single shards give apart. Error: arrays that do not fit the shape. */
export function toBatch(raw: RawBatch, { apart = false }: { readonly apart?: boolean } = {}): Batch {
  const { images, labels, targets, size, shape, epoch, step, shards, normGroup } = raw;
  if (shape[0] !== size || images.length !== sizeOf(shape) || labels.length !== size)
    throw new Error(
      `batch: ${images.length} values and ${labels.length} labels for ${size} images of shape ${shapeText(shape)}, wanted ${sizeOf(shape)} and ${size}`,
    );
  const slice = wholeBatch(size, { ...(shards && { shards }), ...(normGroup && { normGroup }), step, apart });
  if (targets && targets.length % size !== 0)
    throw new Error(`batch: ${targets.length} shares of classes for ${size} images, wanted as many for each`);
  const source: Source = {
    images: () => tensor(images, shape),
    labels: () => tensor(Float32Array.from(labels)),
    ...(targets && { targets: () => tensor(targets, [size, targets.length / size]) }),
  };
  return new Batch(slice, epoch, source, raw);
}

/** A part of a batch, over tensors that exist. */
export function batchOver(slice: BatchSlice, epoch: number, images: Tensor, labels: Tensor, targets: Tensor | null = null): Batch {
  return new Batch(slice, epoch, {
    images: () => alias(images),
    labels: () => alias(labels),
    ...(targets && { targets: () => alias(targets) }),
  });
}

/** The plain arrays of a batch. */
export function rawOf(batch: RawBatch | Batch): RawBatch {
  if (!(batch instanceof Batch)) return batch;
  if (batch.raw === null) throw new Error("batch: a worker's part of a batch, wanted a whole one");
  return batch.raw;
}
