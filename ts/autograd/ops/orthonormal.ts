// How far the filters of weights are from orthonormal: lambda/2 sum ||W^T W - I||_F^2, one matrix W [inputs, filters] a group of filters.
// Gradient: 2 lambda W (W^T W - I).
import { affine as affineKernel } from "../../kernels/elementwise.ts";
import { gemmNn, gemmNt, gemmTn } from "../../kernels/gemm.ts";
import { reduceSum, sumOfSquares } from "../../kernels/reduce.ts";
import { emptyLike, launch } from "../launch.ts";
import { defineOp } from "../op.ts";
import { overBuffer } from "../scope.ts";
import { copyLayout } from "../strided.ts";
import { shapeText, type Tensor } from "../tensor.ts";
import { multiply } from "./elementwise.ts";

/** How a weight holds its filters. */
export interface FilterLayout {
  /** Length of a filter. */
  readonly inputs: number;
  /** Filters are rows of the weight; else columns. */
  readonly rows: boolean;
  /** Sizes of groups of neighbors. */
  readonly groups: readonly number[];
}

interface Group extends FilterLayout {
  /** Filters of the whole weight, and the group's first. */
  readonly outputs: number;
  readonly from: number;
  readonly count: number;
}

function groupsOf(layout: FilterLayout): Group[] {
  const outputs = layout.groups.reduce((sum, count) => sum + count, 0);
  let from = 0;
  return layout.groups.map((count) => {
    from += count;
    return { ...layout, outputs, from: from - count, count };
  });
}

/** The filters of a group, [count, inputs] or [inputs, count]: where they lie together, in place. */
function matrixOf(weight: Tensor, { inputs, outputs, rows, from, count }: Group): Tensor {
  if (rows || count === outputs)
    return overBuffer(
      weight.backend,
      rows ? [count, inputs] : [inputs, count],
      weight.backend.view(weight.buffer, from * inputs, count * inputs),
    );
  const matrix = emptyLike(weight, [inputs, count]);
  copyLayout(weight, matrix, matrix.shape, { strides: [outputs, 1], offset: from }, { strides: [count, 1] });
  return matrix;
}

/** W^T W - I of a group, [count, count]. */
function excessOf(weight: Tensor, group: Group): Tensor {
  const { inputs, count, rows } = group;
  const w = matrixOf(weight, group);
  const excess = emptyLike(weight, [count, count]);
  launch(rows ? gemmNt : gemmTn, { a: w, b: w, bias: null, c: excess }, { m: count, n: count, k: inputs });
  const diagonal = emptyLike(weight, [count]);
  const along = { strides: [count + 1] };
  copyLayout(excess, diagonal, [count], along, { strides: [1] });
  launch(affineKernel, { x: diagonal, y: diagonal }, { length: count, scale: 1, shift: -1 });
  copyLayout(diagonal, excess, [count], { strides: [1] }, along);
  return excess;
}

/** The gradient of a weight, given 2 lambda dy (W^T W - I) of each of its groups. */
function gradientOf(weight: Tensor, groups: readonly Group[], excesses: readonly Tensor[]): Tensor {
  const dw = emptyLike(weight);
  groups.forEach((group, index) => {
    const { inputs, outputs, rows, from, count } = group;
    const w = matrixOf(weight, group);
    const excess = excesses[index];
    const apart = !rows && count < outputs;
    const part = apart ? emptyLike(w) : matrixOf(dw, group);
    if (rows) launch(gemmNn, { a: excess, b: w, bias: null, c: part }, { m: count, n: inputs, k: count });
    else launch(gemmNn, { a: w, b: excess, bias: null, c: part }, { m: inputs, n: count, k: count });
    if (apart) copyLayout(part, dw, part.shape, { strides: [count, 1] }, { strides: [outputs, 1], offset: from });
  });
  return dw;
}

export const orthonormalPenaltyOp = /* @__PURE__ */ defineOp<
  readonly Tensor[],
  { readonly lambda: number; readonly layouts: readonly FilterLayout[] }
>("orthonormalPenalty", {
  forward: (weights, { lambda, layouts }) => {
    const excesses = layouts.flatMap((layout, index) => groupsOf(layout).map((group) => excessOf(weights[index], group)));
    const squares = emptyLike(weights[0], [excesses.length]);
    excesses.forEach((excess, index) =>
      squares.backend.run(sumOfSquares, { x: excess.buffer, y: squares.backend.view(squares.buffer, index, 1) }, { length: excess.size }),
    );
    const value = emptyLike(squares, []);
    launch(reduceSum, { x: squares, y: value }, { outer: 1, length: squares.size, inner: 1 });
    launch(affineKernel, { x: value, y: value }, { length: 1, scale: lambda / 2, shift: 0 });
    return { value, saved: excesses, batch: null };
  },
  vjp: (dy, _y, weights, { lambda, layouts }, saved) => {
    let taken = 0;
    return layouts.map((layout, index) => {
      const groups = groupsOf(layout);
      const excesses = saved.slice(taken, (taken += groups.length));
      return () => {
        const scaled = excesses.map((excess) => {
          const y = multiply(excess, dy);
          launch(affineKernel, { x: y, y }, { length: y.size, scale: 2 * lambda, shift: 0 });
          return y;
        });
        return gradientOf(weights[index], groups, scaled);
      };
    });
  },
  samples: [
    { inputs: [[3, 3, 2, 4]], attributes: { lambda: 0.3, layouts: [{ inputs: 18, rows: false, groups: [4] }] } },
    { inputs: [[1, 1, 2, 5]], attributes: { lambda: 0.3, layouts: [{ inputs: 2, rows: false, groups: [2, 1, 2] }] } },
    {
      inputs: [
        [3, 4],
        [7, 3],
        [2, 1, 3, 1],
      ],
      attributes: {
        lambda: 1.5,
        layouts: [
          { inputs: 4, rows: true, groups: [3] },
          { inputs: 3, rows: true, groups: [2, 3, 2] },
          { inputs: 6, rows: false, groups: [1] },
        ],
      },
    },
  ],
});

/**
 * lambda/2 sum over weights and their groups of ||W^T W - I||_F^2, a tensor of one value of no batch. Error: a weight that is not as
 * long as its layout says.
 */
export function orthonormalPenalty(weights: readonly Tensor[], layouts: readonly FilterLayout[], { lambda }: { lambda: number }): Tensor {
  if (weights.length === 0 || weights.length !== layouts.length)
    throw new Error(`orthonormalPenalty: ${weights.length} weights with ${layouts.length} layouts, wanted as many and at least 1`);
  weights.forEach(({ size, shape }, index) => {
    const { inputs, groups } = layouts[index];
    const filters = groups.reduce((sum, count) => sum + count, 0);
    if (size !== inputs * filters)
      throw new Error(
        `orthonormalPenalty: a weight of shape ${shapeText(shape)} for ${filters} filters of ${inputs}, wanted as many values`,
      );
  });
  return orthonormalPenaltyOp([...weights], { lambda, layouts });
}
