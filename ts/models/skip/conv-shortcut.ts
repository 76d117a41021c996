// A 1x1 convolution as the shortcut of every unit: norm(conv1x1(x)) + f (He et al. 2016, arXiv 1603.05027, 3.1; option C of He et al. 2015).
// Batch norm behind the convolution is our reading of "BN follows every weight layer".
import { add, type Tensor } from "../../autograd/index.ts";
import { BatchNorm2d, Conv2d, forwardConvNorm, Module, type init } from "../../nn/index.ts";
import { throughImage } from "./as-image.ts";
import type { BlockSite, Skip, SkipKind, StepContext } from "./skip.ts";

export interface ConvShortcutOptions {
  /** Batch norm behind the convolution. */
  readonly norm?: boolean;
  readonly initializer?: init.Initializer;
}

class ConvShortcut extends Module implements Skip {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d | null;

  constructor({ width, inputs = width, stride = 1 }: BlockSite, { norm = true, initializer }: ConvShortcutOptions) {
    super();
    this.conv = new Conv2d(inputs, width, 1, { stride, ...(initializer && { initializer }) });
    this.norm = norm ? new BatchNorm2d(width) : null;
  }

  join(stream: Tensor, branch: () => Tensor, { input = stream }: StepContext): Tensor {
    const { conv, norm } = this;
    const shortcut = throughImage(input, (image) => (norm ? forwardConvNorm(conv, norm, image) : conv.forward(image)));
    return add(shortcut, branch());
  }
}

/** norm(conv1x1(x)) + f in every unit, also where shapes change; parameters are the unit's `skip.conv` and `skip.norm`. */
export function convShortcut(options: ConvShortcutOptions = {}): SkipKind {
  return { label: "1x1 conv shortcut", ignoresStream: true, at: (site) => new ConvShortcut(site, options) };
}
