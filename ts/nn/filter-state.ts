// How files name and order the filters of convolutions: [outputs, inputs / groups, rows, columns] of a weight [R, S, inputs / groups, outputs].
import type { StateEntry, Variable } from "./module.ts";

/** The entries of a convolution's weight and bias. */
export function filterState(weight: Variable, bias: Variable | null): StateEntry[] {
  const [rows, columns, inputs, outputs] = weight.shape;
  const place = (index: number): number => {
    const s = index % columns;
    const r = Math.floor(index / columns) % rows;
    const c = Math.floor(index / (columns * rows)) % inputs;
    const k = Math.floor(index / (columns * rows * inputs));
    return ((r * columns + s) * inputs + c) * outputs + k;
  };
  const entry = { key: "weight", variable: weight, shape: [outputs, inputs, rows, columns], place };
  return bias ? [entry, { key: "bias", variable: bias, shape: bias.shape }] : [entry];
}
