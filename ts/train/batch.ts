// A batch as training sees it: images and classes as tensors that know which samples of which batch they hold.
import { alias, currentBackend, tensor, type BatchSlice, type Tensor, wholeBatch } from "../autograd/index.ts";

/** A batch as plain arrays: what loaders give and pools take. */
export interface RawBatch {
  /** [size, height, width, channels], row by row. */
  readonly images: Float32Array;
  /** A class for each image. */
  readonly labels: ArrayLike<number>;
  readonly size: number;
  /** Height, width, channels. */
  readonly shape: readonly number[];
  readonly epoch: number;
  /** Batches before this one since the start of training. */
  readonly step: number;
  /** Logical shards; by default min(24, floor(size / 4)). */
  readonly shards?: number;
  /** Samples that batch norm normalizes together; the whole batch by default. */
  readonly normGroup?: number;
  readonly seed?: number;
}

/** Where a batch's values come from. */
interface Source {
  images(): Tensor;
  labels(): Tensor;
}

export class Batch {
  readonly slice: BatchSlice;
  readonly epoch: number;
  private readonly source: Source;
  private made: { images?: Tensor; labels?: Tensor } = {};

  constructor(slice: BatchSlice, epoch: number, source: Source) {
    this.slice = slice;
    this.epoch = epoch;
    this.source = source;
  }

  /** Samples of the whole batch. */
  get size(): number {
    return this.slice.size;
  }

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

  private tensor(name: "images" | "labels"): Tensor {
    const known = this.made[name];
    if (known && !known.freed && known.backend === currentBackend()) return known;
    const made = this.source[name]();
    made.batch = this.slice;
    this.made[name] = made;
    return made;
  }
}

/** A whole batch on the calling thread. */
export function toBatch(raw: RawBatch): Batch {
  const { images, labels, size, shape, epoch, step, shards, normGroup, seed } = raw;
  const values = size * shape.reduce((product, length) => product * length, 1);
  if (images.length !== values || labels.length !== size)
    throw new Error(
      `batch: ${images.length} values and ${labels.length} labels for ${size} images of [${shape.join(",")}], wanted ${values} and ${size}`,
    );
  const slice = wholeBatch(size, { ...(shards && { shards }), ...(normGroup && { normGroup }), ...(seed && { seed }), step });
  return new Batch(slice, epoch, { images: () => tensor(images, [size, ...shape]), labels: () => tensor(Float32Array.from(labels)) });
}

/** A batch over tensors that exist. */
export function batchOver(slice: BatchSlice, epoch: number, images: Tensor, labels: Tensor): Batch {
  return new Batch(slice, epoch, { images: () => alias(images), labels: () => alias(labels) });
}
