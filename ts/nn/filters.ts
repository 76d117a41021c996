// A weight as filters, one for each output, each of all its inputs: the columns of a filter [R,S,C,K], the rows of a matrix [out,in].
// More than `inputs` filters cannot be orthonormal, so that wider layers have them in groups of nearly equal size.
import { shapeText, sizeOf, type Shape } from "../autograd/index.ts";

export interface Filters {
  /** Length of a filter. */
  readonly inputs: number;
  /** Number of filters. */
  readonly outputs: number;
  /** Filters are rows of the weight; else columns. */
  readonly rows: boolean;
  /** Sizes of the ceil(outputs / inputs) groups of neighbors, in order. */
  readonly groups: readonly number[];
}

/** The filters of a weight of this shape. Error: a shape of less than two axes. */
export function filtersOf(shape: Shape): Filters {
  if (shape.length < 2 || sizeOf(shape) === 0)
    throw new Error(`filters: a weight of shape ${shapeText(shape)}, wanted [out,in] or [R,S,C,K] of at least 1 each`);
  const rows = shape.length === 2;
  const outputs = rows ? shape[0] : shape[shape.length - 1];
  const inputs = sizeOf(shape) / outputs;
  const count = Math.ceil(outputs / inputs);
  const start = (group: number): number => Math.floor((group * outputs) / count);
  const groups = Array.from({ length: count }, (_, group) => start(group + 1) - start(group));
  return { inputs, outputs, rows, groups };
}
