// Clipping where values come back later: the norm of the gradients and what they are multiplied with stay on the device.
import { affine, clamp, divide, empty, noGrad, scope, sqrt, sum, tensor, type Tensor } from "../autograd/index.ts";
import { rowScale } from "../kernels/rowwise.ts";
import { sumOfSquares } from "../kernels/reduce.ts";
import type { Variable } from "../nn/index.ts";

/** The sum of squares of all gradients, a tensor of one element; parameters without a gradient count as 0. */
export function gradientSquares(parameters: readonly Variable[]): Tensor {
  const { backend } = parameters[0];
  const having = parameters.filter(({ grad }) => grad !== null);
  return scope(() =>
    noGrad(() => {
      const squares = empty([Math.max(1, having.length)], backend);
      if (having.length === 0) backend.fill(squares.buffer, 0);
      having.forEach(({ grad, size }, index) =>
        backend.run(sumOfSquares, { x: grad!.buffer, y: backend.view(squares.buffer, index, 1) }, { length: size }),
      );
      return sum(squares);
    }),
  );
}

/** Multiplies all gradients with min(1, max / (norm + 1e-6)), as clipGradNorm does; `squares` is the square of their norm. */
export function scaleGradients(parameters: readonly Variable[], squares: Tensor, max: number): void {
  const { backend } = parameters[0];
  scope(() =>
    noGrad(() => {
      const alpha = clamp(divide(tensor([max], [1], { backend }), affine(sqrt(squares), 1, 1e-6)), 0, 1);
      for (const { grad, size } of parameters)
        if (grad) backend.run(rowScale, { alpha: alpha.buffer, x: grad.buffer, y: grad.buffer }, { rows: 1, cols: size });
    }),
  );
}
