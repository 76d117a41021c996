// The norm of all gradients, formed block by block in a fixed order, and clipping by it.
import { noGrad, scope, empty, affine, type Backend, type Buffer } from "../autograd/index.ts";
import { sumOfSquares } from "../kernels/reduce.ts";
import type { Variable } from "../nn/index.ts";

/** Elements of one piece of work on a parameter; part of the numerics contract. */
export const BLOCK = 16384;

/** Sum of squares of one block. */
export function blockSquares(backend: Backend, gradient: Buffer, length: number): number {
  return scope(() => {
    const y = empty([1], backend);
    backend.run(sumOfSquares, { x: gradient, y: y.buffer }, { length });
    return y.item();
  });
}

/** sqrt of the sum over all blocks, in order, in float64. */
export function normOf(squares: Iterable<number>): number {
  let total = 0;
  for (const square of squares) total += square;
  return Math.sqrt(total);
}

/** What to multiply gradients of norm `norm` with, so that it is at most `max`: min(1, max / (norm + 1e-6)), as PyTorch. */
export function clipScale(norm: number, max: number): number {
  return Math.min(1, max / (norm + 1e-6));
}

/** Euclidean norm of the gradients of all parameters together; those without a gradient count as 0. */
export function gradNorm(parameters: readonly Variable[]): number {
  const squares: number[] = [];
  for (const { grad, backend, size } of parameters) {
    if (grad === null) continue;
    for (let from = 0; from < size; from += BLOCK) {
      const length = Math.min(BLOCK, size - from);
      squares.push(blockSquares(backend, backend.view(grad.buffer, from, length), length));
    }
  }
  return normOf(squares);
}

/** Scales all gradients so that their norm is at most `max`; returns the norm before. */
export function clipGradNorm(parameters: readonly Variable[], max: number): number {
  if (!(max > 0)) throw new Error(`clipGradNorm: ${max}, wanted more than 0`);
  const norm = gradNorm(parameters);
  const scale = clipScale(norm, max);
  if (scale < 1)
    scope(() =>
      noGrad(() => {
        for (const { grad, backend } of parameters) if (grad) backend.copy(affine(grad, scale, 0).buffer, grad.buffer);
      }),
    );
  return norm;
}
