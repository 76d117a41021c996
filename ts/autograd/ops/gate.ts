// A gate between a stream and a branch, in one pass over the values each way.
import * as kernels from "../../kernels/gate.ts";
import { emptyLike, launch } from "../launch.ts";
import { defineOp } from "../op.ts";
import { alias } from "../scope.ts";
import { shapeText, type Tensor } from "../tensor.ts";

const shape = [3, 7];

export const gateOp = /* @__PURE__ */ defineOp<readonly [z: Tensor, x: Tensor, f: Tensor], { readonly exclusive: boolean }>("gate", {
  forward: ([z, x, f], { exclusive }) => {
    const [g, y] = [emptyLike(x), emptyLike(x)];
    launch(kernels.gate, { z, x, f, g, y }, { length: x.size, exclusive: exclusive ? 1 : 0 });
    return { value: y, saved: [g] };
  },
  vjp: (dy, _y, [, x, f], { exclusive }, [g]) => {
    let made: readonly [dz: Tensor, dx: Tensor, df: Tensor] | null = null;
    const all = (): readonly [dz: Tensor, dx: Tensor, df: Tensor] => {
      if (made === null) {
        made = [emptyLike(x), emptyLike(x), emptyLike(x)];
        const [dz, dx, df] = made;
        launch(kernels.gateBackward, { g, x, f, dy, dz, dx, df }, { length: x.size, exclusive: exclusive ? 1 : 0 });
      }
      return made;
    };
    return [() => all()[0], () => all()[1], () => (exclusive ? all()[2] : alias(dy))];
  },
  samples: [
    { inputs: [shape, shape, shape], attributes: { exclusive: true } },
    { inputs: [shape, shape, shape], attributes: { exclusive: false } },
  ],
});

/**
 * (1 - g) x + g f with g = sigmoid(z), computed as x + g (f - x); or, where the stream alone is gated, (1 - g) x + f as (x - g x) + f.
 * Error: shapes that differ. Source: He et al. (arXiv 1603.05027), section 3.1.
 */
export function gate(z: Tensor, x: Tensor, f: Tensor, { exclusive = true }: { exclusive?: boolean } = {}): Tensor {
  for (const other of [z, f])
    if (other.rank !== x.rank || other.shape.some((length, axis) => length !== x.shape[axis]))
      throw new Error(`gate: ${shapeText(other.shape)} and a stream of ${shapeText(x.shape)}, wanted equal shapes`);
  return gateOp([z, x, f], { exclusive });
}
