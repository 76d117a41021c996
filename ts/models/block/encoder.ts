// A block of a transformer encoder: attention between tokens and an MLP for each token, both joined to the stream [N, T, D] by a skip.
//   "pre"    x + F(norm(x)), twice
//   "post"   norm(x + F(x)), twice (Vaswani et al. 2017)
//   "skip"   x + F(x), for skips that normalize by themselves, as recursive() does
import { gelu, type Tensor } from "../../autograd/index.ts";
import { init, Layer, LayerNorm, Linear, SelfAttention } from "../../nn/index.ts";
import type { Skip, StepContext } from "../skip/skip.ts";

/** Where a block's norms are. */
export type NormPlace = "pre" | "post" | "skip";

export interface EncoderBlockOptions {
  readonly width: number;
  readonly heads: number;
  /** Width inside the MLP. */
  readonly hidden: number;
  /** x Phi(x), by tanh or exact. */
  readonly gelu: "tanh" | "exact";
  readonly qkvBias: boolean;
  readonly norm: NormPlace;
  /** Learned scale and shift in the block's norms. */
  readonly affine: boolean;
  readonly eps: number;
  /** Of the attention and of the MLP. */
  readonly skips: readonly [Skip, Skip];
}

const zeros: init.Initializer = ({ backend, buffer }) => backend.fill(buffer, 0);

/** Linear layers as timm's vision transformer draws them: weights with a standard deviation of 0.02, biases 0. */
export const encoderInit = { initializer: init.normal(0.02), biasInitializer: zeros };

/** Linear, GELU, linear. */
export class Mlp extends Layer {
  readonly fc1: Linear;
  readonly fc2: Linear;
  private readonly approximate: "tanh" | "none";

  constructor(width: number, hidden: number, kind: "tanh" | "exact") {
    super();
    this.fc1 = new Linear(width, hidden, encoderInit);
    this.fc2 = new Linear(hidden, width, encoderInit);
    this.approximate = kind === "tanh" ? "tanh" : "none";
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(gelu(this.fc1.forward(x), { approximate: this.approximate }));
  }
}

export class EncoderBlock extends Layer {
  readonly norm1: LayerNorm | null;
  readonly attn: SelfAttention;
  readonly skip1: Skip;
  readonly norm2: LayerNorm | null;
  readonly mlp: Mlp;
  readonly skip2: Skip;
  readonly place: NormPlace;

  constructor({ width, heads, hidden, gelu: kind, qkvBias, norm, affine, eps, skips }: EncoderBlockOptions) {
    super();
    const makeNorm = (): LayerNorm | null => (norm === "skip" ? null : new LayerNorm(width, { eps, affine }));
    this.place = norm;
    this.norm1 = makeNorm();
    this.attn = new SelfAttention(width, heads, { ...encoderInit, qkvBias });
    this.skip1 = skips[0];
    this.norm2 = makeNorm();
    this.mlp = new Mlp(width, hidden, kind);
    this.skip2 = skips[1];
  }

  private half(x: Tensor, branch: Layer, norm: LayerNorm | null, skip: Skip): Tensor {
    const context: StepContext = { training: this.training, input: x };
    if (norm && this.place === "pre") return skip.join(x, () => branch.forward(norm.forward(x)), context);
    const joined = skip.join(x, () => branch.forward(x), context);
    return norm ? norm.forward(joined) : joined;
  }

  forward(x: Tensor): Tensor {
    const y = this.half(x, this.attn, this.norm1, this.skip1);
    return this.half(y, this.mlp, this.norm2, this.skip2);
  }
}
