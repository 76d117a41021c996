// Layer norm over the last axis.
import * as kernels from "../../kernels/layer-norm.ts";
import { emptyLike, launch, rowsOf } from "../launch.ts";
import { defineOp } from "../op.ts";
import { rowOfSum, sumOverSamples } from "../shard-sum.ts";
import { type ShardSum, shapeText, type Tensor } from "../tensor.ts";

function sizes(x: Tensor): { rows: number; c: number } {
  const c = x.shape[x.rank - 1];
  return { rows: c === 0 ? 0 : x.size / c, c };
}

export const layerNormOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor | null, Tensor | null], { readonly eps: number }>(
  "layerNorm",
  {
    forward: ([x, gamma, beta], { eps }) => {
      const y = emptyLike(x);
      const { rows, c } = sizes(x);
      const stats = emptyLike(x, [rows, 2]);
      launch(kernels.layerNorm, { x, gamma, beta, y, stats }, { rows, c, eps });
      return { value: y, saved: [stats] };
    },
    vjp: (dy, _y, [x, gamma, beta], _attributes, [stats]) => {
      const { c } = sizes(x);
      let both: Tensor | ShardSum | null = null;
      const affine = (): Tensor | ShardSum =>
        (both ??= sumOverSamples(x.backend, dy.batch, x.shape[0], [2, c], (from, count, out) => {
          const part = rowsOf(x, from, count);
          const { rows } = sizes(part);
          const perSample = x.shape[0] === 0 ? 0 : stats.shape[0] / x.shape[0];
          launch(
            kernels.layerNormAffineGradient,
            {
              x: part,
              dy: rowsOf(dy, from, count),
              stats: rowsOf(stats, from * perSample, count * perSample),
              dgamma: rowsOf(out, 0, 1),
              dbeta: rowsOf(out, 1, 1),
            },
            { rows, c },
          );
        }));
      return [
        () => {
          const dx = emptyLike(x);
          launch(kernels.layerNormBackward, { x, dy, gamma, stats, dx }, sizes(x));
          return dx;
        },
        gamma ? () => rowOfSum(affine(), 0) : null,
        beta ? () => rowOfSum(affine(), 1) : null,
      ];
    },
    samples: [
      { inputs: [[3, 5], [5], [5]], attributes: { eps: 1e-5 } },
      { inputs: [[2, 3, 4], null, null], attributes: { eps: 1e-6 } },
    ],
  },
);

/** (x - mean) / sqrt(variance + eps) * gamma + beta over the last axis; variance biased. */
export function layerNorm(x: Tensor, gamma: Tensor | null, beta: Tensor | null, { eps = 1e-5 }: { eps?: number } = {}): Tensor {
  const c = x.shape[x.rank - 1];
  if (x.rank < 2 || (gamma && gamma.size !== c) || (beta && beta.size !== c))
    throw new Error(
      `layerNorm: ${shapeText(x.shape)} with gamma of ${gamma?.size ?? 0} and beta of ${beta?.size ?? 0}, wanted [N, ..., C] and C values each`,
    );
  return layerNormOp([x, gamma, beta], { eps });
}
