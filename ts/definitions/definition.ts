// What a kernel computes: its definition in float64, the sizes it is checked on and how near a backend has to come.
import type { Kernel, Numbers, Role } from "../kernels/kernel.ts";

export type Arrays<B extends Record<string, Role>> = {
  readonly [K in keyof B]: B[K] extends "in?" | "out?" ? Float64Array | null : Float64Array;
};

export interface Definition<B extends Record<string, Role>, N extends readonly string[]> {
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

/** A kernel with its definition. */
export type DefinedKernel<B extends Record<string, Role> = Record<string, Role>, N extends readonly string[] = readonly string[]> = Kernel<
  B,
  N
> &
  Definition<B, N>;

/** Says what a kernel computes. */
export function defined<B extends Record<string, Role>, N extends readonly string[]>(
  kernel: Kernel<B, N>,
  definition: Definition<B, N>,
): DefinedKernel<B, N> {
  return { ...kernel, ...definition };
}
