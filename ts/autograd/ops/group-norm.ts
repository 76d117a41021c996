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
    let made: { readonly dx: Tensor; readonly affine: Tensor | ShardSum | null } | null = null;
    const all = (): NonNullable<typeof made> => {
      if (made !== null) return made;
      const dx = emptyLike(x);
      const run = (from: number, count: number, out: Tensor | null): void => {
        const [xs, dys, dxs, own] = [x, dy, dx, stats].map((each) => rowsOf(each, from, count));
        const [dgamma, dbeta] = [0, 1].map((row) => out && rowsOf(out, row, 1));
        launch(kernels.groupNormBackward, { x: xs, dy: dys, gamma, stats: own, dx: dxs, dgamma, dbeta }, sizes(xs, groups));
      };
      const learned = gamma?.requiresGrad || beta?.requiresGrad;
      if (!learned) run(0, x.shape[0], null);
      return (made = { dx, affine: learned ? sumOverSamples(x.backend, dy.batch, x.shape[0], [2, c], run) : null });
    };
    return [() => all().dx, gamma && (() => rowOfSum(all().affine!, 0)), beta && (() => rowOfSum(all().affine!, 1))];
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
