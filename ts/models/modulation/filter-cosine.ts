// How far the filters of layers are from orthogonal to each other: the mean cosine of pairs.
import { matmul, noGrad, reshape, scope, transpose } from "../../autograd/index.ts";
import { Conv2d, filtersOf, Linear, type Module, type Variable } from "../../nn/index.ts";

export interface FilterCosine {
  /** Path of the layer. */
  readonly layer: string;
  /** Mean over pairs i < j of <w_i, w_j> / (||w_i|| ||w_j||). */
  readonly mean: number;
  /** The same of absolute values. */
  readonly absolute: number;
}

/** Mean cosine of pairs of filters of one weight; 0 for a single filter. A filter of zeros has cosine 0 with all others. */
export function filterCosine(weight: Variable): { readonly mean: number; readonly absolute: number } {
  const { inputs, outputs, rows } = filtersOf(weight.shape);
  const gram = scope(() =>
    noGrad(() => {
      const w = reshape(weight, rows ? [outputs, inputs] : [inputs, outputs]);
      return (rows ? matmul(w, transpose(w)) : matmul(transpose(w), w)).toArray();
    }),
  );
  const norms = Float64Array.from({ length: outputs }, (_, i) => Math.sqrt(gram[i * outputs + i]));
  let mean = 0;
  let absolute = 0;
  for (let i = 0; i < outputs; i++)
    for (let j = i + 1; j < outputs; j++) {
      const product = norms[i] * norms[j];
      const cosine = product > 0 ? gram[i * outputs + j] / product : 0;
      mean += cosine;
      absolute += Math.abs(cosine);
    }
  const pairs = Math.max(1, (outputs * (outputs - 1)) / 2);
  return { mean: mean / pairs, absolute: absolute / pairs };
}

/** Mean cosine of pairs of filters of all convolutions and linear layers, in the model's order. */
export function filterCosines(model: Module): FilterCosine[] {
  return [...model.namedModules()].flatMap(([layer, module]) =>
    module instanceof Conv2d || module instanceof Linear ? [{ layer, ...filterCosine(module.weight) }] : [],
  );
}
