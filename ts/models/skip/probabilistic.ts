// Each block takes one of two skips by chance: the orthogonal update with probability pi, else addition (Oh et al., arXiv 2505.11881,
// section 4.5). One draw a block and batch, by (seed, block, step): skips with the same block number, as attention and MLP of a
// transformer block have, share it.
//   evaluation, ours: "expected"  pi (one) + (1 - pi) (other), which is x + f - pi s x;  "sample"  drawn for each batch;  "all"  one
import { affine, scaleAdd, type Tensor } from "../../autograd/index.ts";
import { Module } from "../../nn/index.ts";
import { stream as randomStream } from "../../random.ts";
import { additive } from "./additive.ts";
import { eitherStream } from "./learned-skip.ts";
import { orthogonal } from "./orthogonal.ts";
import type { BlockSite, Skip, SkipKind, StepContext } from "./skip.ts";
import { StepCounter } from "./step-counter.ts";

export interface ProbabilisticOptions {
  /** What a block does that was not drawn. */
  readonly otherwise?: SkipKind;
  /** What evaluation does. */
  readonly evaluate?: "expected" | "sample" | "all";
}

class ProbabilisticSkip extends Module implements Skip {
  readonly inner: Skip;
  readonly otherwise: Skip;
  private readonly pi: number;
  private readonly index: number;
  private readonly evaluate: "expected" | "sample" | "all";
  private readonly trained = new StepCounter();
  private readonly evaluated = new StepCounter();

  constructor(pi: number, inner: Skip, otherwise: Skip, index: number, evaluate: "expected" | "sample" | "all") {
    super();
    this.pi = pi;
    this.inner = inner;
    this.otherwise = otherwise;
    this.index = index;
    this.evaluate = evaluate;
  }

  private drawn(training: boolean, step: number): boolean {
    const random = randomStream(this.draws?.seed ?? 0, training ? "probabilistic" : "probabilistic/evaluation");
    return random.uniform(this.index, step >>> 0, Math.floor(step / 4294967296)) < this.pi;
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    const { pi, inner, otherwise, evaluate } = this;
    const choose = (first: boolean): Tensor => (first ? inner : otherwise).join(stream, branch, context);
    if (context.training) return choose(this.drawn(true, this.trained.of(stream)));
    if (evaluate === "sample") return choose(this.drawn(false, this.evaluated.of(stream)));
    if (evaluate === "all" || pi === 1 || pi === 0) return choose(evaluate === "all" || pi === 1);
    const f = branch();
    const [one, other] = [inner, otherwise].map((skip) => skip.join(stream, () => f, context));
    return scaleAdd(one, pi, affine(other, 1 - pi, 0));
  }
}

/** `inner` with probability `pi`, drawn for each block and batch. Error: a pi outside [0, 1]. */
export function probabilistic(
  pi: number,
  inner: SkipKind = orthogonal(),
  { otherwise = additive(), evaluate = "expected" }: ProbabilisticOptions = {},
): SkipKind {
  if (!(pi >= 0 && pi <= 1)) throw new Error(`probabilistic: pi ${pi}, wanted a probability from 0 to 1`);
  return {
    label: `${inner.label} with probability ${pi}, else ${otherwise.label}`,
    ...eitherStream(inner, otherwise),
    at: (site: BlockSite) => new ProbabilisticSkip(pi, inner.at(site), otherwise.at(site), site.index, evaluate),
  };
}
