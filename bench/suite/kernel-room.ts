// Calls of single kernels on one thread: a memory of their own, buffers filled as the kernel's definition wants them, and the wasm
// export of the kernel's name.
import { readFileSync } from "node:fs";
import { createWasmBackend, markWide } from "../../ts/backend/index.ts";
import { choosePath } from "../../ts/kernel-path/kernel-path.ts";
import type { Kernel, Numbers, Role } from "../../ts/kernels/kernel.ts";
import type { Definition } from "../../ts/definitions/definition.ts";
import { definitionOf } from "../../ts/definitions/index.ts";
import { kernelPath, type KernelPath } from "../../ts/node.ts";

type Export = (...parameters: number[]) => void;

/** The kernels that training uses, or those of another file, with wide code where V8 makes it. */
export function openKernels(file: string | null): KernelPath {
  if (file === null) return kernelPath();
  const found = choosePath(new Uint8Array(readFileSync(file)));
  if (found.path === "wide") markWide(found.module);
  return found;
}

/** Which code V8 made of them, for a note. */
export function pathNote({ path, reason }: Pick<KernelPath, "path" | "reason">): string {
  return `Kernels: ${path} code (${reason}).`;
}

const PAGE = 65536;
/** Above the module's static data: where a backend would begin to allocate. */
const FIRST = 16 * PAGE;
const NORMALS = 8192;

export class KernelRoom {
  readonly memory: WebAssembly.Memory;
  private readonly exports: Record<string, Export | undefined>;
  private readonly normals: Float32Array;
  private next = FIRST;

  constructor(module: WebAssembly.Module) {
    // A backend lays the memory out as kernels expect it.
    this.memory = createWasmBackend(module).memory;
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.memory, abort: () => undefined } });
    this.exports = exports as Record<string, Export | undefined>;
    // Values of a normal distribution's size are all that speed needs: twelve numbers of a simple generator, added.
    let state = 1;
    const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    this.normals = Float32Array.from({ length: NORMALS }, () => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b) - 6);
  }

  /** Gives the whole memory to the next calls. */
  clear(): void {
    this.next = FIRST;
  }

  has(name: string): boolean {
    return this.exports[name] !== undefined;
  }

  /** The export of that name. Error: none. */
  export(name: string): Export {
    const call = this.exports[name];
    if (call === undefined) throw new Error(`${name}: not among the kernels, one of them is wanted`);
    return call;
  }

  /** Bytes of a new block, apart from the one before by an odd number of cache lines. */
  block(floats: number): number {
    const at = this.next;
    this.next += Math.ceil((4 * floats) / 128) * 128 + 192;
    const missing = Math.ceil((this.next - this.memory.buffer.byteLength) / PAGE);
    if (missing > 0) this.memory.grow(missing);
    return at;
  }

  /** The floats of a block; valid until the next one is made. */
  floats(at: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, length);
  }

  /** A block filled with numbers: by default with normal deviates. */
  filled(floats: number, value: ((index: number, normal: number) => number) | null = null): number {
    const at = this.block(floats);
    const array = this.floats(at, floats);
    if (value === null) for (let i = 0; i < floats; i += NORMALS) array.set(this.normals.subarray(0, Math.min(NORMALS, floats - i)), i);
    else for (let i = 0; i < floats; i++) array[i] = value(i, this.normals[i % NORMALS]);
    return at;
  }

  /** A call of the kernel on buffers of its own. Error: sizes without one of the kernel's numbers. */
  prepare<B extends Record<string, Role>, N extends readonly string[]>(kernel: Kernel<B, N>, sizes: Numbers<N>): () => void {
    const numbers = sizes as Readonly<Record<string, number>>;
    for (const name of kernel.numbers)
      if (numbers[name] === undefined) throw new Error(`${kernel.name}: sizes ${Object.keys(numbers).join(", ")}, ${name} is wanted too`);
    const lengths: Readonly<Record<string, number>> = kernel.lengths(sizes);
    const fills: Readonly<Record<string, ((index: number, normal: number, numbers: Numbers<N>) => number) | undefined>> =
      (definitionOf(kernel.name) as unknown as Definition<B, N>).fill ?? {};
    const parameters = kernel.order.map((name) => {
      const fill = fills[name];
      return this.filled(lengths[name], fill === undefined ? null : (index, normal) => fill(index, normal, sizes));
    });
    if (kernel.scratch !== undefined) parameters.push(this.block(kernel.scratch(sizes)));
    parameters.push(...kernel.numbers.map((name) => numbers[name]));
    const run = this.export(kernel.name);
    return () => run(...parameters);
  }
}
