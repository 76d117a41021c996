// Normalizations that stand in the stream, behind an addition.
import { groupNorm, layerNorm, type Over, type Tensor } from "../../autograd/index.ts";
import { BatchNorm2d, LayerNorm, type BatchNormOptions, type Layer, type LayerNormOptions } from "../../nn/index.ts";

/** What a skip is given to normalize its stream by; one layer a block, or one a step of a recursion. */
export interface StreamNorm {
  readonly label: string;
  /** Statistics are of one input over the batch, with running averages: a layer of it cannot serve two inputs. */
  readonly ownInput: boolean;
  at(width: number): Layer;
}

export interface StreamLayerNormOptions extends LayerNormOptions {
  /** Mean and variance of all of a sample, or of the channels at each position. By default of a sample in maps, of a position in tokens. */
  readonly over?: Over;
}

/** Layer norm with a scale and a shift for each channel. */
class StreamLayerNorm extends LayerNorm {
  private readonly over: Over | null;

  constructor(width: number, { over, ...options }: StreamLayerNormOptions) {
    super(width, options);
    this.over = over ?? null;
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, eps, over } = this;
    const whole = (over ?? (x.rank === 4 ? "sample" : "feature")) === "sample";
    return whole ? groupNorm(x, 1, weight, bias, { eps }) : layerNorm(x, weight, bias, { eps });
  }
}

/**
 * Layer norm: over [H,W,C] of each sample in maps (group norm with one group), over the last axis in tokens [N,T,D]. The axes in maps
 * are our choice; the paper's are not known.
 */
export function streamLayerNorm(options: StreamLayerNormOptions = {}): StreamNorm {
  const where = options.over === undefined ? "" : options.over === "sample" ? " per sample" : " per position";
  return { label: `layer norm${where}`, ownInput: false, at: (width) => new StreamLayerNorm(width, options) };
}

/** Batch norm: over the batch and all positions. */
export function streamBatchNorm(options: Omit<BatchNormOptions, "relu"> = {}): StreamNorm {
  return { label: "batch norm", ownInput: true, at: (width) => new BatchNorm2d(width, options) };
}
