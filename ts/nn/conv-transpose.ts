// Layer of the transposed convolution.
import { convTranspose2d, shapeText, type ConvTranspose2dOptions, type Tensor } from "../autograd/index.ts";
import type { RandomStream } from "../random.ts";
import { filterState } from "./filter-state.ts";
import { fanInUniform, type Initializer } from "./init.ts";
import { Layer, Variable, type StateEntry } from "./module.ts";

export interface ConvTranspose2dLayerOptions extends ConvTranspose2dOptions {
  /** False by default, as of Conv2d. */
  readonly bias?: boolean;
  /** Uniform with bound 1 / sqrt(rows columns outputs / groups) by default, as PyTorch. */
  readonly initializer?: Initializer;
}

/** Transposed convolution of [N,H,W,inputs] to [N,P,Q,outputs] with a filter of `size` rows and columns (or [rows, columns]). */
export class ConvTranspose2d extends Layer {
  readonly weight: Variable;
  readonly bias: Variable | null;
  readonly options: ConvTranspose2dOptions;
  private readonly initializer: Initializer | undefined;

  constructor(
    inputs: number,
    outputs: number,
    size: number | readonly [number, number],
    { bias = false, initializer, ...options }: ConvTranspose2dLayerOptions = {},
  ) {
    super();
    const [rows, columns] = typeof size === "number" ? [size, size] : size;
    const { groups = 1 } = options;
    if (inputs % groups !== 0 || outputs % groups !== 0)
      throw new Error(`ConvTranspose2d: ${inputs} to ${outputs} channels in ${groups} groups, wanted groups that divide both`);
    this.weight = new Variable([rows, columns, outputs / groups, inputs]);
    this.bias = bias ? new Variable([outputs]) : null;
    this.options = options;
    this.initializer = initializer;
    this.start(`convTranspose2d/${shapeText(this.weight.shape)}`);
  }

  override reset(random: RandomStream): void {
    const [rows, columns, outputs] = this.weight.shape;
    const usual = fanInUniform(rows * columns * outputs);
    (this.initializer ?? usual)(this.weight, random.split("weight"));
    if (this.bias) usual(this.bias, random.split("bias"));
  }

  protected override own(): StateEntry[] {
    return filterState(this.weight, this.bias);
  }

  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.options);
  }
}
