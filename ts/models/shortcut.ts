// What the stream becomes in a unit that changes its shape.
import { subsample2d, type Tensor } from "../autograd/index.ts";
import { Conv2d, Layer, type init } from "../nn/index.ts";

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

/** The module that timm calls `downsample`, with its `conv`. */
class Projection extends Layer {
  readonly conv: Conv2d;

  constructor(conv: Conv2d) {
    super();
    this.conv = conv;
  }

  forward(x: Tensor): Tensor {
    return this.conv.forward(x);
  }
}

/** A 1x1 convolution with the unit's stride. */
export function projection({ bias = false, initializer }: { bias?: boolean; initializer?: init.Initializer } = {}): ShortcutKind {
  return {
    label: "projection",
    at: ({ inputs, outputs, stride }) =>
      new Projection(new Conv2d(inputs, outputs, 1, { stride, bias, ...(initializer && { initializer }) })),
  };
}
