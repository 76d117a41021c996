// Gradients against differences, for operations and models of one's own. Run it on the reference backend, which is float64:
//   withBackend(createReferenceBackend(), () => scope(() => gradientError((x) => square([x], {}), [tensor([1, -2, 3])])))  // about 1e-11
import { gradients } from "./backward.ts";
import { tensor } from "./create.ts";
import { multiply } from "./ops/elementwise.ts";
import { sum } from "./ops/reduce.ts";
import { noGrad, scope } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

/** Weights for the values of a result, so that no two of them count alike. */
const weightOf = (_: unknown, index: number): number => (((index * 7 + 3) % 11) - 4.5) / 11;

/**
 * The largest difference between the gradients of f by its inputs and central differences with this step, both of a weighted sum of f's
 * values. In float64 it is below 1e-7 where the gradient is right and f has no kink within a step of the inputs.
 */
export function gradientError(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { step = 1e-4 }: { readonly step?: number } = {},
): number {
  const values = inputs.map((input) => Float64Array.from(input.toArray()));
  const lossOf = (given: readonly Tensor[]): Tensor => {
    const y = f(...given);
    return sum(multiply(y, tensor(Float64Array.from({ length: y.size }, weightOf), y.shape, { backend: y.backend })));
  };
  const made = (requiresGrad: boolean): Tensor[] =>
    values.map((own, index) => tensor(own, inputs[index].shape, { requiresGrad, backend: inputs[index].backend }));
  const slopes = scope(() => {
    const leaves = made(true);
    return gradients(lossOf(leaves), leaves).map((gradient) => Float64Array.from(gradient.toArray()));
  });
  let largest = 0;
  values.forEach((own, input) =>
    own.forEach((value, index) => {
      const at = (moved: number): number => {
        own[index] = moved;
        const loss = scope(() => noGrad(() => lossOf(made(false)).item()));
        own[index] = value;
        return loss;
      };
      const difference = Math.abs((at(value + step) - at(value - step)) / (2 * step) - slopes[input][index]);
      if (!(difference <= largest || Number.isNaN(largest))) largest = difference;
    }),
  );
  return largest;
}
