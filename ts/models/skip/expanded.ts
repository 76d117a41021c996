// The expanded skip of Liu et al. (arXiv 2105.07205): lambda x + f with a fixed lambda, then a norm where one is given.
// In units that change shapes x is the changed stream; atShapeChanges(additive(), expanded(2)) keeps the plain addition there.
import { affine, scaleAdd, type Tensor } from "../../autograd/index.ts";
import { Module, type Layer } from "../../nn/index.ts";
import { wantStream } from "./learned-skip.ts";
import type { Skip, SkipKind, StepContext } from "./skip.ts";
import type { StreamNorm } from "./stream-norm.ts";

export interface ExpandedOptions {
  /** What normalizes the sum; nothing by default. */
  readonly norm?: StreamNorm;
  /** What joins lambda x and the branch; addition by default. */
  readonly inner?: SkipKind;
}

class ExpandedSkip extends Module implements Skip {
  readonly inner: Skip | null;
  readonly norm: Layer | null;
  private readonly lambda: number;

  constructor(lambda: number, inner: Skip | null, norm: Layer | null) {
    super();
    this.lambda = lambda;
    this.inner = inner;
    this.norm = norm;
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    const { lambda, inner, norm } = this;
    const sum = inner === null ? scaleAdd(stream, lambda, branch()) : inner.join(affine(stream, lambda, 0), branch, context);
    return norm === null ? sum : norm.forward(sum);
  }
}

/** lambda x + f, or norm(lambda x + f). Errors: a lambda that is 0 or no number, an inner kind that ignores its stream. */
export function expanded(lambda: number, { norm, inner }: ExpandedOptions = {}): SkipKind {
  if (!Number.isFinite(lambda) || lambda === 0)
    throw new Error(`expanded: lambda ${lambda}, wanted a finite number other than 0; none() is the net without skips`);
  wantStream("expanded", inner);
  return {
    label: [`expanded by ${lambda}`, inner?.label, norm?.label].filter((part) => part !== undefined).join(", "),
    at: (site) => new ExpandedSkip(lambda, inner?.at(site) ?? null, norm?.at(site.width) ?? null),
  };
}
