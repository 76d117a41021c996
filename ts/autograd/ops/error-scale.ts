// The identity with another gradient: the error that comes back is measured over the whole batch, and multiplied by what is made of that.
import { affine as affineKernel } from "../../kernels/elementwise.ts";
import { sumOfSquares } from "../../kernels/reduce.ts";
import { launch, overwriting, rowBuffer } from "../launch.ts";
import { defineOp } from "../op.ts";
import { alias } from "../scope.ts";
import { finish, sumOverSamples } from "../shard-sum.ts";
import { sizeOf, type Tensor } from "../tensor.ts";

/** Mean square of dy over batch, positions and channels: shard by shard, in the fixed tree. All threads of the batch must call it. */
function meanSquare(dy: Tensor, { batch, shape }: Tensor): number {
  const row = sizeOf(shape.slice(1));
  const total = finish(
    sumOverSamples(dy.backend, batch, shape[0], [1], (from, count, out) =>
      launch(sumOfSquares, { x: rowBuffer(dy, from, count), y: out }, { length: count * row }),
    ),
    dy.backend,
  );
  return total.item() / ((batch?.size ?? shape[0]) * row);
}

/** Told the mean square of the error at a place once a backward pass; gives the factor for it. */
export type ErrorRule = (meanSquare: number) => number;

export const scaleErrorOp = /* @__PURE__ */ defineOp<readonly [Tensor], { readonly rule: ErrorRule }>("scaleError", {
  forward: ([x]) => x,
  vjp: (dy, _y, [x], { rule }) => [
    () => {
      const scale = rule(meanSquare(dy, x));
      if (scale === 1) return alias(dy);
      const dx = overwriting(dy);
      launch(affineKernel, { x: dy, y: dx }, { length: dx.size, scale, shift: 0 });
      return dx;
    },
  ],
  samples: [
    { inputs: [[3, 4]], attributes: { rule: () => 1 } },
    { inputs: [[2, 2, 3, 5]], attributes: { rule: (meanSquare) => (meanSquare >= 0 ? 1 : 0) } },
  ],
});

/**
 * x itself; in backward() its gradient dx = rule(q) dy with q = mean(dy^2) over the whole batch. It needs a backend that has values at
 * once, and makes threads that share a batch meet.
 */
export function scaleError(x: Tensor, rule: ErrorRule): Tensor {
  return scaleErrorOp([x], { rule });
}
