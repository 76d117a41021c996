// Stochastic depth: in training a block's branch is left out by chance, for the whole batch or for single samples. Who is left out is a
// function of (seed, block's path, step), and of the sample's number in the batch. What is left out for the batch is not computed.
//   m ~ Bernoulli(1 - p):  inner joins x and m / (1 - p) f;  without rescaling m f, and (1 - p) f in evaluation (Huang et al. 2016)
import { affine, full, scaleAdd, scaleBy, sliceStart, tensor, type Tensor } from "../../autograd/index.ts";
import { Module } from "../../nn/index.ts";
import { stream as randomStream, type RandomStream } from "../../random.ts";
import { wantStream } from "./learned-skip.ts";
import type { BlockSite, Skip, SkipKind, StepContext } from "./skip.ts";
import { StepCounter } from "./step-counter.ts";

/** The probability to leave a block's branch out. */
export type DropRate = number | ((site: BlockSite) => number);

export interface DropPathOptions {
  /** One draw for the batch, or one a sample. */
  readonly per?: "batch" | "sample";
  /** Branches that stay count 1 / (1 - p) in training, so that evaluation takes them as they are. */
  readonly rescale?: boolean;
}

/** Rates that grow with depth: block l of L, from 1, has l / L of `last`. */
export function growing(last: number): DropRate {
  checkRate("growing", last);
  return ({ index, depth }) => (last * (index + 1)) / depth;
}

function checkRate(who: string, p: number): void {
  if (!(p >= 0 && p < 1)) throw new Error(`${who}: rate ${p}, wanted at least 0 and below 1`);
}

class DropPathSkip extends Module implements Skip {
  private readonly inner: Skip | null;
  private readonly p: number;
  private readonly per: "batch" | "sample";
  private readonly rescale: boolean;
  private readonly counter = new StepCounter();

  constructor(inner: Skip | null, p: number, per: "batch" | "sample", rescale: boolean) {
    super();
    this.inner = inner;
    this.p = p;
    this.per = per;
    this.rescale = rescale;
  }

  /** Parameters of the inner skip keep their keys. */
  override *namedModules(prefix = ""): Generator<[string, Module]> {
    yield [prefix, this];
    if (this.inner instanceof Module) yield* this.inner.namedModules(prefix);
  }

  /** Joins with factor times the branch. */
  private scaled(stream: Tensor, branch: () => Tensor, context: StepContext, factor: number | Tensor): Tensor {
    const { inner } = this;
    if (inner === null) return scaleAdd(branch(), factor, stream);
    if (factor === 1) return inner.join(stream, branch, context);
    return inner.join(stream, () => (typeof factor === "number" ? affine(branch(), factor, 0) : scaleBy(branch(), factor)), context);
  }

  /** Joins without the branch. */
  private without(stream: Tensor, context: StepContext): Tensor {
    return this.inner === null ? stream : this.inner.join(stream, () => full(stream.shape, 0, { backend: stream.backend }), context);
  }

  join(stream: Tensor, branch: () => Tensor, context: StepContext): Tensor {
    const { p, per, rescale } = this;
    if (p === 0) return this.scaled(stream, branch, context, 1);
    if (!context.training) return this.scaled(stream, branch, context, rescale ? 1 : 1 - p);
    const random: RandomStream = (this.draws ?? randomStream(0, "skip")).split("drop-path");
    const step = this.counter.of(stream);
    const stays = (sample: number): boolean => random.uniform(sample, step >>> 0, Math.floor(step / 4294967296)) >= p;
    const weight = rescale ? 1 / (1 - p) : 1;
    if (per === "batch") return stays(0) ? this.scaled(stream, branch, context, weight) : this.without(stream, context);
    const { batch, shape, backend } = stream;
    const first = batch ? sliceStart(batch) : 0;
    const factors = tensor(
      Float64Array.from({ length: shape[0] }, (_, n) => (stays(first + n) ? weight : 0)),
      [shape[0]],
      { backend },
    );
    factors.batch = batch;
    return this.scaled(stream, branch, context, factors);
  }
}

/**
 * `inner`, addition by default, with the branch left out with probability `rate`. Errors: a rate outside [0, 1), an inner kind that
 * ignores its stream: a block left out would hand nothing on.
 */
export function dropPath(rate: DropRate, inner?: SkipKind, { per = "batch", rescale = true }: DropPathOptions = {}): SkipKind {
  if (typeof rate === "number") checkRate("dropPath", rate);
  wantStream("dropPath", inner);
  return {
    label: `${inner?.label ?? "additive"}, drop path${typeof rate === "number" ? ` ${rate}` : ""} per ${per}`,
    at: (site) => {
      const p = typeof rate === "number" ? rate : rate(site);
      checkRate(`dropPath: block ${site.index}`, p);
      return new DropPathSkip(inner?.at(site) ?? null, p, per, rescale);
    },
  };
}
