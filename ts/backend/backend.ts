// Where kernels run. A backend owns memory and runs kernels by name; autograd knows nothing else about it.
import type { Kernel, Numbers, Role } from "../kernels/kernel.ts";

/** Memory of one tensor. `freed` buffers must not be used. */
export interface Buffer {
  readonly length: number;
  readonly freed: boolean;
}

/** What a kernel runs on: a buffer, or what has one, as a tensor. */
export type Operand = Buffer | { readonly buffer: Buffer; readonly backend: Backend };

export type Operands<B extends Record<string, Role>> = {
  readonly [K in keyof B]: B[K] extends "in?" | "out?" ? Operand | null : Operand;
};

export interface MemoryUse {
  /** Live buffers. */
  readonly buffers: number;
  /** Bytes in live buffers. */
  readonly bytes: number;
  /** Largest number of bytes ever live at once. */
  readonly peakBytes: number;
}

export interface Backend {
  readonly name: string;
  /** Bytes an element takes. */
  readonly elementBytes: number;
  /** A new buffer with undefined contents. */
  allocate(length: number): Buffer;
  /** Gives a buffer back; a view's owner stays. */
  free(buffer: Buffer): void;
  /** Part of a buffer, without a copy. */
  view(buffer: Buffer, offset: number, length: number): Buffer;
  write(buffer: Buffer, values: ArrayLike<number>): void;
  fill(buffer: Buffer, value: number): void;
  copy(from: Buffer, to: Buffer): void;
  /** A copy of the contents. */
  read(buffer: Buffer): Promise<Float32Array | Float64Array>;
  /** The same at once; absent where the device answers later. */
  readSync?(buffer: Buffer): Float32Array | Float64Array;
  run<B extends Record<string, Role>, N extends readonly string[]>(kernel: Kernel<B, N>, operands: Operands<B>, numbers: Numbers<N>): void;
  memoryUse(): MemoryUse;
}

/** The buffer of an operand, null for an optional one that is absent. Errors: one that is missing, or shorter than the kernel needs. */
export function bufferOf<B extends Record<string, Role>, N extends readonly string[]>(
  kernel: Kernel<B, N>,
  key: keyof B & string,
  operand: Operand | null | undefined,
  wanted: number,
): Buffer | null {
  if (operand === null || operand === undefined) {
    if (!kernel.buffers[key].endsWith("?")) throw new Error(`${kernel.name}: no ${key}, wanted ${wanted} elements`);
    return null;
  }
  const buffer = "buffer" in operand ? operand.buffer : operand;
  if (buffer.length < wanted) throw new Error(`${kernel.name}: ${key} has ${buffer.length} elements, wanted ${wanted}`);
  return buffer;
}
