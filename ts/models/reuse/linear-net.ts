// The toy of Park, "ResidualDroppath" (arXiv 2411.09475, figure 1): linear layers of one width, a residual connection at each, no
// nonlinearity anywhere. x_0 = W images + b,  x_l = join(x_{l-1}, W_l x_{l-1}),  logits = W x_L + b
// Depth 32 and width 32 are the paper's; what goes in, what is learned and how weights start are not known and ours: W_l is normal with
// variance 1 / (width depth), so that the stream grows by about e over the net.
import { reshape, type Tensor } from "../../autograd/index.ts";
import { init, initialize, Layer, Linear, uninitialized } from "../../nn/index.ts";
import { additive } from "../skip/additive.ts";
import type { Skip, SkipKind } from "../skip/skip.ts";

export interface LinearResNetOptions {
  readonly depth?: number;
  readonly width?: number;
  /** Values of an image. */
  readonly inputs?: number;
  readonly classes?: number;
  readonly skip?: SkipKind;
  /** What the initial weights are drawn by. */
  readonly seed?: number;
}

/** join(x, W x). */
export class LinearBlock extends Layer {
  readonly fc: Linear;
  readonly skip: Skip;

  constructor(width: number, depth: number, skip: Skip) {
    super();
    this.fc = new Linear(width, width, { bias: false, initializer: init.normal(1 / Math.sqrt(width * depth)) });
    this.skip = skip;
  }

  forward(x: Tensor): Tensor {
    return this.skip.join(x, () => this.fc.forward(x), { training: this.training, input: x });
  }
}

export class LinearResNet extends Layer {
  readonly stem: Linear;
  readonly blocks: LinearBlock[];
  readonly head: Linear;

  constructor({ depth = 32, width = 32, inputs = 3072, classes = 10, skip = additive() }: LinearResNetOptions) {
    super();
    for (const [what, value] of Object.entries({ depth, width, inputs, classes }))
      if (!Number.isInteger(value) || value < 1) throw new Error(`linearResNet: ${what} ${value}, wanted a whole number of at least 1`);
    this.stem = new Linear(inputs, width);
    this.blocks = Array.from({ length: depth }, (_, index) => new LinearBlock(width, depth, skip.at({ index, depth, width })));
    this.head = new Linear(width, classes);
  }

  /** Images of any shape, [N, ...], to [N, classes]. */
  forward(x: Tensor): Tensor {
    const samples = x.shape[0];
    let y = this.stem.forward(reshape(x, [samples, x.size / Math.max(1, samples)]));
    for (const block of this.blocks) y = block.forward(y);
    return this.head.forward(y);
  }
}

/** A linear residual net with weights drawn by `seed`. */
export function linearResNet(options: LinearResNetOptions = {}): LinearResNet {
  return initialize(
    uninitialized(() => new LinearResNet(options)),
    { seed: options.seed ?? 0 },
  );
}
