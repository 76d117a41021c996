// Fully connected layer.
import { linear, type Tensor } from "../autograd/index.ts";
import { wantOptions } from "../options.ts";
import type { RandomStream } from "../random.ts";
import { fanInUniform, type Initializer } from "./init.ts";
import { Layer, Variable } from "./module.ts";

export interface LinearOptions {
  /** True by default. */
  readonly bias?: boolean;
  /** Uniform with bound 1 / sqrt(inputs) by default, as PyTorch. */
  readonly initializer?: Initializer;
  /** As the weight's default by default. */
  readonly biasInitializer?: Initializer;
}

/** x W^T + b: [N, ..., inputs] to [N, ..., outputs]. */
export class Linear extends Layer {
  readonly weight: Variable;
  readonly bias: Variable | null;
  /** Draws the weight; read by reset(). */
  initializer: Initializer;
  private readonly biasInitializer: Initializer;

  constructor(
    inputs: number,
    outputs: number,
    { bias = true, initializer = fanInUniform(inputs), biasInitializer = fanInUniform(inputs), ...others }: LinearOptions = {},
  ) {
    super();
    wantOptions("Linear", others, "bias", "initializer", "biasInitializer");
    this.weight = new Variable([outputs, inputs]);
    this.bias = bias ? new Variable([outputs]) : null;
    this.initializer = initializer;
    this.biasInitializer = biasInitializer;
    this.start(`linear/${outputs}x${inputs}`);
  }

  override reset(random: RandomStream): void {
    this.initializer(this.weight, random.split("weight"));
    if (this.bias) this.biasInitializer(this.bias, random.split("bias"));
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}
