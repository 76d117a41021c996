// The next values of a replica's variables while a step is under way: they are written beside the current ones, then taken over all at
// once, or dropped. The calling thread's counterpart of a team's two copies.
import type { Buffer } from "../autograd/index.ts";
import type { Variable } from "../nn/index.ts";
import { stateVariables } from "./digest-chain.ts";
import type { Pool } from "./pool.ts";

export class Draft {
  private readonly variables: readonly Variable[];
  /** The other copy of each. */
  private readonly others = new Map<Variable, Buffer>();

  constructor(trained: Pick<Pool, "model" | "optimizer" | "ema">) {
    const parameters = trained.optimizer.slots.map(({ variable }) => variable);
    this.variables = [...new Set([...stateVariables(trained).map(([, variable]) => variable), ...parameters])];
  }

  /** From now on what is written goes beside. */
  begin(): void {
    for (const variable of this.variables) {
      const { buffer, backend } = variable;
      const other = this.others.get(variable) ?? backend.allocate(buffer.length);
      this.others.set(variable, other);
      variable.next = other;
      variable.written = false;
    }
  }

  /** Variables that have a next value. */
  get written(): readonly Variable[] {
    return this.variables.filter(({ written }) => written);
  }

  /** Takes over what was written. */
  commit(): void {
    for (const variable of this.written) {
      const { buffer, next } = variable;
      if (next === null) continue;
      variable.shared.buffer = next;
      this.others.set(variable, buffer);
    }
    this.end();
  }

  /** What was not taken over is dropped. */
  end(): void {
    for (const variable of this.variables) {
      variable.next = null;
      variable.written = false;
    }
  }

  dispose(): void {
    for (const [{ backend }, other] of this.others) backend.free(other);
    this.others.clear();
  }
}
