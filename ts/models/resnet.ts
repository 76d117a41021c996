// Residual nets with any layout, order of activation and skip: images [N,H,W,channels] to logits [N,classes].
// Keys of stateDict() are those of timm's resnetv2.
import { globalAveragePool, maxPool2d, relu, type Convolution, type Tensor } from "../autograd/index.ts";
import { BatchNorm2d, Conv2d, forwardConvNorm, Layer, LayerNorm, Linear } from "../nn/index.ts";
import { wantOptions } from "../options.ts";
import { isActive, type ActivationOrder } from "./block/order.ts";
import { BottleneckUnit } from "./block/unit.ts";
import type { Block, LayoutKind, ResNetLayout, StemLayout } from "./layout.ts";
import { padChannels, projection, type ShortcutKind } from "./shortcut.ts";
import { additive } from "./skip/additive.ts";
import type { SkipKind } from "./skip/skip.ts";
import { Stage } from "./stage.ts";

export interface ResNetOptions {
  /** One that the layout has. */
  readonly depth: number;
  /** 10 by default. */
  readonly classes?: number;
  /** Channels of the images. */
  readonly channels?: number;
  /** How blocks join their stream; additive() by default. */
  readonly skip?: SkipKind;
  /** Order of batch norm, ReLU and convolution in the units. */
  readonly order?: ActivationOrder;
  /** Stem, stages and units; cifarLayout() or imageNetLayout(). */
  readonly layout?: LayoutKind;
  /** Units; by default as the layout has them at this depth. */
  readonly block?: Block;
  /** Channels of the stem and inside the units of the first stage; doubled in each further stage. */
  readonly width?: number;
  /** The units' first activation (BN-ReLU of full pre-activation) once more behind the last unit. By default as the layout has it. */
  readonly finalNorm?: boolean;
  /** A layer norm on the pooled features, before the classifier. */
  readonly headNorm?: boolean;
  /** How the stream changes shape; by default as the layout has it. */
  readonly shortcut?: ShortcutKind;
  /** Where a change of shape starts from: the activated input, shared with the branch, or the raw stream. By default as the layout has it. */
  readonly shortcutInput?: "activation" | "stream";
  /** Which convolution of a bottleneck takes the stride: 1, the first 1x1, or 2, the 3x3. By default as the layout has it. */
  readonly strideAt?: 1 | 2;
  /**
   * Free what runs of so many units make inside after the forward pass, and compute it again in the backward pass: less memory, the time
   * of one more forward pass, the same bits. By default nothing is freed; `usualCheckpointBlocks` says what suits a net.
   */
  readonly checkpointBlocks?: number;
  /** "direct" for 3x3 convolutions without Winograd's transforms: slower, nearer to the exact value. */
  readonly convolution?: Convolution;
  /** What the initial weights are drawn by. */
  readonly seed?: number;
}

const OPTIONS = [
  ...["depth", "classes", "channels", "skip", "order", "layout", "block", "width", "finalNorm", "headNorm", "shortcut", "shortcutInput"],
  ...["strideAt", "checkpointBlocks", "convolution", "seed"],
];

/** What the stem does behind its convolution. */
interface StemActivation {
  readonly norm: boolean;
  readonly relu: boolean;
}

function stemActivation({ before }: ActivationOrder, { firstActivation }: ResNetLayout): StemActivation {
  if (!isActive(before) || firstActivation !== "unit") return { norm: true, relu: true };
  // The first unit goes on from here: every convolution has its batch norm.
  return { norm: !before.norm, relu: false };
}

class Stem extends Layer {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d | null;
  private readonly pool: boolean;

  constructor(channels: number, width: number, bias: boolean, { size, stride, pool }: StemLayout, { norm, relu }: StemActivation) {
    super();
    this.conv = new Conv2d(channels, width, size, { stride, padding: (size - 1) / 2, bias });
    this.norm = norm ? new BatchNorm2d(width, { relu }) : null;
    this.pool = pool;
  }

  forward(x: Tensor): Tensor {
    const { conv, norm } = this;
    const y = norm ? forwardConvNorm(conv, norm, x) : conv.forward(x);
    return this.pool ? maxPool2d(y, 3, { stride: 2, padding: 1 }) : y;
  }
}

class Head extends Layer {
  readonly norm: LayerNorm | null;
  readonly fc: Linear;

  constructor(features: number, classes: number, norm: boolean) {
    super();
    this.norm = norm ? new LayerNorm(features) : null;
    this.fc = new Linear(features, classes);
  }

  forward(x: Tensor): Tensor {
    const pooled = globalAveragePool(x);
    return this.fc.forward(this.norm ? this.norm.forward(pooled) : pooled);
  }
}

