// Sums, means and extremes over axes. Over the batch axis of a batch they are formed shard by shard and combined in the fixed tree,
// so that they are the same however many threads hold the batch; the result then belongs to no batch.
import { wantOptions } from "../../options.ts";
import { affine as affineKernel } from "../../kernels/elementwise.ts";
import { argmax as argmaxKernel, reduceMax, reduceMaxBackward } from "../../kernels/reduce.ts";
import { emptyLike, launch, rowsOf } from "../launch.ts";
import { defineOp } from "../op.ts";
import { alias } from "../scope.ts";
import { finish, sumOverSamples } from "../shard-sum.ts";
import { countAlong, expanded, reduced } from "../strided.ts";
import { shapeText, sizeOf, type Shape, type Tensor } from "../tensor.ts";

export type Axes = number | readonly number[];

export interface ReduceOptions {
  /** Axes to reduce, negative from the end; all by default. */
  readonly axes?: Axes;
  /** Keep reduced axes with length 1. */
  readonly keepDims?: boolean;
}

export interface ExtremeOptions extends Pick<ReduceOptions, "keepDims"> {
  /** The axis to look along, negative from the end. */
  readonly axis?: number;
}

/** Axes as sorted whole numbers from 0. Errors: an axis out of range or named twice. */
export function resolveAxes(who: string, shape: Shape, axes?: Axes): number[] {
  if (axes === undefined) return shape.map((_length, axis) => axis);
  const resolved = [axes].flat().map((axis) => {
    if (!Number.isInteger(axis) || axis < -shape.length || axis >= shape.length)
      throw new Error(`${who}: axis ${axis} of ${shapeText(shape)}, wanted ${-shape.length} to ${shape.length - 1}`);
    return axis < 0 ? axis + shape.length : axis;
  });
  if (new Set(resolved).size !== resolved.length) throw new Error(`${who}: axes [${resolved.join(",")}], wanted each once`);
  return resolved.sort((a, b) => a - b);
}

function dropped(shape: Shape, axes: readonly number[]): number[] {
  return shape.filter((_length, axis) => !axes.includes(axis));
}

function kept(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}

export const sumOp = /* @__PURE__ */ defineOp<readonly [Tensor], { readonly axes: readonly number[]; readonly scale: number }>("sum", {
  forward: ([x], { axes, scale }) => {
    const shape = kept(x.shape, axes);
    const overBatch = x.batch !== null && axes.includes(0);
    const total = overBatch
      ? finish(
          sumOverSamples(x.backend, x.batch, x.shape[0], shape, (from, count, out) => {
            const part = reduced(rowsOf(x, from, count), axes);
            out.backend.copy(out.backend.view(part.buffer, 0, out.size), out.backend.view(out.buffer, 0, out.size));
          }),
          x.backend,
        )
      : reduced(x, axes);
    let value = total;
    if (scale !== 1) {
      value = emptyLike(total);
      launch(affineKernel, { x: total, y: value }, { length: total.size, scale, shift: 0 });
    }
    return { value: alias(value), batch: overBatch ? null : x.batch };
  },
  vjp: (dy, _y, [x], { scale }) => [
    () => {
      const wide = expanded(dy, x.shape);
      if (scale === 1) return alias(wide);
      const dx = emptyLike(x);
      launch(affineKernel, { x: wide, y: dx }, { length: x.size, scale, shift: 0 });
      return dx;
    },
  ],
  samples: [
    { inputs: [[3, 4]], attributes: { axes: [0, 1], scale: 1 } },
    { inputs: [[3, 4, 5]], attributes: { axes: [1], scale: 0.5 } },
    { inputs: [[3, 4, 5]], attributes: { axes: [0, 2], scale: 1 } },
  ],
});

