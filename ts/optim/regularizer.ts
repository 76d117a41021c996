// Penalties on weights that take the place of weight decay. The orthonormal one (Xie et al., CVPR 2017, eq. 3):
//   R = lambda/2 sum over layers and groups of ||W^T W - I||_F^2,   gradient 2 lambda W (W^T W - I)
// It is a term of the loss: its gradient comes to that of the data before clipping, and no modulation of errors touches it.
import { add, alias, defineOp, orthonormalPenalty as penaltyOf, type Tensor } from "../autograd/index.ts";
import { Conv2d, filtersOf, Linear, type Filters, type Module, type Variable } from "../nn/index.ts";

/** What takes the place of weight decay on the weights it covers. */
export interface WeightPenalty {
  readonly label: string;
  /** The weights it covers, by key. */
  weightsOf(model: Module): ReadonlyMap<Variable, string>;
}

export interface OrthonormalOptions {
  /** The paper's value could not be read; 1e-4 is ours. */
  readonly lambda?: number;
  /** Add the penalty to the loss that is reported; without, to the gradients alone. */
  readonly reported?: boolean;
  /** Layers to cover; by default convolutions, and linear layers of no more outputs than inputs. */
  readonly which?: (path: string, layer: Conv2d | Linear) => boolean;
}

/** The value of `a`, with the gradients of a + b. */
const withGradientOf = defineOp<readonly [Tensor, Tensor], object>("withGradientOf", {
  forward: ([a]) => a,
  vjp: (dy) => [() => alias(dy), () => alias(dy)],
  samples: [],
});

interface Covered {
  readonly keys: ReadonlyMap<Variable, string>;
  readonly weights: readonly Variable[];
  readonly layouts: readonly Filters[];
}

function usually(_path: string, layer: Conv2d | Linear): boolean {
  return layer instanceof Conv2d || layer.weight.shape[0] <= layer.weight.shape[1];
}

export class OrthonormalPenalty implements WeightPenalty {
  readonly label = "orthonormal penalty";
  readonly lambda: number;
  readonly reported: boolean;
  private readonly which: (path: string, layer: Conv2d | Linear) => boolean;
  private readonly known = new WeakMap<Module, Covered>();

  constructor({ lambda = 1e-4, reported = true, which = usually }: OrthonormalOptions = {}) {
    if (!(lambda > 0 && lambda < Infinity)) throw new Error(`orthonormalPenalty: lambda ${lambda}, wanted a finite one above 0`);
    this.lambda = lambda;
    this.reported = reported;
    this.which = which;
  }

  private coveredOf(model: Module): Covered {
    const known = this.known.get(model);
    if (known) return known;
    const keys = new Map<Variable, string>();
    for (const [path, layer] of model.namedModules()) {
      if (!(layer instanceof Conv2d || layer instanceof Linear) || !this.which(path, layer)) continue;
      const groups = layer instanceof Conv2d ? (layer.options.groups ?? 1) : 1;
      if (groups !== 1)
        throw new Error(`orthonormalPenalty: ${path}, a convolution in ${groups} groups, wanted 1 or a layer that \`which\` leaves out`);
      if (!keys.has(layer.weight)) keys.set(layer.weight, path === "" ? "weight" : `${path}.weight`);
    }
    if (keys.size === 0) throw new Error("orthonormalPenalty: a model with 0 weights to cover, wanted at least 1");
    const weights = [...keys.keys()];
    const covered = { keys, weights, layouts: weights.map(({ shape }) => filtersOf(shape)) };
    this.known.set(model, covered);
    return covered;
  }

  weightsOf(model: Module): ReadonlyMap<Variable, string> {
    return this.coveredOf(model).keys;
  }

  /** R, a tensor of one value. All threads have the same. */
  of(model: Module): Tensor {
    const { weights, layouts } = this.coveredOf(model);
    return penaltyOf(weights, layouts, { lambda: this.lambda });
  }

  /** loss + R; without `reported` the loss's own value, with the gradients of the sum. */
  addTo(loss: Tensor, model: Module): Tensor {
    const penalty = this.of(model);
    return this.reported ? add(loss, penalty) : withGradientOf([loss, penalty], {});
  }
}

/** The penalty as an object for parameterGroups() and for the loss of a program. */
export function orthonormal(options: OrthonormalOptions = {}): OrthonormalPenalty {
  return new OrthonormalPenalty(options);
}
