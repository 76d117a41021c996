// What the stream becomes in a unit that changes its shape.
import { subsample2d, type Tensor } from "../autograd/index.ts";
import { BatchNorm2d, Conv2d, forwardConvNorm, Layer, type init } from "../nn/index.ts";

/** Shape change at the start of a stage. */
export interface ShapeChange {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

export interface ShortcutKind {
  readonly label: string;
  at(change: ShapeChange): Layer;
}

class PadShortcut extends Layer {
  private readonly change: ShapeChange;

  constructor(change: ShapeChange) {
    super();
    this.change = change;
  }

  forward(x: Tensor): Tensor {
    return subsample2d(x, this.change.stride, this.change.outputs);
  }
}

/** Option A of He et al.: every stride-th pixel, zeros for the new channels; no parameters. */
export function padChannels(): ShortcutKind {
  return {
    label: "pad",
    at: (change) => {
      if (change.outputs < change.inputs) throw new Error(`padChannels: ${change.inputs} to ${change.outputs} channels, wanted no fewer`);
      return new PadShortcut(change);
    },
  };
}

/** The module that timm calls `downsample`, with its `conv` and `norm`. */
class Projection extends Layer {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d | null;

  constructor(conv: Conv2d, norm: BatchNorm2d | null) {
    super();
    this.conv = conv;
    this.norm = norm;
  }

  forward(x: Tensor): Tensor {
    return this.norm ? forwardConvNorm(this.conv, this.norm, x) : this.conv.forward(x);
  }
}

export interface ProjectionOptions {
  readonly bias?: boolean;
  /** Batch norm behind the convolution, as nets have it whose units end in batch norm. */
  readonly norm?: boolean;
  readonly initializer?: init.Initializer;
}

/** A 1x1 convolution with the unit's stride. */
export function projection({ bias = false, norm = false, initializer }: ProjectionOptions = {}): ShortcutKind {
  return {
    label: norm ? "projection with BN" : "projection",
    at: ({ inputs, outputs, stride }) =>
      new Projection(
        new Conv2d(inputs, outputs, 1, { stride, bias, ...(initializer && { initializer }) }),
        norm ? new BatchNorm2d(outputs) : null,
      ),
  };
}
