// Multi-head self-attention between tokens.
import { attention, type Tensor } from "../autograd/index.ts";
import { Linear, type LinearOptions } from "./linear.ts";
import { Layer } from "./module.ts";

/** softmax(Q K^T / sqrt(D / heads)) V of every head: [N, T, 3 D] to [N, T, D]. */
export class AttentionHeads extends Layer {
  readonly heads: number;

  constructor(heads: number) {
    super();
    this.heads = heads;
  }

  forward(qkv: Tensor): Tensor {
    return attention(qkv, this.heads);
  }
}

export interface SelfAttentionOptions extends Pick<LinearOptions, "initializer" | "biasInitializer"> {
  /** Bias of queries, keys and values; the projection behind always has one. */
  readonly qkvBias?: boolean;
}

/** Queries, keys and values of one linear layer, attention, and a projection: [N, T, D] to [N, T, D]. Keys of the state are timm's. */
export class SelfAttention extends Layer {
  readonly qkv: Linear;
  readonly core: AttentionHeads;
  readonly proj: Linear;

  constructor(width: number, heads: number, { qkvBias = true, ...options }: SelfAttentionOptions = {}) {
    super();
    if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0)
      throw new Error(`SelfAttention: ${heads} heads for width ${width}, wanted a whole number that divides it`);
    this.qkv = new Linear(width, 3 * width, { ...options, bias: qkvBias });
    this.core = new AttentionHeads(heads);
    this.proj = new Linear(width, width, options);
  }

  forward(x: Tensor): Tensor {
    return this.proj.forward(this.core.forward(this.qkv.forward(x)));
  }
}
