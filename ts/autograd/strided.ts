// Copies between differently laid out tensors and sums over axes, without recording: what broadcasting and its gradients need.
import { copyStrided } from "../kernels/elementwise.ts";
import { reduceSum } from "../kernels/reduce.ts";
import { alias } from "./scope.ts";
import { sumOverSamples } from "./shard-sum.ts";
import { emptyLike, launch, rowsOf } from "./launch.ts";
import { type ShardSum, shapeText, sizeOf, type Shape, type Tensor } from "./tensor.ts";

const RANK = 6;

/** Strides of a row-major shape. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Values along axes; along the batch axis of a batch, those of the whole batch. */
export function countAlong(x: Tensor, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * (axis === 0 && x.batch !== null ? x.batch.size : x.shape[axis]), 1);
}

export interface Layout {
  readonly strides: readonly number[];
  readonly offset?: number;
}

/** Copies x to y over all indices of `shape`. Error: more than 6 axes that do not merge. */
export function copyLayout(x: Tensor, y: Tensor, shape: Shape, from: Layout, to: Layout): void {
  // Merge neighbouring axes that are contiguous on both sides.
  const sizes: number[] = [];
  const xs: number[] = [];
  const ys: number[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const last = sizes.length - 1;
    if (last >= 0 && xs[last] === from.strides[axis] * length && ys[last] === to.strides[axis] * length) {
      sizes[last] *= length;
      xs[last] = from.strides[axis];
      ys[last] = to.strides[axis];
    } else {
      sizes.push(length);
      xs.push(from.strides[axis]);
      ys.push(to.strides[axis]);
    }
  });
  if (sizes.length > RANK) throw new Error(`copy: ${sizes.length} axes of ${shapeText(shape)}, wanted at most ${RANK}`);
  while (sizes.length < RANK) {
    sizes.unshift(1);
    xs.unshift(0);
    ys.unshift(0);
  }
  const [d0, d1, d2, d3, d4, d5] = sizes;
  const [x0, x1, x2, x3, x4, x5] = xs;
  const [y0, y1, y2, y3, y4, y5] = ys;
  launch(
    copyStrided,
    { x, y },
    { d0, d1, d2, d3, d4, d5, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5, xOffset: from.offset ?? 0, yOffset: to.offset ?? 0 },
  );
}

/** The shape that two shapes broadcast to. Error: lengths that differ and are not 1. */
export function broadcastShape(who: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new Error(`${who}: ${shapeText(a)} and ${shapeText(b)} do not broadcast, wanted equal lengths or 1 on axis ${axis}`);
    shape.push(left === 1 ? right : left);
  }
  return shape;
}

/** x repeated along axes of length 1 (or missing in front) to fill `shape`; x itself when it has that shape. */
export function expanded(x: Tensor, shape: Shape): Tensor {
  if (x.shape.length === shape.length && x.shape.every((length, axis) => length === shape[axis])) return x;
  const y = emptyLike(x, shape);
  const own = stridesOf(x.shape);
  const shift = shape.length - x.shape.length;
  const strides = shape.map((length, axis) => (axis < shift || (x.shape[axis - shift] === 1 && length !== 1) ? 0 : own[axis - shift]));
  copyLayout(x, y, shape, { strides }, { strides: stridesOf(shape) });
  return y;
}

/** Sum over axes, which stay with length 1. Each run of neighbouring axes is one sum in index order, the last run first. */
export function reduced(x: Tensor, axes: readonly number[]): Tensor {
  let value = alias(x);
  let axis = x.shape.length - 1;
  while (axis >= 0) {
    if (!axes.includes(axis)) {
      axis--;
      continue;
    }
    let first = axis;
    while (first > 0 && axes.includes(first - 1)) first--;
    const { shape } = value;
    const outer = sizeOf(shape.slice(0, first));
    const length = sizeOf(shape.slice(first, axis + 1));
    const inner = sizeOf(shape.slice(axis + 1));
    const next = emptyLike(x, [...shape.slice(0, first), ...shape.slice(first, axis + 1).map(() => 1), ...shape.slice(axis + 1)]);
    launch(reduceSum, { x: value, y: next }, { outer, length, inner });
    value.dispose();
    value = next;
    axis = first - 1;
  }
  return value;
}

/** The gradient of an operand that was broadcast: dy summed to its shape; shard by shard where dy is of a batch and it is not. */
export function sumTo(dy: Tensor, target: Tensor): Tensor | ShardSum {
  const shift = dy.shape.length - target.shape.length;
  const axes: number[] = [];
  dy.shape.forEach((length, axis) => {
    if (axis < shift || (target.shape[axis - shift] === 1 && length !== 1)) axes.push(axis);
  });
  if (dy.batch !== null && target.batch === null) {
    if (shift > 0 || target.shape[0] === 1)
      return sumOverSamples(dy.backend, dy.batch, dy.shape[0], target.shape, (from, count, out) => {
        const part = reduced(rowsOf(dy, from, count), axes.includes(0) ? axes : [0, ...axes]);
        out.backend.copy(out.backend.view(part.buffer, 0, out.size), out.backend.view(out.buffer, 0, out.size));
      });
    if (dy.batch.exchange !== null)
      throw new Error(
        `broadcast: ${shapeText(target.shape)} meets a batch spread over threads, wanted 1 or nothing on axis 0, or a tensor of the batch`,
      );
  }
  if (axes.length === 0) return alias(dy);
  const sum = reduced(dy, axes);
  return alias(sum, target.shape);
}
