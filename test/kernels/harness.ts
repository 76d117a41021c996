// Runs kernels of a built wasm file in a memory of its own and checks them against their float64 definitions. Every word outside of a
// call's buffers is a guard, a NaN with a payload of its own: a stray write changes it, a stray read shows in the result.

import { existsSync, readFileSync } from "node:fs";
import type { DefinedKernel } from "../../ts/definitions/definition.ts";

export type Sizes = Readonly<Record<string, number>>;
export type Contents = Readonly<Record<string, Float32Array | null>>;

export interface Wasm {
  readonly exports: Readonly<Record<string, (...parameters: number[]) => void>>;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
}

/** Where the buffers of a call lie: from which word on, at what distance from an aligned place, and which one ends with the memory. */
export interface Layout {
  readonly misaligned: boolean;
  readonly withOptional: boolean;
  readonly last: string | null;
}

const PAGES = 640;
/** The first 64 KiB belong to the module's constants. */
const START = 16384;
const GAP = 64;
const SCRATCH = " scratch";

/** Instantiates a kernel build; `WASM` in the environment names another file than build/strict.wasm. */
export function openWasm(file: string = process.env["WASM"] ?? "build/strict.wasm"): Wasm {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
  const module = new WebAssembly.Module(readFileSync(file));
  const abort = (): never => {
    throw new Error(`${file}: abort`);
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const words = new Uint32Array(memory.buffer);
  return { exports: exports as Wasm["exports"], words, floats: new Float32Array(memory.buffer) };
}

function isKernel(value: unknown): value is DefinedKernel {
  return typeof value === "object" && value !== null && "define" in value && "order" in value;
}

/** A kernel with its buffer and number names forgotten, as the harness takes it. */
export function asKernel(value: unknown): DefinedKernel {
  if (!isKernel(value)) throw new Error(`harness: a ${typeof value}, wanted a kernel`);
  return value;
}

/** Whether two arrays hold the same bits, signs of zeros and NaNs included. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  const left = new Uint32Array(a.slice().buffer);
  const right = new Uint32Array(b.slice().buffer);
  return left.length === right.length && left.every((word, i) => word === right[i]);
}

/** The kernels that ts/definitions/<family>.ts exports, or null where there is no such file. */
export async function loadFamily(family: string): Promise<readonly DefinedKernel[] | null> {
  const file = new URL(`../../ts/definitions/${family}.ts`, import.meta.url);
  if (!existsSync(file)) return null;
  const exports = (await import(file.href)) as Record<string, unknown>;
  return Object.values(exports).filter(isKernel);
}

/** Deviates with mean 0 and variance 1 (a sum of 12 uniforms), the same sequence for the same seed. */
export function normals(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995;
  return () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) {
      state = (state + 0x6d2b79f5) | 0;
      let x = Math.imul(state ^ (state >>> 15), state | 1);
      x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
      sum += ((x ^ (x >>> 14)) >>> 0) / 4294967296;
    }
    return sum;
  };
}

const guard = (index: number): number => 0x7fc00000 | (Math.imul(index, 0x9e3779b1) >>> 10);

const isInput = (role: string): boolean => role.startsWith("in");
const isOutput = (role: string): boolean => role.startsWith("out") || role === "inout";

/** The words at which the buffers (and the scratch memory) of a call start, and the end of the memory they take. */
function place(kernel: DefinedKernel, numbers: Sizes, layout: Layout, words: number): { at: Map<string, number>; end: number } {
  const lengths = kernel.lengths(numbers);
  const at = new Map<string, number>();
  let next = START + GAP;
  let shift = 0;
  const add = (name: string, length: number): void => {
    if (name === layout.last) {
      at.set(name, words - length);
      return;
    }
    shift = layout.misaligned ? (shift % 3) + 1 : 0;
    at.set(name, next + shift);
    next = Math.ceil((next + shift + length + GAP) / 16) * 16;
  };
  for (const name of kernel.order) {
    if (layout.withOptional || !kernel.buffers[name].endsWith("?")) add(name, lengths[name]);
  }
  if (kernel.scratch !== undefined) add(SCRATCH, kernel.scratch(numbers));
  return { at, end: next + GAP };
}

