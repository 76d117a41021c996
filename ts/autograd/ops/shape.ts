// Operations that move values without changing them: reshape, transpose, slice, concat, pad, broadcast.
import { emptyLike } from "../launch.ts";
import { defineOp, leaveBatch } from "../op.ts";
import { alias } from "../scope.ts";
import { broadcastShape, copyLayout, expanded, stridesOf, sumTo } from "../strided.ts";
import { shapeText, sizeOf, type Shape, type Tensor } from "../tensor.ts";
import { reshapeOp, resolveAxes } from "./reduce.ts";

type One = readonly [Tensor];

function inverseOf(order: readonly number[]): number[] {
  const inverse = new Array<number>(order.length);
  order.forEach((axis, place) => (inverse[axis] = place));
  return inverse;
}

function permuted(x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis]);
  const own = stridesOf(x.shape);
  const y = emptyLike(x, shape);
  copyLayout(x, y, shape, { strides: order.map((axis) => own[axis]) }, { strides: stridesOf(shape) });
  return y;
}

export const transposeOp = /* @__PURE__ */ defineOp<One, { readonly order: readonly number[] }>("transpose", {
  forward: ([x], { order }) => ({ value: permuted(x, order), batch: order[0] === 0 ? x.batch : leaveBatch("transpose", x) }),
  vjp: (dy, _y, _x, { order }) => [() => permuted(dy, inverseOf(order))],
  samples: [
    { inputs: [[3, 4]], attributes: { order: [1, 0] } },
    { inputs: [[2, 3, 4]], attributes: { order: [2, 0, 1] } },
  ],
});

interface Window {
  readonly starts: readonly number[];
  readonly shape: Shape;
}

function offsetOf(strides: readonly number[], starts: readonly number[]): number {
  return starts.reduce((offset, start, axis) => offset + start * strides[axis], 0);
}

/** A window of x, copied out. */
function cut(x: Tensor, { starts, shape }: Window): Tensor {
  const y = emptyLike(x, shape);
  const strides = stridesOf(x.shape);
  copyLayout(x, y, shape, { strides, offset: offsetOf(strides, starts) }, { strides: stridesOf(shape) });
  return y;
}

/** x copied into a window of a tensor of `shape` that is `value` elsewhere. */
function placed(x: Tensor, shape: Shape, starts: readonly number[], value: number): Tensor {
  const y = emptyLike(x, shape);
  if (x.size !== y.size) y.backend.fill(y.buffer, value);
  const strides = stridesOf(shape);
  copyLayout(x, y, x.shape, { strides: stridesOf(x.shape) }, { strides, offset: offsetOf(strides, starts) });
  return y;
}

export const sliceOp = /* @__PURE__ */ defineOp<One, Window>("slice", {
  forward: ([x], window) => cut(x, window),
  vjp: (dy, _y, [x], { starts }) => [() => placed(dy, x.shape, starts, 0)],
  samples: [{ inputs: [[3, 5]], attributes: { starts: [1, 2], shape: [2, 3] } }],
});

export const padOp = /* @__PURE__ */ defineOp<
  One,
  { readonly before: readonly number[]; readonly after: readonly number[]; readonly value: number }
>("pad", {
  forward: ([x], { before, after, value }) =>
    placed(
      x,
      x.shape.map((length, axis) => length + before[axis] + after[axis]),
      before,
      value,
    ),
  vjp: (dy, _y, [x], { before }) => [() => cut(dy, { starts: before, shape: x.shape })],
  samples: [{ inputs: [[2, 3]], attributes: { before: [1, 0], after: [0, 2], value: 0.5 } }],
});

export const concatOp = /* @__PURE__ */ defineOp<readonly Tensor[], { readonly axis: number }>("concat", {
  forward: (inputs, { axis }) => {
    const total = inputs.reduce((length, input) => length + input.shape[axis], 0);
    const shape = inputs[0].shape.map((length, place) => (place === axis ? total : length));
    const y = emptyLike(inputs[0], shape);
    const strides = stridesOf(shape);
    let start = 0;
    for (const input of inputs) {
      copyLayout(input, y, input.shape, { strides: stridesOf(input.shape) }, { strides, offset: start * strides[axis] });
      start += input.shape[axis];
    }
    return y;
  },
  vjp: (dy, _y, inputs, { axis }) => {
    let start = 0;
    return inputs.map(({ shape }) => {
      const starts = shape.map((_length, place) => (place === axis ? start : 0));
      start += shape[axis];
      return () => cut(dy, { starts, shape });
    });
  },
  samples: [
    {
      inputs: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      attributes: { axis: 1 },
    },
  ],
});

