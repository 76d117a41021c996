// Convolution layer.
import { conv2d, isRecording, shapeText, type Conv2dOptions, type Tensor } from "../autograd/index.ts";
import { wantOptions } from "../options.ts";
import type { RandomStream } from "../random.ts";
import { filterState } from "./filter-state.ts";
import { fanInUniform, heNormal, type Initializer } from "./init.ts";
import { Layer, Variable, type StateEntry } from "./module.ts";

export interface Conv2dLayerOptions extends Conv2dOptions {
  /** False by default (PyTorch: true). */
  readonly bias?: boolean;
  /** He normal by fan-out by default, as in He et al. 2016. */
  readonly initializer?: Initializer;
}

/** Looks at the errors (gradients) on both sides of a layer, and may change them. */
export interface ErrorTap {
  /** layer(x), the same values. */
  around(x: Tensor, layer: (x: Tensor) => Tensor): Tensor;
}

/** Convolution of [N,H,W,inputs] to [N,P,Q,outputs] with a filter of `size` rows and columns (or [rows, columns]). */
export class Conv2d extends Layer {
  readonly weight: Variable;
  readonly bias: Variable | null;
  readonly options: Conv2dOptions;
  /** Used while the layer trains and operations are recorded. */
  tap: ErrorTap | null = null;
  /** Draws the weight; read by reset(). */
  initializer: Initializer;

  constructor(
    inputs: number,
    outputs: number,
    size: number | readonly [number, number],
    { bias = false, initializer = heNormal({ fan: "out" }), ...options }: Conv2dLayerOptions = {},
  ) {
    super();
    wantOptions("Conv2d", options, "stride", "padding", "dilation", "groups", "convolution", "bias", "initializer");
    const [rows, columns] = typeof size === "number" ? [size, size] : size;
    const groups = options.groups ?? 1;
    if (inputs % groups !== 0 || outputs % groups !== 0)
      throw new Error(`Conv2d: ${inputs} to ${outputs} channels in ${groups} groups, wanted groups that divide both`);
    this.weight = new Variable([rows, columns, inputs / groups, outputs]);
    this.bias = bias ? new Variable([outputs]) : null;
    this.options = options;
    this.initializer = initializer;
    this.start(`conv2d/${shapeText(this.weight.shape)}`);
  }

  override reset(random: RandomStream): void {
    this.initializer(this.weight, random.split("weight"));
    const [rows, columns, inputs] = this.weight.shape;
    if (this.bias) fanInUniform(rows * columns * inputs)(this.bias, random.split("bias"));
  }

  protected override own(): StateEntry[] {
    return filterState(this.weight, this.bias);
  }

  forward(x: Tensor): Tensor {
    const { tap, weight, bias, options } = this;
    if (tap === null || !this.training || !isRecording()) return conv2d(x, weight, bias, options);
    return tap.around(x, (given) => conv2d(given, weight, bias, options));
  }
}
