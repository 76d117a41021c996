// One thread's model, its optimizer, and what it does with the samples it holds.
import { affine, argmax, backward, crossEntropyRows, noGrad, scope, Tensor } from "../autograd/index.ts";
import { uninitialized, type Module, type Variable } from "../nn/index.ts";
import { ModelEma, type Optimizer } from "../optim/index.ts";
import { exp } from "../math.ts";
import type { Batch } from "./batch.ts";
import type { JsonObject } from "./events.ts";
import type { Evaluation } from "./pool.ts";
import { resolveProgram, type LossAndLogits, type Program, type ResolvedProgram } from "./program.ts";

export interface ReplicaOptions {
  /** Passed to the program. */
  readonly options?: JsonObject;
  /** Keep an exponential moving average of the weights with this decay. */
  readonly emaDecay?: number;
  /** Leave out initial values, which come from elsewhere. */
  readonly bare?: boolean;
}

/** Looks on at a forward pass. */
export interface Onlooker {
  watch<T>(work: () => T): T;
}

export interface ForwardResult {
  /** Loss of the whole batch, in all threads. */
  readonly loss: number;
  /** Samples held here that were classified right. */
  readonly correct: number;
}

export class Replica {
  readonly program: ResolvedProgram;
  readonly options: JsonObject;
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly ema: ModelEma | null;
  private readonly parameters: readonly (readonly [key: string, parameter: Variable])[];
  /** What the modules were last told to do; null before. */
  private training: boolean | null = null;

  constructor(program: Program, { options = {}, emaDecay, bare = false }: ReplicaOptions = {}) {
    this.program = resolveProgram(program);
    this.options = options;
    const make = (): Module => this.program.createModel(options);
    this.model = bare ? uninitialized(make) : make();
    this.parameters = this.model.namedParameters();
    this.optimizer = this.program.createOptimizer(this.model, options);
    this.ema = emaDecay === undefined ? null : new ModelEma(this.model, { decay: emaDecay });
  }

  private train(on: boolean): void {
    if (this.training === on && this.model.training === on) return;
    this.training = on;
    this.model.train(on);
  }

  /** Forward and backward; gradients of `weight` times the loss stay with the parameters. */
  learn(batch: Batch, weight = 1, onlooker: Onlooker | null = null): ForwardResult {
    this.train(true);
    this.program.prepare(this.model, this.optimizer.steps, this.options);
    return scope(() => {
      const forward = (): Tensor | LossAndLogits => this.program.loss(this.model, batch, this.options);
      const result = onlooker === null ? forward() : onlooker.watch(forward);
      const { loss, logits } = result instanceof Tensor ? { loss: result, logits: null } : result;
      const value = loss.item();
      const correct = logits === null ? 0 : countCorrect(logits, batch.labels);
      backward(weight === 1 ? loss : affine(loss, weight, 0));
      return { loss: value, correct };
    });
  }

  /** Keys of the parameters that the next step does not train. */
  frozenNext(): string[] {
    const { program, model, optimizer, options } = this;
    program.prepare(model, optimizer.steps, options);
    const frozen = this.parameters.flatMap(([key, parameter]) => (parameter.frozen ? [key] : []));
    program.prepare(model, null, options);
    return frozen;
  }

  /** Predictions for the samples held here. */
  evaluate(batch: Batch, { ema = false }: { ema?: boolean } = {}): Evaluation {
    if (ema && this.ema) return this.ema.swapped(() => this.evaluate(batch));
    this.train(false);
    return scope(() =>
      noGrad(() => {
        const logits = this.program.predict(this.model, batch, this.options);
        const [n, classes] = logits.shape;
        const losses = crossEntropyRows(logits, batch.labels).toArray();
        return rank(logits.toArray(), batch.labels.toArray(), losses, n, classes);
      }),
    );
  }

  /** Frees everything. */
  dispose(): void {
    this.model.dispose();
    this.optimizer.dispose();
    this.ema?.dispose();
  }
}

function countCorrect(logits: Tensor, labels: Tensor): number {
  const guesses = argmax(logits).toArray();
  const classes = labels.toArray();
  let correct = 0;
  for (let at = 0; at < guesses.length; at++) if (guesses[at] === classes[at]) correct++;
  return correct;
}

/**
 * The guess for each row of logits, and whether the row's class is among the first five. A row with a NaN in it has no guess: -1, which is no
 * class's number, so that it counts as wrong, in the first five too; its loss is NaN and so is its probability. (An argmax that takes NaN
 * for the largest, as PyTorch's, makes such a row right by chance.) An infinite logit is larger or smaller than all others.
 */
export function rank(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  losses: ArrayLike<number>,
  n: number,
  classes: number,
): Evaluation {
  const predictions = new Int32Array(n);
  const probabilities = new Float32Array(n);
  const inFirstFive = new Uint8Array(n);
  const ownLosses = Float32Array.from(losses);
  for (let row = 0; row < n; row++) {
    const at = row * classes;
    let best = 0;
    let above = 0;
    let isNumber = true;
    const own = logits[at + labels[row]];
    for (let k = 0; k < classes; k++) {
      const logit = logits[at + k];
      if (Number.isNaN(logit)) isNumber = false;
      if (logit > logits[at + best]) best = k;
      // Equal logits count by class, as an ordered sort would.
      if (logit > own || (logit === own && k < labels[row])) above++;
    }
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += exp(logits[at + k] - logits[at + best]);
    predictions[row] = isNumber ? best : -1;
    probabilities[row] = isNumber ? 1 / sum : NaN;
    inFirstFive[row] = isNumber && above < 5 ? 1 : 0;
    if (!isNumber) ownLosses[row] = NaN;
  }
  return { losses: ownLosses, predictions, probabilities, inFirstFive };
}
