// Pre-activation residual nets for 32x32 images, with any skip.
//   resnetV2({ depth: 20 })   He et al. 2016: depths 6n+2 (20, 32, 44, 56, 110) of basic units, 9n+2 (164, 1001) of bottlenecks; widths
//                             16/32/64; convolutions without bias; first activation before the first split, BN-ReLU after the last unit.
//   resnetV2({ depth: 18 })   Oh et al. 2025: ResNetV2-18/34/50/101, stem 3x3 conv 64 + BN + ReLU, widths 64/128/256/512, convolutions
//                             with bias, projections of the raw stream, by default no BN-ReLU after the last unit (`finalNorm`).
// Keys of stateDict() are those of timm's resnetv2.
import { checkpoint, globalAveragePool, type Convolution, isRecording, scope, type Tensor } from "../autograd/index.ts";
import { BatchNorm2d, Conv2d, forwardConvNorm, initialize, Layer, Linear, uninitialized } from "../nn/index.ts";
import { BasicUnit, BottleneckUnit, type UnitOptions } from "./block/pre-activation.ts";
import { padChannels, projection, type ShortcutKind } from "./shortcut.ts";
import { additive } from "./skip/additive.ts";
import type { SkipKind } from "./skip/skip.ts";

export interface ResNetV2Options {
  /** 6n+2, 9n+2 (164, 1001), or 18, 34, 50, 101. */
  readonly depth: number;
  readonly classes?: number;
  /** Channels of the images. */
  readonly channels?: number;
  readonly skip?: SkipKind;
  /** Units of a 6n+2 or 9n+2 net; by default bottlenecks at 164 and 1001. */
  readonly block?: "basic" | "bottleneck";
  /** Channels inside the units of the first stage; doubled in each further stage. */
  readonly width?: number;
  /** BN-ReLU after the last unit. By default as the net's paper has it. */
  readonly finalNorm?: boolean;
  /** How the stream changes shape; by default as the net's paper has it. */
  readonly shortcut?: ShortcutKind;
  /** Where a change of shape starts from: the activated input, shared with the branch, or the raw stream. By default as the paper has it. */
  readonly shortcutInput?: "activation" | "stream";
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

interface Layout {
  readonly name: string;
  readonly unit: { new (options: UnitOptions): Layer; readonly expansion: number };
  readonly stages: readonly number[];
  readonly width: number;
  readonly bias: boolean;
  readonly stemNorm: boolean;
  readonly finalNorm: boolean;
  readonly shortcut: ShortcutKind;
  readonly shortcutInput: "activation" | "stream";
}

const WIDE: Readonly<Record<number, { readonly unit: Layout["unit"]; readonly stages: readonly number[] }>> = {
  18: { unit: BasicUnit, stages: [2, 2, 2, 2] },
  34: { unit: BasicUnit, stages: [3, 4, 6, 3] },
  50: { unit: BottleneckUnit, stages: [3, 4, 6, 3] },
  101: { unit: BottleneckUnit, stages: [3, 4, 23, 3] },
};

function layoutOf(depth: number, block?: "basic" | "bottleneck"): Layout {
  const name = `resnetv2_${depth}`;
  if (Object.hasOwn(WIDE, depth) && block === undefined)
    return {
      name,
      ...WIDE[depth],
      width: 64,
      bias: true,
      stemNorm: true,
      finalNorm: false,
      shortcut: projection({ bias: true }),
      shortcutInput: "stream",
    };
  const bottleneck = block === undefined ? depth === 164 || depth === 1001 : block === "bottleneck";
  const units = (depth - 2) / (bottleneck ? 9 : 6);
  if (!Number.isInteger(units) || units < 1)
    throw new Error(
      `resnetV2: depth ${depth}, wanted ${bottleneck ? "9n+2 (164, 1001)" : "6n+2 (20, 32, 44, 56, 110)"}, 18, 34, 50 or 101`,
    );
  return {
    name,
    unit: bottleneck ? BottleneckUnit : BasicUnit,
    stages: [units, units, units],
    width: 16,
    bias: false,
    stemNorm: false,
    finalNorm: true,
    shortcut: bottleneck ? projection() : padChannels(),
    shortcutInput: "activation",
  };
}

class Stem extends Layer {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d | null;

