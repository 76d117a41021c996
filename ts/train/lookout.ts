// Looks out for NaN and infinities in a step before it is committed: in its losses, gradients, their norm and all new values. Every
// thread looks at what it holds; the first of what all find, in an order that does not depend on threads, is what stops the step.
import type { Buffer } from "../autograd/index.ts";
import type { Variable } from "../nn/index.ts";
import { FiniteCheck, type NonFiniteElement } from "../optim/finite-check.ts";
import { stateVariables } from "./digest-chain.ts";
import { NON_FINITE, type NonFiniteWhat } from "./nonfinite-what.ts";
import type { Pool } from "./pool.ts";

/** A loss, gradient, norm or new value that is not finite. */
export interface Sighting {
  readonly what: NonFiniteWhat;
  /** Among those of its kind: losses by batch, gradients from the last parameter to the first, values in the order of the state. */
  readonly order: number;
  /** The parameter or variable, as checkpoints name it; null for a loss and the norm. */
  readonly name: string | null;
  /** Number of the element. */
  readonly index: number;
  readonly value: number;
}

/** Whether the step computed again shows where it comes up. */
export function isLocated({ what }: Sighting): boolean {
  return what === "loss" || what === "gradient";
}

function before(a: Sighting, b: Sighting): number {
  return NON_FINITE.indexOf(a.what) - NON_FINITE.indexOf(b.what) || a.order - b.order || a.index - b.index;
}

/** The first one of all; null where there is none. */
export function firstSighting(all: readonly (Sighting | null)[]): Sighting | null {
  return all.filter((sighting) => sighting !== null).sort(before)[0] ?? null;
}

interface Named {
  readonly name: string;
  readonly order: number;
}

export class Lookout {
  private readonly check: FiniteCheck;
  private readonly named: ReadonlyMap<Variable, Named>;
  private earliest: Sighting | null = null;

  constructor(trained: Pick<Pool, "model" | "optimizer" | "ema">) {
    this.check = new FiniteCheck(trained.optimizer.backend);
    this.named = new Map(stateVariables(trained).map(([name, variable], order) => [variable, { name, order }]));
  }

  private note(sighting: Sighting): void {
    if (this.earliest === null || before(sighting, this.earliest) < 0) this.earliest = sighting;
  }

  private found(what: "gradient" | "value", variable: Variable, from: number, element: NonFiniteElement): void {
    const { name, order } = this.named.get(variable) ?? { name: "a parameter outside the model", order: this.named.size };
    this.note({ what, order: what === "gradient" ? -order : order, name, index: from + element.index, value: element.value });
  }

  /** The loss of one of the step's batches. */
  loss(batch: number, value: number): void {
    if (!Number.isFinite(value)) this.note({ what: "loss", order: batch, name: null, index: 0, value });
  }

  /** Elements of a parameter's gradient from `from` on. */
  gradient(variable: Variable, from: number, buffer: Buffer, length: number): void {
    const element = this.check.first(buffer, length);
    if (element !== null) this.found("gradient", variable, from, element);
  }

  /** The norm that gradients are clipped by. */
  norm(value: number): void {
    if (!Number.isFinite(value)) this.note({ what: "norm", order: 0, name: null, index: 0, value });
  }

  /** Elements of a variable's next value from `from` on. */
  value(variable: Variable, from = 0, length = variable.size): void {
    const { next, backend } = variable;
    const element = next === null ? null : this.check.first(backend.view(next, from, length), length);
    if (element !== null) this.found("value", variable, from, element);
  }

  /** What was found first since the last call. */
  take(): Sighting | null {
    const { earliest } = this;
    this.earliest = null;
    return earliest;
  }

  dispose(): void {
    this.check.dispose();
  }
}
