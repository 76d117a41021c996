// Group norm: needs no statistics of the batch, so threads need not wait for each other.
import { groupNorm, type Tensor } from "../autograd/index.ts";
import { LayerNorm, type LayerNormOptions } from "./layer-norm.ts";

/** Normalizes each sample's channels in `groups` runs of neighbors, over positions and channels of a group. */
export class GroupNorm extends LayerNorm {
  readonly groups: number;

  constructor(groups: number, channels: number, options: LayerNormOptions = {}) {
    super(channels, options);
    if (channels % groups !== 0)
      throw new Error(`GroupNorm: ${groups} groups of ${channels} channels, wanted groups that divide the channels`);
    this.groups = groups;
  }

  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.groups, this.weight, this.bias, { eps: this.eps });
  }
}
