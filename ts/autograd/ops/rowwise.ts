// Operations on rows of the last axis, or on whole samples: the orthogonal residual update and what is measured of a stream.
import * as kernels from "../../kernels/rowwise.ts";
import { emptyLike, launch, overwriting, rowsOf } from "../launch.ts";
import { defineOp } from "../op.ts";
import { finish, sumOverSamples } from "../shard-sum.ts";
import { shapeText, sizeOf, type Tensor } from "../tensor.ts";

/** What one projection is taken over: the channels at each position, or all of a sample. */
export type Over = "feature" | "sample";

/** Rows that one projection each is taken of. */
export function rowSizes(x: Tensor, over: Over): { rows: number; cols: number } {
  if (x.size === 0) return { rows: 0, cols: over === "feature" ? x.shape[x.rank - 1] : 1 };
  const rows = over === "feature" ? x.size / x.shape[x.rank - 1] : x.shape[0];
  return { rows, cols: x.size / rows };
}

/** Error: a stream and a branch that cannot be joined. */
export function wantEqualShapes(who: string, x: Tensor, u: Tensor): void {
  if (x.rank < 2 || x.rank !== u.rank || x.shape.some((length, axis) => length !== u.shape[axis]))
    throw new Error(`${who}: stream ${shapeText(x.shape)} and branch ${shapeText(u.shape)}, wanted equal shapes [N, ..., C]`);
}

export const orthogonalUpdateOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor], { readonly over: Over; readonly eps: number }>(
  "orthogonalUpdate",
  {
    forward: ([x, u], { over, eps }) => {
      const sizes = rowSizes(x, over);
      const y = emptyLike(x);
      const s = emptyLike(x, [sizes.rows]);
      launch(kernels.orthogonalUpdate, { x, u, y, s }, { ...sizes, eps });
      return { value: y, saved: [s] };
    },
    vjp: (dy, _y, [x, u], { over, eps }, [s]) => {
      let both: readonly [Tensor, Tensor] | null = null;
      const run = (): readonly [Tensor, Tensor] => {
        if (both === null) {
          both = [overwriting(dy), emptyLike(u)];
          launch(kernels.orthogonalUpdateBackward, { x, u, s, dy, dx: both[0], du: both[1] }, { ...rowSizes(x, over), eps });
        }
        return both;
      };
      return [() => run()[0], () => run()[1]];
    },
    samples: [
      {
        inputs: [
          [3, 5],
          [3, 5],
        ],
        attributes: { over: "feature", eps: 1e-6 },
      },
      {
        inputs: [
          [2, 2, 3, 4],
          [2, 2, 3, 4],
        ],
        attributes: { over: "sample", eps: 1e-6 },
      },
      {
        inputs: [
          [4, 3],
          [4, 3],
        ],
        attributes: { over: "feature", eps: 0.5 },
      },
    ],
  },
);

/**
 * x + u - s x with s = <x, u> / (<x, x> + eps): the part of u that is orthogonal to the stream x is added, the parallel part dropped.
 * Sums run over the last axis ("feature") or over all of a sample ("sample"); the gradient goes through s, too.
 * Source: Oh et al., Revisiting Residual Connections (arXiv 2505.11881), eq. 3 and 4.
 */
export function orthogonalUpdate(x: Tensor, u: Tensor, { over = "feature", eps = 1e-6 }: { over?: Over; eps?: number } = {}): Tensor {
  wantEqualShapes("orthogonalUpdate", x, u);
  return orthogonalUpdateOp([x, u], { over, eps });
}

/** What a block does to its stream, means over the batch and positions. Norms are of the channels at a position. */
export interface StreamStatistics {
  /** ||x||^2 */
  readonly streamNorm2: number;
  /** ||u_par||^2 with u_par = s x, s = <x, u> / (<x, x> + eps) */
  readonly parallelNorm2: number;
  /** ||u - s x||^2 */
  readonly orthogonalNorm2: number;
  /** ||u_par||^2 / ||x||^2 */
  readonly rhoParallel: number;
  /** ||u_perp||^2 / ||x||^2 */
  readonly rhoOrthogonal: number;
  /** <x, u> / (||x|| ||u||) */
  readonly cosine: number;
}

/** Measures a stream x and a branch u. All threads that hold parts of the batch must call it. */
export function streamStatistics(x: Tensor, u: Tensor, { eps = 1e-6 }: { eps?: number } = {}): StreamStatistics {
  const cols = x.shape[x.rank - 1];
  const total = finish(
    sumOverSamples(x.backend, x.batch, x.shape[0], [6], (from, count, out) => {
      const [xs, us] = [rowsOf(x, from, count), rowsOf(u, from, count)];
      launch(kernels.streamStatistics, { x: xs, u: us, y: out }, { rows: xs.size / cols, cols, eps });
    }),
    x.backend,
  );
  const rows = (x.batch?.size ?? x.shape[0]) * sizeOf(x.shape.slice(1, -1));
  const [streamNorm2, parallelNorm2, orthogonalNorm2, rhoParallel, rhoOrthogonal, cosine] = total.toArray();
  return {
    streamNorm2: streamNorm2 / rows,
    parallelNorm2: parallelNorm2 / rows,
    orthogonalNorm2: orthogonalNorm2 / rows,
    rhoParallel: rhoParallel / rows,
    rhoOrthogonal: rhoOrthogonal / rows,
    cosine: cosine / rows,
  };
}
