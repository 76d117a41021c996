// What a scalar definition of a kernel is: plain loops that round to float32 where the kernel does and add in the order that the numerics
// contract fixes, one element after the other. A build gives these bits, whatever its vectors, tiles and tails.
import type { DefinedKernel } from "../../../ts/definitions/definition.ts";
import type { Numbers, Role } from "../../../ts/kernels/kernel.ts";
import { asKernel } from "../harness.ts";

export type Floats<B extends Record<string, Role>> = {
  readonly [K in keyof B]: B[K] extends "in?" | "out?" ? Float32Array | null : Float32Array;
};

export interface Scalar {
  readonly kernel: DefinedKernel;
  /** Writes the outputs; storing into them rounds. */
  readonly run: (buffers: Record<string, Float32Array | null>, numbers: Readonly<Record<string, number>>) => void;
}

/** The scalar definition of a kernel. */
export function scalar<B extends Record<string, Role>, const N extends readonly string[]>(
  kernel: DefinedKernel<B, N>,
  run: (buffers: Floats<B>, numbers: Numbers<N>) => void,
): Scalar {
  return { kernel: asKernel(kernel), run: run as unknown as Scalar["run"] };
}

/** For kernels that round nowhere, or once at the end: the float64 definition. */
export function exact<B extends Record<string, Role>, const N extends readonly string[]>(kernel: DefinedKernel<B, N>): Scalar {
  const any = asKernel(kernel);
  const run: Scalar["run"] = (buffers, numbers) => {
    const wide: Record<string, Float64Array | null> = {};
    for (const name of any.order) wide[name] = buffers[name] ? Float64Array.from(buffers[name]) : null;
    any.define(wide as Parameters<DefinedKernel["define"]>[0], numbers);
    for (const name of any.order) if (!any.buffers[name].startsWith("in") || any.buffers[name] === "inout") buffers[name]?.set(wide[name]!);
  };
  return { kernel: any, run };
}

export const f = Math.fround;

/** a * b + c, rounded twice. */
export function madd(a: number, b: number, c: number): number {
  return f(c + f(a * b));
}

/** The larger as the vector instruction has it: a where the two do not compare. */
export function pmax(a: number, b: number): number {
  return a < b ? b : a;
}

export function pmin(a: number, b: number): number {
  return b < a ? b : a;
}

/** Four lanes as (l0 + l2) + (l1 + l3). */
export function lanes4(l: ArrayLike<number>): number {
  return f(f(l[0] + l[2]) + f(l[1] + l[3]));
}

/** Sixteen accumulators: lane by lane (v0 + v1) + (v2 + v3) of the vectors of four, then the lanes. */
export function lanes16(v: ArrayLike<number>): number {
  return lanes4([0, 1, 2, 3].map((l) => f(f(v[l] + v[4 + l]) + f(v[8 + l] + v[12 + l]))));
}
