// Adam and AdamW as in PyTorch; AdamW decays the weights directly, Adam through the gradient.
import type { Variable } from "../nn/index.ts";
import { adam as kernel } from "../kernels/update.ts";
import { pow } from "../math.ts";
import { wantOptions } from "../options.ts";
import { Optimizer, type ParameterGroup, type RangeBuffers, type Slot } from "./optimizer.ts";

export interface AdamOptions {
  /** Learning rate; 0.001 by default. */
  readonly lr?: number;
  /** Shares of the past in the means of gradients and of their squares; 0.9 and 0.999 by default. */
  readonly betas?: readonly [number, number];
  /** Added to the root; 1e-8 by default. */
  readonly eps?: number;
  /** Of all parameters whose group does not say otherwise; 0 by default, 0.01 in AdamW. */
  readonly weightDecay?: number;
}

/** m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w -= lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps); weight decay added to g. */
export class Adam extends Optimizer {
  readonly options: Required<AdamOptions>;
  protected readonly decoupled: boolean = false;

  constructor(
    parameters: readonly Variable[] | readonly ParameterGroup[],
    { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, ...others }: AdamOptions = {},
  ) {
    wantOptions("Adam", others, "lr", "betas", "eps", "weightDecay");
    super(parameters, lr, ["exp_avg", "exp_avg_sq"]);
    for (const beta of betas) if (!(beta >= 0 && beta < 1)) throw new Error(`Adam: beta ${beta}, wanted at least 0 and below 1`);
    this.options = { lr, betas, eps, weightDecay };
  }

  protected updateRange(
    { w, wOut, g, state: [m, v], stateOut: [mOut, vOut] }: RangeBuffers,
    length: number,
    { group, steps }: Slot,
    gradientScale: number,
  ): void {
    const {
      betas: [beta1, beta2],
      eps,
      weightDecay,
    } = this.options;
    const t = steps + 1;
    this.backend.run(
      kernel,
      { w, g, m, v, wOut, mOut, vOut },
      {
        length,
        lr: this.lr * (group.lrScale ?? 1),
        beta1,
        beta2,
        eps,
        weightDecay: group.weightDecay ?? weightDecay,
        decoupled: this.decoupled ? 1 : 0,
        correction1: 1 - pow(beta1, t),
        correction2: 1 - pow(beta2, t),
        gradientScale,
      },
    );
  }
}

/** Adam with decoupled weight decay: w -= lr wd w beside the step. */
export class AdamW extends Adam {
  protected override readonly decoupled = true;

  constructor(parameters: readonly Variable[] | readonly ParameterGroup[], { weightDecay = 1e-2, ...options }: AdamOptions = {}) {
    super(parameters, { ...options, weightDecay });
  }
}