function wholeNumber(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw new Error(`resnet: ${what} ${value}, wanted a whole number of at least 1`);
}

/** Options that contradict each other are refused, not ignored. */
function check(options: ResNetOptions, order: ActivationOrder, skip: SkipKind, layout: ResNetLayout): void {
  const { shortcut, shortcutInput, finalNorm, strideAt, checkpointBlocks = Infinity, width = 1 } = options;
  if (checkpointBlocks !== Infinity) wholeNumber("checkpointBlocks", checkpointBlocks);
  wholeNumber("width", width);
  if (shortcut && skip.ignoresStream)
    throw new Error(`resnet: shortcut ${shortcut.label} and skip ${skip.label}, which does not use it; wanted one of the two`);
  if (strideAt !== undefined && layout.unit !== BottleneckUnit)
    throw new Error(`resnet: strideAt ${strideAt} without bottlenecks, whose stride alone can be at another convolution than the first`);
  if (isActive(order.before)) return;
  const why = `with order ${order.label}, whose units do not start with an activation`;
  if (shortcutInput === "activation") throw new Error(`resnet: shortcutInput activation ${why}; wanted stream`);
  if (finalNorm === true) throw new Error(`resnet: finalNorm ${why}, so that none is due behind the last one; wanted false`);
}

/** A residual net: images [N,H,W,channels] to logits [N,classes]. */
export class ResNet extends Layer {
  readonly stem: Stem;
  readonly stages: Stage[] = [];
  readonly norm: BatchNorm2d | null;
  readonly head: Head;
  /** `resnetv2_110` where units start with an activation, else `resnet_110`. */
  readonly name: string;
  readonly skipLabel: string;
  readonly orderLabel: string;
  /** The last activation is a ReLU alone. */
  private readonly lastRelu: boolean;

  constructor(options: ResNetOptions & { readonly order: ActivationOrder; readonly layout: LayoutKind }) {
    super();
    wantOptions("resnet", options, ...OPTIONS);
    const { depth, order, classes = 10, channels = 3, skip = additive(), checkpointBlocks = Infinity } = options;
    const layout = options.layout.at(depth, options.block);
    check(options, order, skip, layout);
    const { unit: Unit, stages, bias, firstActivation } = layout;
    const { width = layout.width, strideAt = layout.strideAt, convolution } = options;
    const preActivated = isActive(order.before);
    const usual = layout.projects ? projection({ bias, norm: !order.before.norm }) : padChannels();
    const shortcut = skip.ignoresStream ? padChannels() : (options.shortcut ?? usual);
    const shares = preActivated && (options.shortcutInput ? options.shortcutInput === "activation" : layout.sharesActivation);
    this.name = `${preActivated ? "resnetv2" : "resnet"}_${depth}`;
    this.skipLabel = skip.label;
    this.orderLabel = order.label;
    this.stem = new Stem(channels, width, bias, layout.stem, stemActivation(order, layout));
    const units = stages.reduce((sum, count) => sum + count, 0);
    let inputs = width;
    let index = 0;
    stages.forEach((count, stage) => {
      const inner = width << stage;
      const outputs = inner * Unit.expansion;
      const blocks: Layer[] = [];
      for (let place = 0; place < count; place++) {
        const stride = stage > 0 && place === 0 ? 2 : 1;
        const changes = stride !== 1 || inputs !== outputs;
        blocks.push(
          new Unit({
            inputs,
            width: inner,
            stride,
            bias,
            order,
            strideAt,
            ...(convolution && { convolution }),
            skip: skip.at({ index, depth: units, width: outputs, inputs, stride }),
            downsample: changes ? shortcut.at({ inputs, outputs, stride }) : null,
            sharesActivation: preActivated && ((index === 0 && firstActivation === "unit") || (changes && shares)),
            activated: index === 0 && firstActivation === "stem",
          }),
        );
        inputs = outputs;
        index++;
      }
      this.stages.push(new Stage(blocks, checkpointBlocks));
    });
    const isLast = preActivated && (options.finalNorm ?? layout.lastActivation);
    this.norm = isLast && order.before.norm ? new BatchNorm2d(inputs, { relu: order.before.relu }) : null;
    this.lastRelu = isLast && this.norm === null;
    this.head = new Head(inputs, classes, options.headNorm ?? false);
  }

  /** The stream behind the last unit, activated where the order says so: [N,H,W,C]. */
  private features(x: Tensor): Tensor {
    const stream = this.stages.reduce((value, stage) => stage.forward(value), this.stem.forward(x));
    if (this.norm) return this.norm.forward(stream);
    return this.lastRelu ? relu(stream) : stream;
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.features(x));
  }
}
