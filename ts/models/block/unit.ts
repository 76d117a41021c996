// Residual units: a branch of one, two or three convolutions that a skip joins with the stream, in any order of activation.
//   single:      3x3
//   basic:       3x3, 3x3
//   bottleneck:  1x1, 3x3, 1x1 (4 times as wide)
// Keys follow timm's resnetv2: norms are numbered in the order in which they are applied.
import { relu, type Convolution, type Tensor } from "../../autograd/index.ts";
import { BatchNorm2d, Conv2d, forwardConvNorm, Layer, Module, type Conv2dLayerOptions } from "../../nn/index.ts";
import type { Skip } from "../skip/skip.ts";
import { fullPreActivation, type Activation, type ActivationOrder } from "./order.ts";

export interface UnitOptions {
  readonly inputs: number;
  /** Channels inside the unit. */
  readonly width: number;
  readonly stride: number;
  readonly skip: Skip;
  /** Makes the stream where shapes change. */
  readonly downsample: Layer | null;
  /** Full pre-activation by default. */
  readonly order?: ActivationOrder;
  /** The stream starts from the activated input: the paper's first unit, and its units that change the width. */
  readonly sharesActivation: boolean;
  /** The input has been activated already, and the unit does not do so again. */
  readonly activated?: boolean;
  readonly bias: boolean;
  /** Which convolution of a bottleneck takes the stride: 1, the first (by default), or 2, the 3x3. */
  readonly strideAt?: 1 | 2;
  /** "direct" for 3x3 convolutions without Winograd's transforms. */
  readonly convolution?: Convolution;
}

/** The layers of one place. */
interface Place {
  readonly norm: BatchNorm2d | null;
  readonly relu: boolean;
}

function placeOf({ norm, relu }: Activation, channels: number): Place {
  return { norm: norm ? new BatchNorm2d(channels, { relu }) : null, relu };
}

function activate({ norm, relu: on }: Place, x: Tensor): Tensor {
  if (norm) return norm.forward(x);
  return on ? relu(x) : x;
}

function convolve(conv: Conv2d, place: Place, x: Tensor): Tensor {
  return place.norm ? forwardConvNorm(conv, place.norm, x) : activate(place, conv.forward(x));
}

/** A convolution and what stands behind it. */
interface Part {
  readonly conv: Conv2d;
  readonly behind: Place;
}

abstract class ResidualUnit extends Layer {
  readonly skip: Skip;
  readonly downsample: Layer | null;
  private readonly sharesActivation: boolean;
  private readonly before: Place;
  private readonly parts: readonly Part[];
  private readonly after: Place;
  /** Number of the first norm behind a convolution. */
  private readonly firstBehind: number;

  protected constructor(options: UnitOptions, convolutions: readonly Conv2d[]) {
    super();
    const { inputs, skip, downsample, sharesActivation, order = fullPreActivation(), activated = false } = options;
    this.skip = skip;
    this.downsample = downsample;
    this.sharesActivation = sharesActivation;
    this.before = placeOf(activated ? { norm: false, relu: false } : order.before, inputs);
    const last = convolutions.length - 1;
    this.parts = convolutions.map((conv, index) => ({
      conv,
      behind: placeOf(index < last ? { norm: true, relu: true } : order.behind, conv.weight.shape[3]),
    }));
    this.after = placeOf(order.after, convolutions[last].weight.shape[3]);
    this.firstBehind = order.before.norm ? 2 : 1;
  }

  override children(): [string, Module][] {
    const { before, downsample, skip, parts, after } = this;
    const found: [string, Module][] = [];
    if (before.norm) found.push(["norm1", before.norm]);
    if (downsample) found.push(["downsample", downsample]);
    if (skip instanceof Module) found.push(["skip", skip]);
    let number = this.firstBehind;
    parts.forEach(({ conv, behind }, index) => {
      found.push([`conv${index + 1}`, conv]);
      if (behind.norm) found.push([`norm${number++}`, behind.norm]);
    });
    if (after.norm) found.push([`norm${number}`, after.norm]);
    return found;
  }

  /** The branch after its first activation. */
  private branch(a: Tensor): Tensor {
    return this.parts.reduce((f, { conv, behind }) => convolve(conv, behind, f), a);
  }

  forward(x: Tensor): Tensor {
    const { before, downsample, skip, after, training } = this;
    const shared = this.sharesActivation ? activate(before, x) : null;
    const input = shared ?? x;
    const stream = downsample ? downsample.forward(input) : input;
    const joined = skip.join(stream, () => this.branch(shared ?? activate(before, x)), { training, input });
    return activate(after, joined);
  }
}

/** One 3x3 convolution. */
export class SingleUnit extends ResidualUnit {
  static readonly expansion = 1;

  constructor(options: UnitOptions) {
    const { inputs, width, stride, bias, convolution = "winograd" } = options;
    super(options, [new Conv2d(inputs, width, 3, { padding: 1, bias, convolution, stride })]);
  }
}

/** Two 3x3 convolutions. */
export class BasicUnit extends ResidualUnit {
  static readonly expansion = 1;

  constructor(options: UnitOptions) {
    const { inputs, width, stride, bias, convolution = "winograd" } = options;
    const same: Conv2dLayerOptions = { padding: 1, bias, convolution };
    super(options, [new Conv2d(inputs, width, 3, { ...same, stride }), new Conv2d(width, width, 3, same)]);
  }
}

/** 1x1, 3x3 and 1x1 convolutions; the output is 4 times as wide as the inside. */
export class BottleneckUnit extends ResidualUnit {
  static readonly expansion = 4;

  constructor(options: UnitOptions) {
    const { inputs, width, stride, bias, strideAt = 1, convolution = "winograd" } = options;
    const strideOf = (place: 1 | 2): number => (place === strideAt ? stride : 1);
    super(options, [
      new Conv2d(inputs, width, 1, { stride: strideOf(1), bias }),
      new Conv2d(width, width, 3, { padding: 1, bias, convolution, stride: strideOf(2) }),
      new Conv2d(width, 4 * width, 1, { bias }),
    ]);
  }
}

/** A kind of unit. */
export interface UnitClass {
  new (options: UnitOptions): Layer;
  /** Channels of the output for one inside. */
  readonly expansion: number;
}
