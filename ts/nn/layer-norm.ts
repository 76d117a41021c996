// Layer norm over the last axis.
import { layerNorm, type Tensor } from "../autograd/index.ts";
import { Layer, Variable } from "./module.ts";

export interface LayerNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Learned scale and shift. */
  readonly affine?: boolean;
}

/** (x - mean) / sqrt(variance + eps) * weight + bias over the last axis of `features` values. */
export class LayerNorm extends Layer {
  readonly weight: Variable | null;
  readonly bias: Variable | null;
  readonly eps: number;

  constructor(features: number, { eps = 1e-5, affine = true }: LayerNormOptions = {}) {
    super();
    this.weight = affine ? new Variable([features]) : null;
    this.bias = affine ? new Variable([features]) : null;
    this.eps = eps;
    this.reset();
  }

  override reset(): void {
    if (this.weight) this.weight.backend.fill(this.weight.buffer, 1);
    if (this.bias) this.bias.backend.fill(this.bias.buffer, 0);
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, { eps: this.eps });
  }
}
