// What a kernel is to those who call it: the name of its wasm export, its buffers and numbers in call order, how long each buffer must be.
// Backends run kernels; ts/definitions says what they compute.

/** How a kernel uses a buffer. A trailing `?` marks one that may be absent (null). An `out` buffer is wholly written. */
export type Role = "in" | "out" | "inout" | "in?" | "out?";

export type Numbers<N extends readonly string[]> = { readonly [K in N[number]]: number };

export interface KernelSpec<B extends Record<string, Role>, N extends readonly string[]> {
  /** The wasm export. Its parameters are: the buffers' byte offsets (0 when absent), the scratch offset if there is one, the numbers. */
  readonly name: string;
  readonly buffers: B;
  readonly numbers: N;
  /** Elements that each buffer must hold at least. */
  readonly lengths: (numbers: Numbers<N>) => { readonly [K in keyof B]: number };
  /** Floats of scratch memory that the wasm export wants (never part of a result). */
  readonly scratch?: (numbers: Numbers<N>) => number;
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
