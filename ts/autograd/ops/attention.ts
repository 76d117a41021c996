// Multi-head self-attention, and a token in front of others.
import * as kernels from "../../kernels/attention.ts";
import { emptyLike, launch, rowsOf } from "../launch.ts";
import { defineOp } from "../op.ts";
import { sumOverSamples } from "../shard-sum.ts";
import { reduceSum } from "../../kernels/reduce.ts";
import { copyLayout, stridesOf } from "../strided.ts";
import { shapeText, type ShardSum, type Tensor } from "../tensor.ts";

interface Heads {
  readonly heads: number;
  readonly scale: number;
}

function sizesOf({ shape: [n, t, width] }: Tensor, { heads, scale }: Heads) {
  return { n, t, heads, d: width / (3 * heads), scale };
}

export const attentionOp = /* @__PURE__ */ defineOp<readonly [Tensor], Heads>("attention", {
  forward: ([qkv], attributes) => {
    const [n, t, width] = qkv.shape;
    const y = emptyLike(qkv, [n, t, width / 3]);
    const stats = emptyLike(qkv, [n, attributes.heads, t, 2]);
    launch(kernels.attention, { qkv, y, stats }, sizesOf(qkv, attributes));
    return { value: y, saved: [stats] };
  },
  vjp: (dy, _y, [qkv], attributes, [stats]) => [
    () => {
      const dqkv = emptyLike(qkv);
      launch(kernels.attentionBackward, { qkv, stats, dy, dqkv }, sizesOf(qkv, attributes));
      return dqkv;
    },
  ],
  samples: [
    { inputs: [[2, 5, 12]], attributes: { heads: 2, scale: 0.7 } },
    { inputs: [[1, 1, 9]], attributes: { heads: 1, scale: 1 } },
    { inputs: [[3, 4, 18]], attributes: { heads: 3, scale: 0.5 } },
  ],
});

/** Copies all of `from`'s rows of the last axis to rows of `to`, each sample's from row `first` on; negative: the other way round. */
function copyTokens(from: Tensor, to: Tensor, tokens: number, readFrom: number, writeTo: number): void {
  const [n, , width] = to.shape;
  const [read, write] = [stridesOf(from.shape), stridesOf(to.shape)];
  copyLayout(from, to, [n, tokens, width], { strides: read, offset: readFrom * width }, { strides: write, offset: writeTo * width });
}

export const prependTokenOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor], object>("prependToken", {
  forward: ([x, token]) => {
    const [n, t, width] = x.shape;
    const y = emptyLike(x, [n, t + 1, width]);
    const steps = stridesOf(y.shape);
    copyTokens(x, y, t, 0, 1);
    copyLayout(token, y, [n, 1, width], { strides: [0, width, 1] }, { strides: steps });
    return y;
  },
  vjp: (dy, _y, [x, token]) => [
    () => {
      const dx = emptyLike(x);
      copyTokens(dy, dx, x.shape[1], 1, 0);
      return dx;
    },
    (): Tensor | ShardSum => {
      const [n, , width] = dy.shape;
      const first = emptyLike(dy, [n, 1, width]);
      copyTokens(dy, first, 1, 0, 0);
      return sumOverSamples(dy.backend, dy.batch, n, token.shape, (from, count, out) => {
        launch(reduceSum, { x: rowsOf(first, from, count), y: out }, { outer: 1, length: count, inner: width });
      });
    },
  ],
  samples: [
    {
      inputs: [
        [3, 2, 5],
        [1, 1, 5],
      ],
      attributes: {},
    },
  ],
});

/**
 * softmax(scale Q K^T) V of every head, from queries, keys and values side by side: [N, T, 3 D] to [N, T, D], head h in columns h D / heads
 * on of each. `scale` is 1 / sqrt(D / heads) by default. The scores are not kept; the gradient computes them again.
 */
export function attention(qkv: Tensor, heads: number, { scale }: { scale?: number } = {}): Tensor {
  const width = qkv.shape[qkv.rank - 1];
  if (qkv.rank !== 3 || !Number.isInteger(heads) || heads < 1 || width % (3 * heads) !== 0)
    throw new Error(`attention: ${shapeText(qkv.shape)} with ${heads} heads, wanted [N, T, 3 D] with heads that divide D`);
  return attentionOp([qkv], { heads, scale: scale ?? 1 / Math.sqrt(width / (3 * heads)) });
}

/** x [N, T, D] with the same token [1, 1, D] in front of each sample's: [N, 1 + T, D]. */
export function prependToken(x: Tensor, token: Tensor): Tensor {
  if (x.rank !== 3 || shapeText(token.shape) !== `[1,1,${x.shape[2]}]`)
    throw new Error(`prependToken: ${shapeText(token.shape)} before ${shapeText(x.shape)}, wanted [1, 1, D] before [N, T, D]`);
  return prependTokenOp([x, token], {});
}
