// Matrix products. Weight gradients of a batch are formed shard by shard.
import { gemmNn, gemmNt, gemmTn } from "../../kernels/gemm.ts";
import { reduceSum } from "../../kernels/reduce.ts";
import { emptyLike, launch, rowsOf } from "../launch.ts";
import { defineOp, leaveBatch } from "../op.ts";
import { overBuffer } from "../scope.ts";
import { sumOverSamples } from "../shard-sum.ts";
import { broadcastShape, expanded, sumTo } from "../strided.ts";
import { type ShardSum, shapeText, sizeOf, type Shape, type Tensor } from "../tensor.ts";

type GemmKernel = typeof gemmNn;

function product(kernel: GemmKernel, a: Tensor, b: Tensor, bias: Tensor | null, shape: Shape, m: number, n: number, k: number): Tensor {
  const c = emptyLike(a, shape);
  launch(kernel, { a, b, bias, c }, { m, n, k });
  return c;
}

/** Rows of x as one matrix; there are some even where they are empty. */
function rowCount(x: Tensor): number {
  return sizeOf(x.shape.slice(0, -1));
}

/** Matrix number `index` of a stack. */
function matrix(stack: Tensor, index: number, elements: number): Tensor {
  return overBuffer(stack.backend, [elements], stack.backend.view(stack.buffer, index * elements, elements));
}

/** Matrix by matrix: c[i] = a[i] b[i] for stacks of as many. */
function stacked(kernel: GemmKernel, a: Tensor, b: Tensor, batch: Shape, m: number, n: number, k: number): Tensor {
  const c = emptyLike(a, [...batch, m, n]);
  for (let index = 0; index < sizeOf(batch); index++)
    launch(kernel, { a: matrix(a, index, m * k), b: matrix(b, index, k * n), bias: null, c: matrix(c, index, m * n) }, { m, n, k });
  return c;
}

/** Sum over samples of left^T right, where both have `samples` on their first axis and their last axis stays. */
function outerSum(left: Tensor, right: Tensor, shape: Shape): Tensor | ShardSum {
  const [m, n] = [left.shape[left.rank - 1], right.shape[right.rank - 1]];
  const slice = right.batch ?? left.batch;
  return sumOverSamples(left.backend, slice, left.shape[0], shape, (from, count, out) => {
    const a = rowsOf(left, from, count);
    launch(gemmTn, { a, b: rowsOf(right, from, count), bias: null, c: out }, { m, n, k: m === 0 ? 0 : a.size / m });
  });
}

/** x [..., m, k] times a matrix [k, n] that all share. */
export const matmulSharedOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor], object>("matmulShared", {
  forward: ([x, w]) => {
    const [k, n] = w.shape;
    const value = product(gemmNn, x, w, null, [...x.shape.slice(0, -1), n], rowCount(x), n, k);
    // A batch as the right factor is summed over.
    return { value, batch: w.batch === null ? x.batch : leaveBatch("matmul", w) };
  },
  vjp: (dy, _y, [x, w]) => {
    const [k, n] = w.shape;
    return [() => product(gemmNt, dy, w, null, x.shape, rowCount(x), k, n), () => outerSum(x, dy, w.shape)];
  },
  samples: [
    {
      inputs: [
        [3, 4],
        [4, 5],
      ],
      attributes: {},
    },
    {
      inputs: [
        [2, 3, 4],
        [4, 1],
      ],
      attributes: {},
    },
  ],
});

/** Stacks of matrices [..., m, k] and [..., k, n], leading axes broadcast. */
export const matmulStackedOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor], object>("matmulStacked", {
  forward: ([a, b]) => {
    const { batch, m, n, k } = stackSizes(a, b);
    return stacked(gemmNn, expanded(a, [...batch, m, k]), expanded(b, [...batch, k, n]), batch, m, n, k);
  },
  vjp: (dy, _y, [a, b]) => {
    const { batch, m, n, k } = stackSizes(a, b);
    const summed = (part: Tensor, target: Tensor): Tensor | ShardSum => {
      part.batch = dy.batch;
      return sumTo(part, target);
    };
    return [
      () => summed(stacked(gemmNt, dy, expanded(b, [...batch, k, n]), batch, m, k, n), a),
      () => summed(stacked(gemmTn, expanded(a, [...batch, m, k]), dy, batch, k, n, m), b),
    ];
  },
  samples: [
    {
      inputs: [
        [2, 3, 4],
        [2, 4, 5],
      ],
      attributes: {},
    },
    {
      inputs: [
        [3, 4],
        [2, 4, 2],
      ],
      attributes: {},
    },
  ],
});

function stackSizes(a: Tensor, b: Tensor): { batch: Shape; m: number; n: number; k: number } {
  const batch = broadcastShape("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return { batch, m: a.shape[a.rank - 2], n: b.shape[b.rank - 1], k: a.shape[a.rank - 1] };
}

/** y = x W^T + b, W [out, in] as in PyTorch. */
export const linearOp = /* @__PURE__ */ defineOp<readonly [Tensor, Tensor, Tensor | null], object>("linear", {
  forward: ([x, weight, bias]) => {
    const [n, k] = weight.shape;
    return product(gemmNt, x, weight, bias, [...x.shape.slice(0, -1), n], rowCount(x), n, k);
  },
  vjp: (dy, _y, [x, weight, bias]) => {
    const [n, k] = weight.shape;
    return [
      () => product(gemmNn, dy, weight, null, x.shape, rowCount(x), k, n),
      () => outerSum(dy, x, weight.shape),
      bias ? () => columnSum(dy, n) : null,
    ];
  },
  samples: [
    { inputs: [[5, 4], [3, 4], [3]], attributes: {} },
    { inputs: [[2, 3, 4], [1, 4], null], attributes: {} },
  ],
});

/** Sum of dy over all axes but the last: the gradient of a bias. */
export function columnSum(dy: Tensor, columns: number): Tensor | ShardSum {
  return sumOverSamples(dy.backend, dy.batch, dy.shape[0], [columns], (from, count, out) => {
    const x = rowsOf(dy, from, count);
    launch(reduceSum, { x, y: out }, { outer: 1, length: columns === 0 ? 0 : x.size / columns, inner: columns });
  });
}

/** Matrix product of the last two axes; leading axes broadcast. Shapes [..., m, k] and [..., k, n] give [..., m, n]. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank < 2 || b.rank < 2) throw new Error(`matmul: ${shapeText(a.shape)} by ${shapeText(b.shape)}, wanted at least 2 axes each`);
  if (a.shape[a.rank - 1] !== b.shape[b.rank - 2])
    throw new Error(`matmul: ${shapeText(a.shape)} by ${shapeText(b.shape)}, inner sizes differ, wanted equal`);
  return b.rank === 2 ? matmulSharedOp([a, b], {}) : matmulStackedOp([a, b], {});
}

/** x W^T + b for x [..., in], W [out, in], b [out]. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  if (x.rank < 2 || weight.rank !== 2 || x.shape[x.rank - 1] !== weight.shape[1])
    throw new Error(`linear: input ${shapeText(x.shape)} with weight ${shapeText(weight.shape)}, wanted [rows, ..., in] with [out, in]`);
  if (bias && (bias.rank !== 1 || bias.shape[0] !== weight.shape[0]))
    throw new Error(`linear: bias ${shapeText(bias.shape)} with weight ${shapeText(weight.shape)}, wanted [${weight.shape[0]}]`);
  return linearOp([x, weight, bias], {});
}