export const maxOp = /* @__PURE__ */ defineOp<readonly [Tensor], { readonly axis: number }>("max", {
  forward: ([x], { axis }) => {
    const numbers = aroundAxis("max", x, axis);
    const value = emptyLike(x, kept(x.shape, [axis]));
    const index = emptyLike(value);
    launch(reduceMax, { x, y: value }, numbers);
    launch(argmaxKernel, { x, y: index }, numbers);
    return { value, saved: [index] };
  },
  vjp: (dy, _y, [x], { axis }, [index]) => [
    () => {
      const dx = emptyLike(x);
      launch(reduceMaxBackward, { index, dy, dx }, aroundAxis("max", x, axis));
      return dx;
    },
  ],
  samples: [
    { inputs: [[3, 4]], attributes: { axis: 1 } },
    { inputs: [[3, 4, 2]], attributes: { axis: 1 } },
  ],
});

function aroundAxis(who: string, x: Tensor, axis: number): { outer: number; length: number; inner: number } {
  if (x.batch !== null && axis === 0) throw new Error(`${who}: over the batch axis of a batch, wanted an axis within a sample`);
  const length = x.shape[axis];
  if (length === 0) throw new Error(`${who}: an axis of length 0, wanted at least 1`);
  return { outer: sizeOf(x.shape.slice(0, axis)), length, inner: sizeOf(x.shape.slice(axis + 1)) };
}

export const reshapeOp = /* @__PURE__ */ defineOp<readonly [Tensor], { readonly shape: Shape }>("reshape", {
  forward: ([x], { shape }) => alias(x, shape),
  vjp: (dy, _y, [x]) => [() => alias(dy, x.shape)],
  samples: [{ inputs: [[2, 6]], attributes: { shape: [3, 4] } }],
});

const toShape = (x: Tensor, shape: Shape): Tensor => reshapeOp([x], { shape });

/** A result of which axes have length 1, without them unless they are to be kept. */
function squeezed(y: Tensor, axes: readonly number[], keepDims = false): Tensor {
  return keepDims ? y : toShape(y, dropped(y.shape, axes));
}

/** Options of which the axes may stand alone. Error: an option of another name. */
function options(who: string, name: "axis" | "axes", given: Axes | ReduceOptions | ExtremeOptions): ReduceOptions & ExtremeOptions {
  const all = typeof given === "number" || Array.isArray(given) ? { [name]: given } : given;
  wantOptions(who, all, name, "keepDims");
  return all as ReduceOptions;
}

function summed(who: string, x: Tensor, given: Axes | ReduceOptions, ofMean: boolean): Tensor {
  const { axes, keepDims } = options(who, "axes", given);
  const over = resolveAxes(who, x.shape, axes);
  return squeezed(sumOp([x], { axes: over, scale: ofMean ? 1 / countAlong(x, over) : 1 }), over, keepDims);
}

/** Sum over axes, all by default: sum(x, -1), sum(x, [1, 2]) or sum(x, { axes: 0, keepDims: true }). */
export function sum(x: Tensor, axes: Axes | ReduceOptions = {}): Tensor {
  return summed("sum", x, axes, false);
}

/** Mean over axes, all by default, given as for sum; over the batch axis of a batch, of the whole batch. */
export function mean(x: Tensor, axes: Axes | ReduceOptions = {}): Tensor {
  return summed("mean", x, axes, true);
}

/** Largest value along an axis, max(x, 1) or max(x, { axis: 1, keepDims: true }), or of all; the gradient goes to the first of equals. */
export function max(x: Tensor, along: number | ExtremeOptions = {}): Tensor {
  const { axis, keepDims } = options("max", "axis", along);
  if (axis === undefined) return squeezed(maxOp([toShape(x, [x.size])], { axis: 0 }), [0], keepDims);
  const over = resolveAxes("max", x.shape, axis);
  return squeezed(maxOp([x], { axis: over[0] }), over, keepDims);
}

/** Index of the largest value along an axis (the last by default), the first of equals; without a gradient. */
export function argmax(x: Tensor, along: number | ExtremeOptions = {}): Tensor {
  const { axis = -1, keepDims } = options("argmax", "axis", along);
  const over = resolveAxes("argmax", x.shape, axis);
  const y = emptyLike(x, (keepDims ? kept : dropped)(x.shape, over));
  launch(argmaxKernel, { x, y }, aroundAxis("argmax", x, over[0]));
  y.batch = over[0] === 0 ? null : x.batch;
  return y;
}
