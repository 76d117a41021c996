// Which branches of a net take part in a step. The skips of a model look it up; whoever directs the training sets it before each step, in
// every thread the same. A branch has the number of its addition: of its block, in transformers 2 l for block l's attention and 2 l + 1 for
// its MLP.
import { affine, type Tensor } from "../../autograd/index.ts";
import { Module } from "../../nn/index.ts";
import { wantStream } from "../skip/learned-skip.ts";
import type { BlockSite, Skip, SkipKind, StepContext } from "../skip/skip.ts";

export class BranchMask {
  private factors: ReadonlyMap<number, number> = new Map();
  private deleted: ReadonlySet<number> = new Set();

  /** Factor of a branch: 0 leaves it out. */
  factor(index: number): number {
    return this.factors.get(index) ?? 1;
  }

  /** Leaves branches out in training and evaluation, whatever `set` says, until it is called again: what a net does without them. */
  delete(indices: readonly number[]): void {
    this.deleted = new Set(indices);
  }

  isDeleted(index: number): boolean {
    return this.deleted.has(index);
  }

  /** Multiplies the given branches; all others take part as they are. */
  set(factors: ReadonlyMap<number, number>): void {
    this.factors = factors;
  }

  /** All branches take part as they are. */
  clear(): void {
    this.factors = new Map();
  }
}

export interface MaskedOptions {
  /** What is set counts in evaluation too. */
  readonly inEvaluation?: boolean;
}

class MaskedSkip extends Module implements Skip {
  readonly inner: Skip;
  private readonly mask: BranchMask;
  private readonly index: number;
  private readonly inEvaluation: boolean;

  constructor(inner: Skip, mask: BranchMask, index: number, inEvaluation: boolean) {
    super();
    this.inner = inner;
    this.mask = mask;
    this.index = index;
    this.inEvaluation = inEvaluation;
  }

  /** Parameters of the inner skip keep their keys. */
  override *namedModules(prefix = ""): Generator<[string, Module]> {
    yield [prefix, this];
    if (this.inner instanceof Module) yield* this.inner.namedModules(prefix);
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    const { inner, mask, index, inEvaluation } = this;
    const factor = mask.isDeleted(index) ? 0 : context.training || inEvaluation ? mask.factor(index) : 1;
    if (factor === 0) return stream;
    return inner.join(stream, factor === 1 ? branch : () => affine(branch(), factor, 0), context);
  }
}

/**
 * A skip whose branch a mask may leave out: the block then hands its stream on, and its branch is not computed. Error: a kind that does not
 * read its stream, which would have nothing to hand on.
 */
export function masked(kind: SkipKind, mask: BranchMask, { inEvaluation = false }: MaskedOptions = {}): SkipKind {
  wantStream("masked", kind);
  return { label: kind.label, at: (site: BlockSite) => new MaskedSkip(kind.at(site), mask, site.addition ?? site.index, inEvaluation) };
}
