// Sums with a factor, in one pass over the values: y = (plus + factor) x + u. The factor is one number for all, learned or not, or one
// for each sample of the batch.
import { affine } from "../../kernels/elementwise.ts";
import { rowAxpy, rowDot, rowScale } from "../../kernels/rowwise.ts";
import { emptyLike, launch, overwriting, rowsOf } from "../launch.ts";
import { defineOp } from "../op.ts";
import { alias } from "../scope.ts";
import { sumOverSamples } from "../shard-sum.ts";
import { shapeText, type Tensor } from "../tensor.ts";

type Inputs = readonly [factor: Tensor, u: Tensor | null, x: Tensor];

function rowsBy(factor: Tensor, x: Tensor): { rows: number; cols: number } {
  const rows = factor.size;
  return { rows, cols: rows === 0 ? 0 : x.size / rows };
}

export const scaleAddOp = /* @__PURE__ */ defineOp<Inputs, { readonly plus: number }>("scaleAdd", {
  forward: ([factor, u, x], { plus }) => {
    let alpha = factor;
    if (plus !== 0) {
      alpha = emptyLike(factor);
      launch(affine, { x: factor, y: alpha }, { length: factor.size, scale: 1, shift: plus });
    }
    const y = emptyLike(x);
    if (u) launch(rowAxpy, { alpha, x, z: u, y }, rowsBy(factor, x));
    else launch(rowScale, { alpha, x, y }, rowsBy(factor, x));
    return { value: y, saved: [alpha], batch: x.batch };
  },
  vjp: (dy, _y, [factor, u, x], _plus, [alpha]) => [
    () => {
      if (factor.batch !== null || factor.size !== 1) {
        const each = emptyLike(factor);
        launch(rowDot, { a: dy, b: x, y: each }, rowsBy(factor, x));
        return each;
      }
      // One number for the batch: its gradient sums over the samples.
      return sumOverSamples(x.backend, x.batch, x.shape[0], factor.shape, (from, count, out) => {
        const part = rowsOf(x, from, count);
        launch(rowDot, { a: rowsOf(dy, from, count), b: part, y: out }, { rows: 1, cols: part.size });
      });
    },
    u && (() => alias(dy)),
    (sofar) => {
      const sizes = rowsBy(factor, x);
      if (sofar) {
        launch(rowAxpy, { alpha, x: dy, z: sofar, y: sofar }, sizes);
        return sofar;
      }
      const dx = overwriting(dy);
      launch(rowScale, { alpha, x: dy, y: dx }, sizes);
      return dx;
    },
  ],
  samples: [
    { inputs: [[1], [3, 5], [3, 5]], attributes: { plus: 0 } },
    { inputs: [[1], [2, 2, 3], [2, 2, 3]], attributes: { plus: 1 } },
    { inputs: [[1], null, [3, 4]], attributes: { plus: -0.5 } },
    { inputs: [[3], [3, 2, 2], [3, 2, 2]], attributes: { plus: 0 } },
    { inputs: [[4], null, [4, 5]], attributes: { plus: 1 } },
  ],
});

/** A factor: a number, a tensor of one value for all, or one of a value for each sample of x. */
export type Factor = number | Tensor;

function factorFor(who: string, factor: Factor, x: Tensor): Tensor {
  if (typeof factor === "number") {
    const made = emptyLike(x, [1]);
    made.backend.fill(made.buffer, factor);
    return made;
  }
  const wanted = factor.batch === null && factor.size === 1 ? 1 : x.shape[0];
  if (x.rank < 1 || factor.size !== wanted)
    throw new Error(`${who}: ${factor.size} factors for ${shapeText(x.shape)}, wanted 1 or as many as samples`);
  return factor;
}

/** (plus + factor) x + u. */
export function scaleAdd(x: Tensor, factor: Factor, u: Tensor, { plus = 0 }: { plus?: number } = {}): Tensor {
  if (x.rank !== u.rank || x.shape.some((length, axis) => length !== u.shape[axis]))
    throw new Error(`scaleAdd: ${shapeText(x.shape)} and ${shapeText(u.shape)}, wanted equal shapes`);
  return scaleAddOp([factorFor("scaleAdd", factor, x), u, x], { plus });
}

/** (plus + factor) x. */
export function scaleBy(x: Tensor, factor: Factor, { plus = 0 }: { plus?: number } = {}): Tensor {
  return scaleAddOp([factorFor("scaleBy", factor, x), null, x], { plus });
}
