// A learned factor on the stream: (1 + a) x + f, one number a block, 0 at the start (Oh et al., arXiv 2505.11881, eq. 5). Around the
// orthogonal update it is the released "rescale_stream": (1 + a) x + f_perp.
import { scaleAdd, scaleBy, weightedUpdate, type Tensor } from "../../autograd/index.ts";
import { checkStart, LearnedSkip, wantStream } from "./learned-skip.ts";
import type { Skip, SkipKind, StepContext } from "./skip.ts";

export interface StreamScalingOptions {
  /** a at the start. */
  readonly start?: number;
}

class StreamScalingSkip extends LearnedSkip {
  readonly inner: Skip | null;

  constructor(inner: Skip | null, start: number) {
    super({ a: start });
    this.inner = inner;
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    const { inner } = this;
    const a = this.learned("a");
    if (inner === null) return scaleAdd(stream, a, branch(), { plus: 1 });
    if (inner.update) return weightedUpdate(stream, branch(), { stream: a, plus: 1 }, inner.update);
    return inner.join(scaleBy(stream, a, { plus: 1 }), branch, context);
  }
}

/** `inner`, addition by default, on (1 + a) x. Errors: an inner kind that ignores its stream, a start that is no number. */
export function streamScaling(inner?: SkipKind, { start = 0 }: StreamScalingOptions = {}): SkipKind {
  wantStream("streamScaling", inner);
  checkStart("streamScaling", "a", start);
  return {
    label: `${inner?.label ?? "additive"}, scaled stream`,
    at: (site) => new StreamScalingSkip(inner?.at(site) ?? null, start),
  };
}
