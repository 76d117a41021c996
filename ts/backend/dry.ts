// Computes nothing and takes no memory: it knows lengths and counts bytes, so that a model's shapes and memory can be had without
// running it, however large it is.
import { bufferOf, type Backend, type Buffer, type MemoryUse, type Operands } from "./backend.ts";
import type { Kernel, Numbers, Role } from "../kernels/kernel.ts";

interface DryBuffer extends Buffer {
  freed: boolean;
  readonly owned: boolean;
}

/** A backend whose tensors have a shape and no values; reading one gives zeros. */
export function createDryBackend(): Backend {
  let buffers = 0;
  let bytes = 0;
  let peakBytes = 0;
  const view = (buffer: Buffer, offset: number, length: number): Buffer => {
    if (offset < 0 || offset + length > buffer.length)
      throw new Error(`view: elements ${offset} to ${offset + length} of a buffer of ${buffer.length}, wanted inside`);
    const made: DryBuffer = { length, freed: false, owned: false };
    return made;
  };
  const zeros = (buffer: Buffer): Float32Array => new Float32Array(buffer.length);
  return {
    name: "dry",
    elementBytes: 4,
    allocate(length: number): Buffer {
      buffers++;
      bytes += 4 * length;
      peakBytes = Math.max(peakBytes, bytes);
      const made: DryBuffer = { length, freed: false, owned: true };
      return made;
    },
    free(buffer: Buffer): void {
      const own = buffer as DryBuffer;
      own.freed = true;
      if (!own.owned) return;
      buffers--;
      bytes -= 4 * own.length;
    },
    view,
    write(): void {},
    fill(): void {},
    copy(): void {},
    read: (buffer) => Promise.resolve(zeros(buffer)),
    readSync: zeros,
    run<B extends Record<string, Role>, N extends readonly string[]>(kernel: Kernel<B, N>, given: Operands<B>, numbers: Numbers<N>): void {
      const wanted = kernel.lengths(numbers);
      for (const key of kernel.order) bufferOf(kernel, key, given[key], wanted[key]);
    },
    memoryUse(): MemoryUse {
      return { buffers, bytes, peakBytes };
    },
  };
}
