// A tensor: a shape over a buffer of a backend, and where it came from. Values are float32 (float64 on the reference backend).
// Image tensors are [N, H, W, C]. Operations are in ops/ and, as methods, in methods.ts. Declarations name Symbol.dispose, whatever lib a program has.
/// <reference lib="esnext.disposable" preserve="true" />
import type { Backend, Buffer } from "../backend/backend.ts";
import type { BatchSlice } from "./slice.ts";

/** Lengths of the axes, outermost first; [] of a single value. */
export type Shape = readonly number[];

/** A buffer that several tensors may share; freed with the last of them. */
export interface Storage {
  buffer: Buffer;
  references: number;
}

/** A part of the tape whose memory is freed after the forward pass and computed again when backward() comes by (see checkpoint.ts). */
export interface Segment {
  /** Called before backward() goes through a node of the segment. */
  enter(): void;
  /** Called when nobody needs the tensor any more. */
  leave(tensor: Tensor): void;
}

/**
 * Makes the gradient of an input. `sofar` is what other operations have added up for it, null where there is nothing or somebody else
 * reads it: whoever adds to it in place returns it, which saves a pass; all others need not know of it.
 */
export type InputGradient = (sofar: Tensor | null) => Tensor | ShardSum | null;

/** What the tape keeps of the operation that made a tensor. */
export interface TapeNode {
  readonly name: string;
  readonly inputs: readonly (Tensor | null)[];
  /** Gradients of the inputs, each only when asked for. */
  readonly backward: (dy: Tensor, y: Tensor) => readonly (InputGradient | null)[];
  /** Freed when backward() has used them. */
  readonly saved: readonly Tensor[];
  /** backward() has been here. */
  spent: boolean;
  /** The innermost segment that the node is in. */
  segment?: Segment;
}

let created = 0;

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** `[2,3]`, as errors print shapes. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/** The name of the error where a value is wanted at once and its device has it later. */
const LATE = "LateValueError";

/**
 * Values of a shape, row by row, float32 (float64 on the reference backend), and how they were made. `tensor()`, `zeros()` and operations
 * make one; operations are methods too. It lives until the end of its scope().
 */
export class Tensor {
  readonly shape: Shape;
  readonly size: number;
  readonly backend: Backend;
  /** Counts up; the order of the tape. */
  readonly id: number = created++;
  /** Set when the first axis holds samples of a batch. */
  batch: BatchSlice | null = null;
  requiresGrad = false;
  /** Gradient of a leaf after backward(); kept until the optimizer used it up or zeroGrad(). */
  grad: Tensor | null = null;
  /** Contributions to the gradient that wait for other threads, in tape order. */
  pending: (Tensor | ShardSum)[] | null = null;
  node: TapeNode | null = null;
  /** Outlives its scope. */
  kept = false;
  private storage: Storage | null;

  constructor(backend: Backend, shape: Shape, storage: Storage) {
    this.backend = backend;
    this.shape = shape;
    this.size = sizeOf(shape);
    this.storage = storage;
    storage.references++;
  }

  /** Memory of the values. */
  get buffer(): Buffer {
    return this.shared.buffer;
  }

  /** The storage, for tensors that share it. */
  get shared(): Storage {
    if (this.storage === null)
      throw new Error(
        `tensor ${shapeText(this.shape)}: freed at the end of its scope, wanted a live one; keep() takes a tensor out of its scope`,
      );
    return this.storage;
  }

  get freed(): boolean {
    return this.storage === null;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Frees the memory unless another tensor shares it. May be called twice. */
  dispose(): void {
    if (this.storage === null) return;
    if (--this.storage.references === 0) this.backend.free(this.storage.buffer);
    this.storage = null;
    this.node = null;
  }

  /** Frees the memory but stays on the tape, until revive(). */
  drop(): void {
    const { node } = this;
    this.dispose();
    this.node = node;
  }

  /** Takes the memory of another tensor for one that was dropped. */
  revive(from: Tensor): void {
    if (this.storage !== null) throw new Error(`tensor ${shapeText(this.shape)}: revived while it has memory, wanted one that was dropped`);
    this.storage = from.shared;
    this.storage.references++;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The values, row by row, when the backend has them. */
  async read(): Promise<Float32Array | Float64Array> {
    return (await this.backend.read(this.buffer)).subarray(0, this.size);
  }

  /** The values at once, row by row. Error: a backend that answers only later (use read()). */
  toArray(): Float32Array | Float64Array {
    if (!this.backend.readSync)
      throw Object.assign(new Error(`toArray: the ${this.backend.name} backend answers later, wanted await tensor.read()`), { name: LATE });
    return this.backend.readSync(this.buffer).subarray(0, this.size);
  }

  /** The only value of a tensor of one element. */
  item(): number {
    if (this.size !== 1) throw new Error(`item: a tensor of ${this.size} values, wanted 1`);
    return this.toArray()[0];
  }
}

/** A sum over the batch in parts: a value for each of the largest subtrees of shards that one thread holds (see shard-sum.ts). */
export class ShardSum {
  readonly slice: BatchSlice;
  readonly shape: Shape;
  /** A value for each of heldNodes(slice, first, last); null where the subtree has no samples. */
  readonly values: readonly (Tensor | null)[];

  constructor(slice: BatchSlice, shape: Shape, values: readonly (Tensor | null)[]) {
    this.slice = slice;
    this.shape = shape;
    this.values = values;
  }
}
