// Runs a kernel on tensors.
import type { Backend, Buffer, Operands } from "../backend/backend.ts";
import type { Kernel, Numbers, Role } from "../kernels/kernel.ts";
import { alias, empty, overBuffer } from "./scope.ts";
import type { Shape, Tensor } from "./tensor.ts";

/** Runs `kernel` on the backend of its tensors. Error: tensors of two backends. */
export function launch<const B extends Record<string, Role>, const N extends readonly string[]>(
  kernel: Kernel<B, N>,
  operands: Operands<B>,
  numbers: Numbers<N>,
): void {
  let backend: Backend | null = null;
  for (const key of kernel.order) {
    const operand = operands[key];
    if (!operand || !("backend" in operand) || operand.backend === backend) continue;
    if (backend !== null)
      throw new Error(`${kernel.name}: tensors of the ${backend.name} and the ${operand.backend.name} backend, wanted one backend`);
    backend = operand.backend;
  }
  backend!.run(kernel, operands, numbers);
}

/** A tensor of the given shape on the backend of another. */
export function emptyLike(like: Tensor, shape: Shape = like.shape): Tensor {
  return empty(shape, like.backend);
}

/**
 * A tensor like dy for a gradient that is formed place by place: over dy's memory where nobody else reads it, else new. What is still
 * to come must not read dy.
 */
export function overwriting(dy: Tensor): Tensor {
  return dy.shared.references === 1 ? alias(dy) : emptyLike(dy);
}

/** `count` rows of the first axis from `from` on, sharing memory: what a kernel needs of them. */
export function rowBuffer(x: Tensor, from: number, count: number): Buffer {
  const row = x.shape[0] === 0 ? 0 : x.size / x.shape[0];
  return x.backend.view(x.buffer, from * row, count * row);
}

/** The same rows as a tensor. */
export function rowsOf(x: Tensor, from: number, count: number): Tensor {
  return overBuffer(x.backend, [count, ...x.shape.slice(1)], rowBuffer(x, from, count));
}
