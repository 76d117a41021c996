// The full pre-activation unit of He et al. 2016: BN-ReLU before every convolution, nothing after the addition.
//   basic:       BN ReLU 3x3, BN ReLU 3x3
//   bottleneck:  BN ReLU 1x1 (stride), BN ReLU 3x3, BN ReLU 1x1 (4 times as wide)
import type { Convolution, Tensor } from "../../autograd/index.ts";
import { BatchNorm2d, Conv2d, forwardConvNorm, Layer, type Conv2dLayerOptions } from "../../nn/index.ts";
import type { Skip } from "../skip/skip.ts";

export interface UnitOptions {
  readonly inputs: number;
  /** Channels inside the unit. */
  readonly width: number;
  readonly stride: number;
  readonly skip: Skip;
  /** Makes the stream where shapes change. */
  readonly downsample: Layer | null;
  /** The stream starts from the activated input: the paper's first unit, and its units that change the width. */
  readonly sharesActivation: boolean;
  readonly bias: boolean;
  /** "direct" for 3x3 convolutions without Winograd's transforms. */
  readonly convolution?: Convolution;
}

abstract class PreActivationUnit extends Layer {
  readonly norm1: BatchNorm2d;
  readonly downsample: Layer | null;
  readonly skip: Skip;
  private readonly sharesActivation: boolean;

  constructor({ inputs, skip, downsample, sharesActivation }: UnitOptions) {
    super();
    this.norm1 = new BatchNorm2d(inputs, { relu: true });
    this.downsample = downsample;
    this.skip = skip;
    this.sharesActivation = sharesActivation;
  }

  /** The branch after its first activation. */
  protected abstract branch(a: Tensor): Tensor;

  forward(x: Tensor): Tensor {
    const { downsample, norm1, skip, training } = this;
    const shared = this.sharesActivation ? norm1.forward(x) : null;
    const source = shared ?? x;
    const stream = downsample ? downsample.forward(source) : source;
    return skip.join(stream, () => this.branch(shared ?? norm1.forward(x)), { training });
  }
}

/** Two 3x3 convolutions. */
export class BasicUnit extends PreActivationUnit {
  static readonly expansion = 1;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly conv2: Conv2d;

  constructor(options: UnitOptions) {
    super(options);
    const { inputs, width, stride, bias, convolution = "winograd" } = options;
    const same: Conv2dLayerOptions = { padding: 1, bias, convolution };
    this.conv1 = new Conv2d(inputs, width, 3, { ...same, stride });
    this.norm2 = new BatchNorm2d(width, { relu: true });
    this.conv2 = new Conv2d(width, width, 3, same);
  }

  protected branch(a: Tensor): Tensor {
    return this.conv2.forward(forwardConvNorm(this.conv1, this.norm2, a));
  }
}

/** 1x1, 3x3 and 1x1 convolutions; the output is 4 times as wide as the inside. */
export class BottleneckUnit extends PreActivationUnit {
  static readonly expansion = 4;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly norm3: BatchNorm2d;
  readonly conv3: Conv2d;

  constructor(options: UnitOptions) {
    super(options);
    const { inputs, width, stride, bias, convolution = "winograd" } = options;
    this.conv1 = new Conv2d(inputs, width, 1, { stride, bias });
    this.norm2 = new BatchNorm2d(width, { relu: true });
    this.conv2 = new Conv2d(width, width, 3, { padding: 1, bias, convolution });
    this.norm3 = new BatchNorm2d(width, { relu: true });
    this.conv3 = new Conv2d(width, 4 * width, 1, { bias });
  }

  protected branch(a: Tensor): Tensor {
    return this.conv3.forward(forwardConvNorm(this.conv2, this.norm3, forwardConvNorm(this.conv1, this.norm2, a)));
  }
}
