// Runs a kernel on tensors.
import type { Backend, Buffer, BufferArguments } from "../backend/backend.ts";
import type { Kernel, Numbers, Role } from "../kernels/kernel.ts";
import { empty, overBuffer } from "./scope.ts";
import type { Shape, Tensor } from "./tensor.ts";

export type TensorArguments<B extends Record<string, Role>> = {
  readonly [K in keyof B]: B[K] extends "in?" | "out?" ? Tensor | null : Tensor;
};

/** Runs `kernel` on the backend of its tensors. Error: tensors of two backends. */
export function launch<const B extends Record<string, Role>, const N extends readonly string[]>(
  kernel: Kernel<B, N>,
  tensors: TensorArguments<B>,
  numbers: Numbers<N>,
): void {
  let backend: Backend | null = null;
  const buffers: Record<string, Buffer | null> = {};
  for (const key of kernel.order) {
    const tensor = tensors[key] as Tensor | null;
    if (tensor === null) buffers[key] = null;
    else {
      if (backend !== null && tensor.backend !== backend)
        throw new Error(`${kernel.name}: tensors of the ${backend.name} and the ${tensor.backend.name} backend, wanted one backend`);
      backend = tensor.backend;
      buffers[key] = tensor.buffer;
    }
  }
  backend!.run(kernel, buffers as BufferArguments<B>, numbers);
}

/** A tensor of the given shape on the backend of another. */
export function emptyLike(like: Tensor, shape: Shape = like.shape): Tensor {
  return empty(shape, like.backend);
}

/** `count` rows of the first axis from `from` on, sharing memory. */
export function rowsOf(x: Tensor, from: number, count: number): Tensor {
  const row = x.shape[0] === 0 ? 0 : x.size / x.shape[0];
  return overBuffer(x.backend, [count, ...x.shape.slice(1)], x.backend.view(x.buffer, from * row, count * row));
}
