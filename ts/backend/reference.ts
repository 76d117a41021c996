// The float64 oracle: runs every kernel by its definition. Slow and plain; tests compare everything else with it.
import type { Arrays } from "../definitions/definition.ts";
import { definitionOf } from "../definitions/index.ts";
import type { Kernel, Numbers, Role } from "../kernels/kernel.ts";
import { bufferOf, type Backend, type Buffer, type MemoryUse, type Operands } from "./backend.ts";

interface ReferenceBuffer extends Buffer {
  values: Float64Array;
  freed: boolean;
  owned: boolean;
}

function reference(buffer: Buffer): ReferenceBuffer {
  const own = buffer as ReferenceBuffer;
  if (!(own.values instanceof Float64Array)) throw new Error("reference: a buffer of another backend, wanted one of this backend");
  if (own.freed) throw new Error("reference: a buffer that was freed, wanted a live one; keep() takes a tensor out of its scope");
  return own;
}

/** A backend that computes in float64 by the kernels' definitions. */
export function createReferenceBackend(): Backend {
  let buffers = 0;
  let bytes = 0;
  let peakBytes = 0;
  return {
    name: "reference",
    elementBytes: 8,
    allocate(length: number): Buffer {
      buffers++;
      bytes += 8 * length;
      peakBytes = Math.max(peakBytes, bytes);
      const made: ReferenceBuffer = { length, freed: false, owned: true, values: new Float64Array(length).fill(NaN) };
      return made;
    },
    free(buffer: Buffer): void {
      const own = reference(buffer);
      own.freed = true;
      if (!own.owned) return;
      buffers--;
      bytes -= 8 * own.length;
    },
    view(buffer: Buffer, offset: number, length: number): Buffer {
      const { values } = reference(buffer);
      if (offset < 0 || offset + length > values.length)
        throw new Error(`view: elements ${offset} to ${offset + length} of a buffer of ${values.length}, wanted inside`);
      const made: ReferenceBuffer = { length, freed: false, owned: false, values: values.subarray(offset, offset + length) };
      return made;
    },
    write(buffer: Buffer, values: ArrayLike<number>): void {
      reference(buffer).values.set(values);
    },
    fill(buffer: Buffer, value: number): void {
      reference(buffer).values.fill(value);
    },
    copy(from: Buffer, to: Buffer): void {
      reference(to).values.set(reference(from).values);
    },
    read(buffer: Buffer): Promise<Float64Array> {
      return Promise.resolve(reference(buffer).values.slice());
    },
    readSync(buffer: Buffer): Float64Array {
      return reference(buffer).values.slice();
    },
    run<B extends Record<string, Role>, N extends readonly string[]>(kernel: Kernel<B, N>, given: Operands<B>, numbers: Numbers<N>): void {
      const wanted = kernel.lengths(numbers);
      const arrays: Record<string, Float64Array | null> = {};
      for (const key of kernel.order) {
        const buffer = bufferOf(kernel, key, given[key], wanted[key]);
        arrays[key] = buffer === null ? null : reference(buffer).values;
      }
      definitionOf(kernel.name).define(arrays as Arrays<Record<string, "in">>, numbers);
    },
    memoryUse(): MemoryUse {
      return { buffers, bytes, peakBytes };
    },
  };
}
