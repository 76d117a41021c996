// Dropout. The mask is a function of (key, step, sample, element), so that it depends neither on threads nor on the order of calls.
import { dropout as dropoutKernel } from "../../kernels/random.ts";
import { emptyLike, launch } from "../launch.ts";
import { defineOp } from "../op.ts";
import { sliceStart } from "../slice.ts";
import type { Tensor } from "../tensor.ts";

export interface DropoutAttributes {
  /** Probability that a value becomes 0. */
  readonly p: number;
  /** Two 32-bit words: the generator's key. */
  readonly key: readonly [number, number];
  readonly step: number;
}

function masked(x: Tensor, { p, key, step }: DropoutAttributes): Tensor {
  const y = emptyLike(x);
  const rows = x.shape[0];
  const firstRow = x.batch ? sliceStart(x.batch) : 0;
  const cols = rows === 0 ? 0 : x.size / rows;
  launch(
    dropoutKernel,
    { x, y },
    { rows, cols, p, key0: key[0], key1: key[1], counter2: step >>> 0, counter3: Math.floor(step / 4294967296), firstRow },
  );
  return y;
}

export const dropoutOp = /* @__PURE__ */ defineOp<readonly [Tensor], DropoutAttributes>("dropout", {
  forward: ([x], attributes) => masked(x, attributes),
  vjp: (dy, _y, [x], attributes) => [
    () => {
      dy.batch = x.batch;
      return masked(dy, attributes);
    },
  ],
  samples: [{ inputs: [[4, 10]], attributes: { p: 0.3, key: [7, 11], step: 5 } }],
});

/** x / (1 - p) with probability 1 - p, else 0. */
export function dropout(x: Tensor, attributes: DropoutAttributes): Tensor {
  if (!(attributes.p >= 0 && attributes.p < 1)) throw new Error(`dropout: p ${attributes.p}, wanted at least 0 and below 1`);
  return dropoutOp([x], attributes);
}
