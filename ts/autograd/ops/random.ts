// Dropout. The mask is a function of (key, step, sample, element), so that it depends neither on threads nor on the order of calls.
import { dropoutBackward, dropout as dropoutKernel, maskLength } from "../../kernels/random.ts";
import { emptyLike, launch, overwriting } from "../launch.ts";
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

function sizesOf(x: Tensor): { rows: number; cols: number } {
  const rows = x.shape[0];
  return { rows, cols: rows === 0 ? 0 : x.size / rows };
}

export const dropoutOp = /* @__PURE__ */ defineOp<readonly [Tensor], DropoutAttributes>("dropout", {
  forward: ([x], { p, key, step }) => {
    const sizes = sizesOf(x);
    const y = emptyLike(x);
    const mask = emptyLike(x, [maskLength(sizes.rows, sizes.cols)]);
    const firstRow = x.batch ? sliceStart(x.batch) : 0;
    const counters = { counter2: step >>> 0, counter3: Math.floor(step / 4294967296) };
    launch(dropoutKernel, { x, y, mask }, { ...sizes, p, key0: key[0], key1: key[1], ...counters, firstRow });
    return { value: y, saved: [mask] };
  },
  vjp: (dy, _y, [x], { p }, [mask]) => [
    () => {
      const dx = overwriting(dy);
      launch(dropoutBackward, { dy, mask, dx }, { ...sizesOf(x), p });
      return dx;
    },
  ],
  samples: [{ inputs: [[4, 10]], attributes: { p: 0.3, key: [7, 11], step: 5 } }],
});

/** x / (1 - p) with probability 1 - p, else 0. */
export function dropout(x: Tensor, attributes: DropoutAttributes): Tensor {
  if (!(attributes.p >= 0 && attributes.p < 1)) throw new Error(`dropout: p ${attributes.p}, wanted at least 0 and below 1`);
  return dropoutOp([x], attributes);
}
