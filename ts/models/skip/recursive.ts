// The recursive skip of Liu et al. (arXiv 2105.07205): the stream is added, and the sum normalized, lambda times.
//   y_1 = norm(x + f),  y_k = norm(x + y_{k-1}),  the block gives y_lambda
// f is computed once. lambda = 1 is the post-norm block. With layer norm without scale, shift and eps y_lambda = LN(c x + f) with
// c = 1 + sum over j < lambda of sigma_1 ... sigma_j, sigma_k the deviation that step k divides by: expanded() with a weight of each input's.
import { add, type Tensor } from "../../autograd/index.ts";
import { Module, type Layer } from "../../nn/index.ts";
import { additive } from "./additive.ts";
import { wantStream } from "./learned-skip.ts";
import type { Skip, SkipKind, StepContext } from "./skip.ts";
import { streamLayerNorm, type StreamNorm } from "./stream-norm.ts";

export interface RecursiveOptions {
  readonly norm?: StreamNorm;
  /** One norm for all steps, instead of one each. */
  readonly shared?: boolean;
  /** What joins the stream and the branch in the first step; the others add. */
  readonly inner?: SkipKind;
}

class RecursiveSkip extends Module implements Skip {
  readonly inner: Skip;
  readonly norms: readonly Layer[];
  private readonly lambda: number;

  constructor(lambda: number, inner: Skip, norms: readonly Layer[]) {
    super();
    this.lambda = lambda;
    this.inner = inner;
    this.norms = norms;
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    const { lambda, inner, norms } = this;
    let y = norms[0].forward(inner.join(stream, branch, context));
    for (let k = 1; k < lambda; k++) y = norms[k % norms.length].forward(add(stream, y));
    return y;
  }
}

/**
 * norm(x + norm(x + ... norm(x + f))), lambda times. Errors: a lambda that is no whole number of at least 1, one batch norm for several
 * steps, an inner kind that ignores its stream.
 */
export function recursive(
  lambda: number,
  { norm = streamLayerNorm(), shared = false, inner = additive() }: RecursiveOptions = {},
): SkipKind {
  if (!Number.isSafeInteger(lambda) || lambda < 1) throw new Error(`recursive: lambda ${lambda}, wanted a whole number of at least 1`);
  if (shared && norm.ownInput && lambda > 1)
    throw new Error(`recursive: one ${norm.label} for ${lambda} steps whose inputs differ in their statistics, wanted one each`);
  wantStream("recursive", inner);
  const plain = inner.label === "additive" ? undefined : inner.label;
  return {
    label: [`recursive ${lambda}`, plain, norm.label, shared && lambda > 1 ? "shared" : undefined].filter((part) => part).join(", "),
    at: (site) =>
      new RecursiveSkip(
        lambda,
        inner.at(site),
        Array.from({ length: shared ? 1 : lambda }, () => norm.at(site.width)),
      ),
  };
}
