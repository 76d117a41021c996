// ReZero on a skip: a learned factor on the branch, one number a block, 0 at the start: x + alpha f, or x + alpha f_perp around the
// orthogonal update. In the released code of arXiv 2505.11881, not in its text.
import { scaleAdd, scaleBy, weightedUpdate, type Tensor } from "../../autograd/index.ts";
import { checkStart, LearnedSkip, wantStream } from "./learned-skip.ts";
import type { Skip, SkipKind, StepContext } from "./skip.ts";

export interface ReZeroOptions {
  /** alpha at the start. */
  readonly start?: number;
}

class ReZeroSkip extends LearnedSkip {
  readonly inner: Skip | null;

  constructor(inner: Skip | null, start: number) {
    super({ alpha: start });
    this.inner = inner;
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    const { inner } = this;
    const alpha = this.learned("alpha");
    if (inner === null) return scaleAdd(branch(), alpha, stream);
    if (inner.update) return weightedUpdate(stream, branch(), { branch: alpha }, inner.update);
    return inner.join(stream, () => scaleBy(branch(), alpha), context);
  }
}

/** `inner`, addition by default, with alpha f for f. Errors: an inner kind that ignores its stream, a start that is no number. */
export function rezero(inner?: SkipKind, { start = 0 }: ReZeroOptions = {}): SkipKind {
  wantStream("rezero", inner);
  checkStart("rezero", "alpha", start);
  return { label: `${inner?.label ?? "additive"}, rezero`, at: (site) => new ReZeroSkip(inner?.at(site) ?? null, start) };
}
