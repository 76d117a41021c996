// Stochastic gradient descent as in PyTorch: g += wd w; m = mu m + (1 - dampening) g (m = g at first); w -= lr (nesterov ? g + mu m : m).
import type { Variable } from "../nn/index.ts";
import { sgd as kernel } from "../kernels/update.ts";
import { wantOptions } from "../options.ts";
import { Optimizer, type ParameterGroup, type RangeBuffers, type Slot } from "./optimizer.ts";

export interface SgdOptions {
  /** Learning rate; 0.1 by default. */
  readonly lr?: number;
  /** 0.9 by default (PyTorch: 0). */
  readonly momentum?: number;
  /** 0 by default. */
  readonly dampening?: number;
  /** Of all parameters whose group does not say otherwise; 0 by default. */
  readonly weightDecay?: number;
  /** Nesterov's momentum; false by default. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent as in PyTorch: g += wd w; m = mu m + (1 - dampening) g (m = g at first); w -= lr (nesterov ? g + mu m : m).
 * Errors: an option of another name, nesterov without momentum or with dampening.
 */
export class SGD extends Optimizer {
  readonly options: Required<SgdOptions>;

  constructor(
    parameters: readonly Variable[] | readonly ParameterGroup[],
    { lr = 0.1, momentum = 0.9, dampening = 0, weightDecay = 0, nesterov = false, ...others }: SgdOptions = {},
  ) {
    wantOptions("SGD", others, "lr", "momentum", "dampening", "weightDecay", "nesterov");
    super(parameters, lr, ["momentum_buffer"]);
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new Error(`SGD: nesterov with momentum ${momentum} and dampening ${dampening}, wanted momentum above 0 and dampening 0`);
    this.options = { lr, momentum, dampening, weightDecay, nesterov };
  }

  protected updateRange(
    { w, wOut, g, state: [m], stateOut: [mOut] }: RangeBuffers,
    length: number,
    { group, steps }: Slot,
    gradientScale: number,
  ): void {
    const { momentum, dampening, weightDecay, nesterov } = this.options;
    this.backend.run(
      kernel,
      { w, g, m, wOut, mOut },
      {
        length,
        lr: this.lr * (group.lrScale ?? 1),
        momentum,
        dampening,
        weightDecay: group.weightDecay ?? weightDecay,
        nesterov: nesterov ? 1 : 0,
        gradientScale,
        first: steps === 0 ? 1 : 0,
      },
    );
  }
}