/** Calls the wasm export and returns the contents of its outputs. Throws where a guard or an input changed. */
export function runPlaced(
  wasm: Wasm,
  kernel: DefinedKernel,
  inputs: Contents,
  numbers: Sizes,
  layout: Layout,
): Record<string, Float32Array> {
  const run = wasm.exports[kernel.name];
  if (run === undefined) throw new Error(`${kernel.name}: no such export`);
  const { words, floats } = wasm;
  const lengths = kernel.lengths(numbers);
  const { at, end } = place(kernel, numbers, layout, words.length);
  const tail = layout.last === null ? words.length : (at.get(layout.last) ?? words.length) - GAP;
  if (end > tail) throw new Error(`${kernel.name}: sample needs ${end} words, there are ${tail}`);
  for (let i = START; i < end; i++) words[i] = guard(i);
  for (let i = tail; i < words.length; i++) words[i] = guard(i);
  const offset = (name: string): number => (at.get(name) ?? 0) * 4;
  for (const name of kernel.order) {
    const start = at.get(name);
    const contents = inputs[name];
    if (start !== undefined && contents) floats.set(contents, start);
  }
  const parameters = kernel.order.map(offset);
  if (kernel.scratch !== undefined) parameters.push(offset(SCRATCH));
  run(...parameters, ...kernel.numbers.map((name) => numbers[name]));

  const outputs: Record<string, Float32Array> = {};
  const used = [...at].map(([name, start]) => {
    const length = name === SCRATCH ? (kernel.scratch?.(numbers) ?? 0) : lengths[name];
    if (name !== SCRATCH && isOutput(kernel.buffers[name])) outputs[name] = floats.slice(start, start + length);
    if (name !== SCRATCH && kernel.buffers[name].startsWith("in") && kernel.buffers[name] !== "inout") {
      const contents = new Uint32Array((inputs[name] ?? new Float32Array(length)).slice().buffer);
      for (let i = 0; i < length; i++) if (words[start + i] !== contents[i]) throw new Error(`${name}[${i}] is an input and was changed`);
    }
    return { name, start, end: start + length };
  });
  const intact = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      if (words[i] === guard(i)) continue;
      const near = used.map((b) => `${b.name.trim()} ${i < b.start ? i - b.start : i - b.end}`).join(", ");
      throw new Error(`wrote outside of its buffers, words from them: ${near}`);
    }
  };
  let from = START;
  for (const buffer of [...used].sort((a, b) => a.start - b.start)) {
    if (buffer.start >= tail) continue;
    intact(from, buffer.start);
    from = buffer.end;
  }
  intact(from, end);
  if (layout.last !== null) intact(tail, at.get(layout.last) ?? tail);
  return outputs;
}

/** Runs a kernel once and returns its outputs. */
export function runKernel(wasm: Wasm, kernel: DefinedKernel, inputs: Contents, numbers: Sizes): Record<string, Float32Array> {
  const withOptional = kernel.order.some((name) => kernel.buffers[name].endsWith("?") && inputs[name]);
  return runPlaced(wasm, kernel, inputs, numbers, { misaligned: false, withOptional, last: null });
}

/** Inputs for a sample: the kernel's own fill, or normal deviates. */
export function makeInputs(kernel: DefinedKernel, numbers: Sizes, seed: number): Record<string, Float32Array> {
  const lengths = kernel.lengths(numbers);
  const inputs: Record<string, Float32Array> = {};
  kernel.order.forEach((name, index) => {
    if (!isInput(kernel.buffers[name])) return;
    const next = normals(seed * 31 + index);
    const fill = kernel.fill?.[name];
    inputs[name] = Float32Array.from({ length: lengths[name] }, (_, i) => (fill === undefined ? next() : fill(i, next(), numbers)));
  });
  return inputs;
}

/** The outputs by the float64 definition. */
function expected(kernel: DefinedKernel, inputs: Contents, numbers: Sizes, withOptional: boolean): Record<string, Float64Array | null> {
  const lengths = kernel.lengths(numbers);
  const buffers: Record<string, Float64Array | null> = {};
  for (const name of kernel.order) {
    const isAbsent = kernel.buffers[name].endsWith("?") && !withOptional;
    buffers[name] = isAbsent ? null : Float64Array.from(inputs[name] ?? new Float64Array(lengths[name]).fill(NaN));
  }
  kernel.define(buffers as Parameters<DefinedKernel["define"]>[0], numbers);
  return buffers;
}

function compare(
  kernel: DefinedKernel,
  numbers: Sizes,
  outputs: Record<string, Float32Array>,
  wanted: Record<string, Float64Array | null>,
): void {
  const tolerance = kernel.tolerance?.(numbers) ?? 4e-7 * Math.sqrt(kernel.terms?.(numbers) ?? 1);
  for (const [name, output] of Object.entries(outputs)) {
    const right = wanted[name] ?? new Float64Array(0);
    let scale = 0;
    for (const value of right) if (Number.isFinite(Math.fround(value))) scale = Math.max(scale, Math.abs(value));
    for (let i = 0; i < right.length; i++) {
      const isFinite = Number.isFinite(Math.fround(right[i]));
      if (isFinite ? Math.abs(output[i] - right[i]) <= tolerance * scale + 2 ** -149 : Object.is(output[i], Math.fround(right[i])))
        continue;
      throw new Error(`${name}[${i}] is ${output[i]}, wanted ${right[i]} within ${tolerance} of ${scale}`);
    }
  }
}

/** Aligned; misaligned and without the optional buffers; each buffer at the very end of the memory. */
export function layoutsOf(kernel: DefinedKernel): readonly Layout[] {
  const hasOptional = kernel.order.some((name) => kernel.buffers[name].endsWith("?"));
  const ends = kernel.scratch === undefined ? kernel.order : [...kernel.order, SCRATCH];
  return [
    { misaligned: false, withOptional: true, last: null },
    { misaligned: true, withOptional: !hasOptional, last: null },
    ...ends.map((last) => ({ misaligned: true, withOptional: true, last })),
  ];
}

/** Checks one sample of a kernel in all layouts. */
export function checkSample(wasm: Wasm, kernel: DefinedKernel, numbers: Sizes, seed: number): void {
  const hasOptional = kernel.order.some((name) => kernel.buffers[name].endsWith("?"));
  const inputs = makeInputs(kernel, numbers, seed);
  const full = expected(kernel, inputs, numbers, true);
  const bare = hasOptional ? expected(kernel, inputs, numbers, false) : full;
  for (const layout of layoutsOf(kernel)) {
    try {
      const outputs = runPlaced(wasm, kernel, inputs, numbers, layout);
      compare(kernel, numbers, outputs, layout.withOptional ? full : bare);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${kernel.name} ${JSON.stringify(numbers)} ${JSON.stringify(layout)}: ${message}`);
    }
  }
}
