// What a kernel is: the name of its wasm export, its buffers and numbers in call order, how long each buffer must be,
// its definition in float64 and the samples it is checked on. Backends run kernels; nothing here says how.

/** How a kernel uses a buffer. A trailing `?` marks one that may be absent (null). An `out` buffer is wholly written. */
export type Role = "in" | "out" | "inout" | "in?" | "out?";

export type Numbers<N extends readonly string[]> = { readonly [K in N[number]]: number };

export type Arrays<B extends Record<string, Role>> = {
  readonly [K in keyof B]: B[K] extends "in?" | "out?" ? Float64Array | null : Float64Array;
};

export interface KernelSpec<B extends Record<string, Role>, N extends readonly string[]> {
  /** The wasm export. Its parameters are: the buffers' byte offsets (0 when absent), the scratch offset if there is one, the numbers. */
  readonly name: string;
  readonly buffers: B;
  readonly numbers: N;
  /** Elements that each buffer must hold at least. */
  readonly lengths: (numbers: Numbers<N>) => { readonly [K in keyof B]: number };
  /** Floats of scratch memory that the wasm export wants (never part of a result). */
  readonly scratch?: (numbers: Numbers<N>) => number;
  /** The float64 definition, in plain loops. This is the specification. */
  readonly define: (buffers: Arrays<B>, numbers: Numbers<N>) => void;
  /** Sizes to check: below a tile, on it, around it, empty. */
  readonly samples: readonly Numbers<N>[];
  /** How an input is filled for a check; by default normal deviates. */
  readonly fill?: { readonly [K in keyof B]?: (index: number, normal: number, numbers: Numbers<N>) => number };
  /** Allowed error for these numbers, relative to the largest value of each output; by default 4e-7 times sqrt(terms). */
  readonly tolerance?: (numbers: Numbers<N>) => number;
  /** Length of the longest sum in an output, by default 1. */
  readonly terms?: (numbers: Numbers<N>) => number;
}

export interface Kernel<
  B extends Record<string, Role> = Record<string, Role>,
  N extends readonly string[] = readonly string[],
> extends KernelSpec<B, N> {
  /** Buffer names in call order. */
  readonly order: readonly (keyof B & string)[];
}

/** Declares a kernel. */
export function kernel<const B extends Record<string, Role>, const N extends readonly string[]>(spec: KernelSpec<B, N>): Kernel<B, N> {
  return { ...spec, order: Object.keys(spec.buffers) };
}
