// Gates of the unit's input (He et al. 2016, arXiv 1603.05027, 3.1): g = sigmoid(conv1x1(x) + b), elementwise, where x is the input, s the
// shortcut and f the branch.
//   exclusive       (1 - g) s + g f, computed as s + g (f - s)
//   shortcut only   (1 - g) s + f, computed as (s - g s) + f
// Where shapes change the paper says nothing. Our choice: the gate has the unit's stride and output width, and gates the shortcut.
import { gate, type Tensor } from "../../autograd/index.ts";
import { Conv2d, Module, type init } from "../../nn/index.ts";
import type { RandomStream } from "../../random.ts";
import { throughImage } from "./as-image.ts";
import type { Skip, SkipKind, StepContext } from "./skip.ts";

export interface GatedOptions {
  /** The branch gets g where the shortcut gets 1 - g; else the shortcut alone is gated. */
  readonly exclusive?: boolean;
  /** First value of the gate's bias: -6 lets 0.25 % of the branch in, or takes as much from the shortcut. */
  readonly bias?: number;
  /** Of the gate's weights; He normal by fan-out by default (our choice, the paper names none). */
  readonly initializer?: init.Initializer;
}

/** A 1x1 convolution whose bias starts with one value. */
class GateConvolution extends Conv2d {
  private readonly first: number;

  constructor(inputs: number, outputs: number, stride: number, first: number, initializer?: init.Initializer) {
    super(inputs, outputs, 1, { stride, bias: true, ...(initializer && { initializer }) });
    this.first = first;
    this.fillBias();
  }

  override reset(random: RandomStream): void {
    super.reset(random);
    this.fillBias();
  }

  private fillBias(): void {
    if (this.bias) this.bias.backend.fill(this.bias.buffer, this.first);
  }
}

class GatedSkip extends Module implements Skip {
  readonly conv: GateConvolution;
  private readonly exclusive: boolean;

  constructor(conv: GateConvolution, exclusive: boolean) {
    super();
    this.conv = conv;
    this.exclusive = exclusive;
  }

  join(stream: Tensor, branch: () => Tensor, { input = stream }: StepContext): Tensor {
    const z = throughImage(input, (image) => this.conv.forward(image));
    return gate(z, stream, branch(), { exclusive: this.exclusive });
  }
}

/** Gates by a 1x1 convolution of the unit's input, whose parameters are the unit's `skip.conv`. */
export function gated({ exclusive = true, bias = -6, initializer }: GatedOptions = {}): SkipKind {
  if (!Number.isFinite(bias)) throw new Error(`gated: bias ${bias}, wanted a finite number`);
  return {
    label: `${exclusive ? "exclusive" : "shortcut-only"} gating, bias ${bias}`,
    at: ({ width, inputs = width, stride = 1 }) => new GatedSkip(new GateConvolution(inputs, width, stride, bias, initializer), exclusive),
  };
}
