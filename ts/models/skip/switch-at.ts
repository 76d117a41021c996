// One skip up to a step of the training, another from it on (Oh et al., arXiv 2505.11881, section 4.4: additive, then orthogonal, and
// the other way round). Evaluation does what the last step did; a flag among the state says so, also after a run was resumed.
// A reset of the optimizer is not the skip's affair: train a model of the first kind, then a new run of the second with its weights.
import type { Tensor } from "../../autograd/index.ts";
import { Module, Variable, type StateEntry } from "../../nn/index.ts";
import { eitherStream } from "./learned-skip.ts";
import type { Skip, SkipKind, StepContext } from "./skip.ts";
import { StepCounter } from "./step-counter.ts";

class SwitchedSkip extends Module implements Skip {
  readonly first: Skip;
  readonly second: Skip;
  private readonly step: number;
  private readonly flag = new Variable([1], { requiresGrad: false });
  private readonly counter = new StepCounter();

  constructor(step: number, first: Skip, second: Skip) {
    super();
    this.step = step;
    this.first = first;
    this.second = second;
  }

  override reset(): void {
    this.flag.backend.fill(this.flag.buffer, 0);
  }

  protected override own(): StateEntry[] {
    return [{ key: "switched", variable: this.flag, shape: [1] }];
  }

  private trains(stream: Tensor): boolean {
    const switched = this.counter.of(stream) >= this.step;
    const { flag } = this;
    // The thread that holds shard 0 writes, as with running statistics.
    if (stream.batch === null || stream.batch.first === 0) {
      flag.backend.fill(flag.next ?? flag.buffer, switched ? 1 : 0);
      flag.written = true;
    }
    return switched;
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    // An average of the flag, as of weights, counts from the half on.
    const switched = context.training ? this.trains(stream) : this.flag.toArray()[0] >= 0.5;
    return (switched ? this.second : this.first).join(stream, branch, context);
  }
}

/**
 * `first` in the batches before number `step` of the training (from 0, over all epochs), `second` from it on. Errors: a step that is no
 * whole number of at least 0.
 */
export function switchAt(step: number, first: SkipKind, second: SkipKind): SkipKind {
  if (!Number.isSafeInteger(step) || step < 0) throw new Error(`switchAt: step ${step}, wanted a whole number of at least 0`);
  return {
    label: `${first.label}, from step ${step} ${second.label}`,
    ...eitherStream(first, second),
    at: (site) => new SwitchedSkip(step, first.at(site), second.at(site)),
  };
}
