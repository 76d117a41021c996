// Group norm: each sample's channels in groups, normalized over positions and the group's channels.
import * as kernels from "../../kernels/group-norm.ts";
import { emptyLike, launch, rowsOf } from "../launch.ts";
import { defineOp } from "../op.ts";
import { rowOfSum, sumOverSamples } from "../shard-sum.ts";
import { type ShardSum, shapeText, type Tensor } from "../tensor.ts";

interface GroupNormAttributes {
  readonly groups: number;
  readonly eps: number;
}

function sizes(x: Tensor, groups: number): { n: number; pixels: number; c: number; groups: number } {
  const c = x.shape[x.rank - 1];
  const n = x.shape[0];
  return { n, pixels: n * c === 0 ? 0 : x.size / (n * c), c, groups };
}

export const groupNormOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor | null, Tensor | null], GroupNormAttributes>("groupNorm", {
  forward: ([x, gamma, beta], { groups, eps }) => {
    const y = emptyLike(x);
    const stats = emptyLike(x, [x.shape[0], groups, 2]);
    launch(kernels.groupNorm, { x, gamma, beta, y, stats }, { ...sizes(x, groups), eps });
    return { value: y, saved: [stats] };
  },
  vjp: (dy, _y, [x, gamma, beta], { groups }, [stats]) => {
    const c = x.shape[x.rank - 1];
    let both: Tensor | ShardSum | null = null;
    const affine = (): Tensor | ShardSum =>
      (both ??= sumOverSamples(x.backend, dy.batch, x.shape[0], [2, c], (from, count, out) => {
        const part = rowsOf(x, from, count);
        launch(
          kernels.groupNormAffineGradient,
          { x: part, dy: rowsOf(dy, from, count), stats: rowsOf(stats, from, count), dgamma: rowsOf(out, 0, 1), dbeta: rowsOf(out, 1, 1) },
          sizes(part, groups),
        );
      }));
    return [
      () => {
        const dx = emptyLike(x);
        launch(kernels.groupNormBackward, { x, dy, gamma, stats, dx }, sizes(x, groups));
        return dx;
      },
      gamma ? () => rowOfSum(affine(), 0) : null,
      beta ? () => rowOfSum(affine(), 1) : null,
    ];
  },
  samples: [
    { inputs: [[2, 3, 2, 4], [4], [4]], attributes: { groups: 2, eps: 1e-5 } },
    { inputs: [[2, 5, 6], null, null], attributes: { groups: 3, eps: 1e-5 } },
  ],
});

/** Group norm of x [N, ..., C] with gamma and beta [C]; channels are split into `groups` runs of neighbours. */
export function groupNorm(
  x: Tensor,
  groups: number,
  gamma: Tensor | null,
  beta: Tensor | null,
  { eps = 1e-5 }: { eps?: number } = {},
): Tensor {
  const c = x.shape[x.rank - 1];
  if (x.rank < 2 || groups < 1 || c % groups !== 0)
    throw new Error(`groupNorm: ${groups} groups of ${shapeText(x.shape)}, wanted groups that divide the channels`);
  return groupNormOp([x, gamma, beta], { groups, eps });
}
