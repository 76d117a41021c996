// Exponential moving average of a model's weights and running statistics.
import { ema as kernel } from "../kernels/update.ts";
import { Variable, type Module, type StateDict } from "../nn/index.ts";

/** Exponential moving averages of a model's weights and running statistics: update() after each step, swapped() to use them. */
export class ModelEma {
  readonly decay: number;
  readonly model: Module;
  /** One average a variable of the model, in order. */
  readonly averages: readonly { readonly key: string; readonly variable: Variable; readonly average: Variable }[];

  constructor(model: Module, { decay = 0.9998 }: { decay?: number } = {}) {
    if (!(decay >= 0 && decay < 1)) throw new Error(`ModelEma: decay ${decay}, wanted at least 0 and below 1`);
    this.model = model;
    this.decay = decay;
    this.averages = model.namedVariables().map(([key, variable]) => {
      const average = new Variable(variable.shape, { requiresGrad: false, backend: variable.backend });
      variable.backend.copy(variable.buffer, average.buffer);
      return { key, variable, average };
    });
  }

  /** average = decay * average + (1 - decay) * value, after each step; `newest` reads the values of a step that is not committed yet. */
  update(): void {
    for (const { variable, average } of this.averages)
      variable.backend.run(
        kernel,
        { average: average.buffer, w: variable.newest, out: average.next ?? average.buffer },
        { length: variable.size, decay: this.decay },
      );
  }

  /** Runs `work` with the averages as the model's values. */
  swapped<T>(work: () => T): T {
    const swap = (): void => {
      for (const { variable, average } of this.averages) {
        const own = variable.shared.buffer;
        variable.shared.buffer = average.shared.buffer;
        average.shared.buffer = own;
      }
    };
    swap();
    try {
      return work();
    } finally {
      swap();
    }
  }

  /** The averages as the model's state. */
  stateDict(): StateDict {
    return this.swapped(() => this.model.stateDict());
  }

  /** Frees the averages. */
  dispose(): void {
    for (const { average } of this.averages) average.dispose();
  }
}