export const broadcastOp = /* @__PURE__ */ defineOp<One, { readonly shape: Shape }>("broadcast", {
  forward: ([x], { shape }) => alias(expanded(x, shape)),
  vjp: (dy, _y, [x]) => [() => sumTo(dy, x)],
  samples: [{ inputs: [[3, 1]], attributes: { shape: [2, 3, 4] } }],
});

/** The same values in another shape, a list or its lengths one by one; one length may be -1. */
export function reshape(x: Tensor, ...given: readonly number[] | readonly [Shape]): Tensor {
  const shape = given.flat();
  const known = sizeOf(shape.filter((length) => length !== -1));
  const open = shape.filter((length) => length === -1).length;
  const resolved = shape.map((length) => (length === -1 ? x.size / known : length));
  if (open > 1 || sizeOf(resolved) !== x.size || resolved.some((length) => !Number.isInteger(length)))
    throw new Error(`reshape: ${shapeText(x.shape)} to ${shapeText(shape)}, wanted ${x.size} elements and at most one -1`);
  return reshapeOp([x], { shape: resolved });
}

/** Two axes in each other's place, by default the last two; with a list, all axes in that order (PyTorch's permute). */
export function transpose(x: Tensor, ...given: readonly [] | readonly [Shape] | readonly [number, number]): Tensor {
  const [order = -2, other = -1] = given;
  let resolved = order as Shape;
  if (typeof order === "number") {
    const [[a], [b]] = [resolveAxes("transpose", x.shape, order), resolveAxes("transpose", x.shape, other)];
    resolved = x.shape.map((_length, axis) => (axis === a ? b : axis === b ? a : axis));
  }
  if (resolveAxes("transpose", x.shape, resolved).length !== x.rank)
    throw new Error(`transpose: order [${resolved.join(",")}] of ${x.rank} axes, wanted all of them`);
  return transposeOp([x], { order: resolved.map((axis) => (axis < 0 ? axis + x.rank : axis)) });
}

/** The window from `starts` up to (not with) `ends`; missing entries take a whole axis, negative ones count from the end. */
export function slice(x: Tensor, starts: readonly number[], ends: readonly number[] = []): Tensor {
  if (![starts, ends].every(Array.isArray))
    throw new Error(`slice: ${String(starts)} to ${String(ends)}, wanted lists of a number an axis`);
  const from = x.shape.map((length, axis) => {
    const start = starts[axis] ?? 0;
    return start < 0 ? start + length : start;
  });
  const to = x.shape.map((length, axis) => {
    const end = ends[axis] ?? length;
    return end < 0 ? end + length : end;
  });
  x.shape.forEach((length, axis) => {
    if (from[axis] < 0 || to[axis] > length || from[axis] > to[axis])
      throw new Error(`slice: ${from[axis]} to ${to[axis]} on axis ${axis} of ${shapeText(x.shape)}, wanted within 0 to ${length}`);
  });
  if (x.batch !== null && (from[0] !== 0 || to[0] !== x.shape[0]))
    throw new Error("slice: part of the batch axis of a batch, wanted a window within the samples");
  return sliceOp([x], { starts: from, shape: to.map((end, axis) => end - from[axis]) });
}

/** Tensors one after the other along an axis. */
export function concat(inputs: readonly Tensor[], { axis = 0 }: { axis?: number } = {}): Tensor {
  if (inputs.length === 0) throw new Error("concat: no tensors, wanted at least one");
  const [along] = resolveAxes("concat", inputs[0].shape, axis);
  for (const input of inputs)
    if (input.rank !== inputs[0].rank || input.shape.some((length, place) => place !== along && length !== inputs[0].shape[place]))
      throw new Error(`concat: ${shapeText(inputs[0].shape)} and ${shapeText(input.shape)}, wanted equal lengths but on axis ${along}`);
  return concatOp(inputs, { axis: along });
}

/** x with `value` around it: counts before and after, an axis each. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[] = before, value = 0): Tensor {
  if (before.length !== x.rank || after.length !== x.rank)
    throw new Error(`pad: ${before.length} and ${after.length} counts for ${shapeText(x.shape)}, wanted ${x.rank} each`);
  return padOp([x], { before, after, value });
}

/** x repeated to a shape, as broadcasting would. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  const reached = broadcastShape("broadcastTo", x.shape, shape);
  if (reached.length !== shape.length || reached.some((length, axis) => length !== shape[axis]))
    throw new Error(`broadcastTo: ${shapeText(x.shape)} to ${shapeText(shape)}, wanted a shape that it broadcasts to`);
  return broadcastOp([x], { shape });
}
