// The orthogonal residual update with factors on its parts, in one pass over the values each way: x' + v_perp + q f with x' = (plus + a) x
// and v = b f. It gives what scaleBy(), orthogonalUpdate() and scaleAdd() give one after the other, to the bit.
import { affine } from "../../kernels/elementwise.ts";
import * as kernels from "../../kernels/weighted-update.ts";
import { emptyLike, launch, overwriting, rowsOf } from "../launch.ts";
import { defineOp } from "../op.ts";
import { rowOfSum, sumOverSamples } from "../shard-sum.ts";
import { shapeText, type ShardSum, type Tensor } from "../tensor.ts";
import { rowSizes, wantEqualShapes, type Over } from "./rowwise.ts";

type Inputs = readonly [stream: Tensor | null, branch: Tensor | null, parallel: Tensor | null, x: Tensor, f: Tensor];

interface Attributes {
  readonly over: Over;
  readonly eps: number;
  /** Added to the factor of the stream. */
  readonly plus: number;
  /** v = -f. */
  readonly negate: boolean;
}

/** Which factors there are. A product with b alone is b f + -0; -f is computed as -1 f + 0 elsewhere, hence here. */
function numbersOf([stream, branch, parallel]: Inputs, { negate, eps }: Attributes): { parts: number; shift: number; eps: number } {
  return { parts: (stream ? 1 : 0) + (branch || negate ? 2 : 0) + (parallel ? 4 : 0), shift: negate ? 0 : -0, eps };
}

/** [plus + a, b, q], -1 for those that there are not. */
function factorsOf([stream, branch, parallel, x]: Inputs, { plus }: Attributes): Tensor {
  const { backend } = x;
  const factors = emptyLike(x, [3]);
  const place = (index: number) => backend.view(factors.buffer, index, 1);
  backend.fill(factors.buffer, -1);
  if (stream) backend.run(affine, { x: stream, y: place(0) }, { length: 1, scale: 1, shift: plus });
  if (branch) backend.copy(backend.view(branch.buffer, 0, 1), place(1));
  if (parallel) backend.copy(backend.view(parallel.buffer, 0, 1), place(2));
  return factors;
}

export const weightedUpdateOp = /* @__PURE__ */ defineOp<Inputs, Attributes>("weightedUpdate", {
  forward: (inputs, attributes) => {
    const [, , , x, f] = inputs;
    const sizes = rowSizes(x, attributes.over);
    const factors = factorsOf(inputs, attributes);
    const y = emptyLike(x);
    const s = emptyLike(x, [sizes.rows]);
    launch(kernels.weightedUpdate, { x, u: f, factors, y, s }, { ...sizes, ...numbersOf(inputs, attributes) });
    return { value: y, saved: [s, factors], batch: x.batch };
  },
  vjp: (dy, _y, inputs, attributes, [s, factors]) => {
    const [stream, branch, parallel, x, f] = inputs;
    let made: { readonly dx: Tensor; readonly df: Tensor; readonly sums: Tensor | ShardSum | null } | null = null;
    const all = (): NonNullable<typeof made> => {
      if (made !== null) return made;
      const dx = overwriting(dy);
      const df = emptyLike(f);
      const run = (from: number, count: number, sums: Tensor | null): void => {
        const [xs, fs, dys, dxs, dfs] = [x, f, dy, dx, df].map((each) => rowsOf(each, from, count));
        const sizes = rowSizes(xs, attributes.over);
        const ss = x.backend.view(s.buffer, x.shape[0] === 0 ? 0 : (from * s.size) / x.shape[0], sizes.rows);
        launch(
          kernels.weightedUpdateBackward,
          { x: xs, u: fs, factors, s: ss, dy: dys, dx: dxs, du: dfs, sums },
          { ...sizes, ...numbersOf(inputs, attributes) },
        );
      };
      const learned = [stream, branch, parallel].some((factor) => factor?.requiresGrad);
      if (!learned) run(0, x.shape[0], null);
      made = { dx, df, sums: learned ? sumOverSamples(x.backend, x.batch, x.shape[0], [3, 1], run) : null };
      return made;
    };
    const ofFactor = (index: number) => () => rowOfSum(all().sums!, index);
    return [stream && ofFactor(0), branch && ofFactor(1), parallel && ofFactor(2), () => all().dx, () => all().df];
  },
  samples: [
    { inputs: [[1], null, null, [3, 5], [3, 5]], attributes: { over: "feature", eps: 1e-6, plus: 1, negate: false } },
    { inputs: [null, [1], null, [3, 5], [3, 5]], attributes: { over: "feature", eps: 1e-6, plus: 0, negate: false } },
    { inputs: [null, null, null, [4, 3], [4, 3]], attributes: { over: "feature", eps: 0.5, plus: 0, negate: true } },
    { inputs: [null, null, [1], [4, 3], [4, 3]], attributes: { over: "feature", eps: 0.5, plus: 0, negate: false } },
    { inputs: [null, [1], [1], [2, 2, 3, 4], [2, 2, 3, 4]], attributes: { over: "sample", eps: 1e-6, plus: 0, negate: false } },
    { inputs: [[1], [1], [1], [2, 3, 4], [2, 3, 4]], attributes: { over: "feature", eps: 1e-6, plus: -0.5, negate: false } },
  ],
});

/** Factors of one value each around the update. */
export interface UpdateWeights {
  /** a of (plus + a) x. */
  readonly stream?: Tensor;
  readonly plus?: number;
  /** b of b f, whose orthogonal part is added; or -1. */
  readonly branch?: Tensor | -1;
  /** q of q f, added beside it. */
  readonly parallel?: Tensor;
}

/**
 * x' + v - s x' + q f with x' = (plus + a) x, v = b f and s = <x', v> / (<x', x'> + eps), x and f [N, ..., C]. Factors that are not given
 * are 1, q is 0. Sums run over the last axis ("feature") or over all of a sample ("sample"); the gradient goes through s, too.
 * Errors: shapes that differ, a factor of several values. Source: Oh et al. (arXiv 2505.11881), eq. 3 to 5 and 14.
 */
export function weightedUpdate(
  x: Tensor,
  f: Tensor,
  { stream, plus = 0, branch, parallel }: UpdateWeights,
  { over = "feature", eps = 1e-6 }: { over?: Over; eps?: number } = {},
): Tensor {
  wantEqualShapes("weightedUpdate", x, f);
  const factor = branch === -1 ? undefined : branch;
  for (const each of [stream, factor, parallel])
    if (each !== undefined && (each.size !== 1 || each.batch !== null))
      throw new Error(`weightedUpdate: a factor of ${shapeText(each.shape)}, wanted one value`);
  return weightedUpdateOp([stream ?? null, factor ?? null, parallel ?? null, x, f], { over, eps, plus, negate: branch === -1 });
}
