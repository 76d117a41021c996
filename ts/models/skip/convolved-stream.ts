// A 1x1 convolution on the stream, the identity at the start: C x + f, or C x + f_perp around the orthogonal update, whose projection is on
// x. In the released code of arXiv 2505.11881, not in its text; that f_perp is taken by x and not by C x is our reading.
import { add, subtract, type Tensor } from "../../autograd/index.ts";
import { Conv2d, Module, type Variable } from "../../nn/index.ts";
import { throughImage } from "./as-image.ts";
import { wantStream } from "./learned-skip.ts";
import type { Skip, SkipKind, StepContext } from "./skip.ts";

/** Filters [1,1,C,C] that change nothing. */
function writeIdentity({ backend, buffer, size, shape }: Variable): void {
  const width = shape[3];
  backend.write(
    buffer,
    Float32Array.from({ length: size }, (_, at) => (at % width === Math.floor(at / width) ? 1 : 0)),
  );
}

class ConvolvedStreamSkip extends Module implements Skip {
  readonly inner: Skip | null;
  readonly conv: Conv2d;

  constructor(inner: Skip | null, width: number) {
    super();
    this.inner = inner;
    this.conv = new Conv2d(width, width, 1, { initializer: writeIdentity });
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    const { inner, conv } = this;
    const moved = throughImage(stream, (image) => conv.forward(image));
    return add(moved, inner === null ? branch() : subtract(inner.join(stream, branch, context), stream));
  }
}

/** `inner`, addition by default, with C x for the x it adds to. Error: an inner kind that ignores its stream. */
export function convolvedStream(inner?: SkipKind): SkipKind {
  wantStream("convolvedStream", inner);
  return {
    label: `${inner?.label ?? "additive"}, convolved stream`,
    at: (site) => new ConvolvedStreamSkip(inner?.at(site) ?? null, site.width),
  };
}