  constructor(channels: number, width: number, { bias, stemNorm }: Layout) {
    super();
    this.conv = new Conv2d(channels, width, 3, { padding: 1, bias });
    this.norm = stemNorm ? new BatchNorm2d(width, { relu: true }) : null;
  }

  forward(x: Tensor): Tensor {
    const { conv, norm } = this;
    return norm ? forwardConvNorm(conv, norm, x) : conv.forward(x);
  }
}

class Stage extends Layer {
  readonly blocks: Layer[];
  private readonly together: number;

  constructor(blocks: Layer[], checkpointBlocks: number) {
    super();
    this.blocks = blocks;
    this.together = checkpointBlocks;
  }

  forward(x: Tensor): Tensor {
    const { blocks, together } = this;
    if (!isRecording()) return runFreeing(blocks, x);
    let y = x;
    for (let from = 0; from < blocks.length; from += together) {
      const start = y;
      const run = (): Tensor => blocks.slice(from, from + together).reduce((value, block) => block.forward(value), start);
      y = together < Infinity ? checkpoint(run) : run();
    }
    return y;
  }
}

/** Layers one after the other, where nobody goes back: memory for one at a time. */
function runFreeing(layers: readonly Layer[], x: Tensor): Tensor {
  let y = x;
  for (const layer of layers) {
    const before = y;
    y = scope(() => layer.forward(before));
    if (before !== x && before !== y && !before.kept) before.dispose();
  }
  return y;
}

/**
 * A length of the runs for `checkpointBlocks` that keeps memory near its least. With runs of n of the net's N units, N / n streams are kept
 * and the insides of n units made again, each of the size of about 4 streams, and a stage has half the memory of the one before it:
 * least where n is about sqrt(N / 8).
 */
export function usualCheckpointBlocks(units: number): number {
  return Math.max(1, Math.floor(Math.sqrt(units / 8) + 0.5));
}

class Head extends Layer {
  readonly fc: Linear;

  constructor(features: number, classes: number) {
    super();
    this.fc = new Linear(features, classes);
  }

  forward(x: Tensor): Tensor {
    return this.fc.forward(globalAveragePool(x));
  }
}

/** A pre-activation residual net: images [N,H,W,channels] to logits [N,classes]. */
export class ResNetV2 extends Layer {
  readonly stem: Stem;
  readonly stages: Stage[] = [];
  readonly norm: BatchNorm2d | null;
  readonly head: Head;
  readonly name: string;
  readonly skipLabel: string;

  constructor(options: ResNetV2Options) {
    super();
    const { depth, classes = 10, channels = 3, skip = additive(), block, checkpointBlocks = Infinity } = options;
    if (checkpointBlocks !== Infinity && !(Number.isInteger(checkpointBlocks) && checkpointBlocks >= 1))
      throw new Error(`resnetV2: checkpointBlocks ${checkpointBlocks}, wanted a whole number of at least 1`);
    const layout = layoutOf(depth, block);
    const width = options.width ?? layout.width;
    const shortcut = options.shortcut ?? layout.shortcut;
    const { unit: Unit, stages, bias, shortcutInput } = { ...layout, shortcutInput: options.shortcutInput ?? layout.shortcutInput };
    this.name = layout.name;
    this.skipLabel = skip.label;
    this.stem = new Stem(channels, width, layout);
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
            ...(options.convolution && { convolution: options.convolution }),
            skip: skip.at({ index, depth: units, width: outputs }),
            downsample: changes ? shortcut.at({ inputs, outputs, stride }) : null,
            sharesActivation: (index === 0 && !layout.stemNorm) || (changes && shortcutInput === "activation"),
          }),
        );
        inputs = outputs;
        index++;
      }
      this.stages.push(new Stage(blocks, checkpointBlocks));
    });
    this.norm = (options.finalNorm ?? layout.finalNorm) ? new BatchNorm2d(inputs, { relu: true }) : null;
    this.head = new Head(inputs, classes);
  }

  forward(x: Tensor): Tensor {
    const stream = this.stages.reduce((value, stage) => stage.forward(value), this.stem.forward(x));
    return this.head.forward(this.norm ? this.norm.forward(stream) : stream);
  }
}

/** A pre-activation residual net with weights drawn by `seed`. */
export function resnetV2(options: ResNetV2Options): ResNetV2 {
  return initialize(
    uninitialized(() => new ResNetV2(options)),
    { seed: options.seed ?? 0 },
  );
}
