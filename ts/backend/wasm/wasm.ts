// Runs kernels in WebAssembly on one thread. The wasm export of a kernel's name is called with the buffers' byte offsets, the
// scratch offset if the kernel wants one, and the numbers; a kernel needs no other glue.
import { instantiateSync } from "@assemblyscript/loader";
import type { Kernel, Numbers, Role } from "../../kernels/kernel.ts";
import { bufferOf, type Backend, type Buffer, type MemoryUse, type Operands } from "../backend.ts";
import { Arena, createSharedMemory } from "./arena.ts";
import { setWideWord } from "./wide-word.ts";

type Export = (...values: number[]) => void;

/** An export and the values it was last called with; the list is used again, since calls are many and small. */
interface Call {
  readonly run: Export;
  readonly values: number[];
}

/** A stretch of wasm memory. The offset of a parameter changes when a step commits; that of other buffers never does. */
export interface WasmBuffer extends Buffer {
  /** Byte address. */
  offset: number;
  readonly length: number;
  freed: boolean;
  readonly owned: boolean;
}

export interface WasmBackend extends Backend {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  /** A buffer at a given byte address, which somebody else owns. */
  at(offset: number, length: number): WasmBuffer;
  /** A buffer's values in place; valid until memory is next allocated. */
  values(buffer: Buffer): Float32Array;
}

/** Checks that a buffer is a live one of a wasm backend. */
export function wasmBuffer(buffer: Buffer): WasmBuffer {
  const own = buffer as WasmBuffer;
  if (typeof own.offset !== "number") throw new Error("wasm: a buffer of another backend, wanted one of this backend");
  if (own.freed) throw new Error("wasm: a buffer that was freed, wanted a live one; keep() takes a tensor out of its scope");
  return own;
}

/** A backend over a compiled kernel module. Where threads share a memory it is given, with the number of the thread (0 of the calling one). */
export function createWasmBackend(module: WebAssembly.Module, memory: WebAssembly.Memory = createSharedMemory(), thread = 0): WasmBackend {
  const exports = instantiateSync(module, { env: { memory } }).instance.exports as Record<string, Export>;
  setWideWord(module, memory);
  const arena = new Arena(memory, thread);
  const at = (offset: number, length: number): WasmBuffer => {
    arena.reach(offset + 4 * length);
    return { offset, length, freed: false, owned: false };
  };
  const calls = new Map<string, Call>();
  const callOf = ({ name }: { readonly name: string }): Call => {
    const known = calls.get(name);
    if (known) return known;
    if (!(name in exports)) throw new Error(`${name}: not in this build of the kernels, wanted a build of the same version`);
    const made = { run: exports[name], values: [] };
    calls.set(name, made);
    return made;
  };
  const values = (buffer: Buffer): Float32Array => {
    const { offset, length } = wasmBuffer(buffer);
    return arena.floats.subarray(offset >>> 2, (offset >>> 2) + length);
  };
  return {
    name: "wasm",
    elementBytes: 4,
    memory,
    module,
    at,
    values,
    allocate(length: number): Buffer {
      const made: WasmBuffer = { offset: arena.allocate(4 * length), length, freed: false, owned: true };
      return made;
    },
    free(buffer: Buffer): void {
      const own = wasmBuffer(buffer);
      own.freed = true;
      if (own.owned) arena.free(own.offset, 4 * own.length);
    },
    view(buffer: Buffer, offset: number, length: number): Buffer {
      const own = wasmBuffer(buffer);
      if (offset < 0 || offset + length > own.length)
        throw new Error(`view: elements ${offset} to ${offset + length} of a buffer of ${own.length}, wanted inside`);
      return { offset: own.offset + 4 * offset, length, freed: false, owned: false } as WasmBuffer;
    },
    write(buffer: Buffer, from: ArrayLike<number>): void {
      if (from.length > buffer.length)
        throw new Error(`write: ${from.length} values into ${buffer.length} elements, wanted at most as many`);
      arena.floats.set(from, wasmBuffer(buffer).offset >>> 2);
    },
    fill(buffer: Buffer, value: number): void {
      const { offset, length } = wasmBuffer(buffer);
      arena.floats.fill(value, offset >>> 2, (offset >>> 2) + length);
    },
    copy(from: Buffer, to: Buffer): void {
      if (from.length > to.length) throw new Error(`copy: ${from.length} elements to ${to.length}, wanted at most as many`);
      const begin = wasmBuffer(from).offset >>> 2;
      arena.floats.copyWithin(wasmBuffer(to).offset >>> 2, begin, begin + from.length);
    },
    read(buffer: Buffer): Promise<Float32Array> {
      return Promise.resolve(values(buffer).slice());
    },
    readSync(buffer: Buffer): Float32Array {
      return values(buffer).slice();
    },
    run<B extends Record<string, Role>, N extends readonly string[]>(kernel: Kernel<B, N>, given: Operands<B>, numbers: Numbers<N>): void {
      const call = callOf(kernel);
      const { values } = call;
      const wanted = kernel.lengths(numbers);
      let at = 0;
      for (const key of kernel.order) {
        const buffer = bufferOf(kernel, key, given[key], wanted[key]);
        values[at++] = buffer === null ? 0 : wasmBuffer(buffer).offset;
      }
      let scratch = 0;
      let scratchBytes = 0;
      if (kernel.scratch) {
        scratchBytes = 4 * kernel.scratch(numbers);
        scratch = arena.allocate(scratchBytes);
        values[at++] = scratch;
      }
      for (const key of kernel.numbers) values[at++] = (numbers as Record<string, number>)[key];
      call.run(...values);
      if (kernel.scratch) arena.free(scratch, scratchBytes);
    },
    memoryUse(): MemoryUse {
      return { buffers: arena.buffers, bytes: arena.bytes, peakBytes: arena.peakBytes };
    },
  };
}
