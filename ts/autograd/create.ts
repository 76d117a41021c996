// Makes tensors from values.
import type { Backend } from "../backend/backend.ts";
import { currentBackend, empty } from "./scope.ts";
import { shapeText, sizeOf, type Shape, type Tensor } from "./tensor.ts";

/** A number, or lists of numbers, as deep as the tensor has axes. */
export type Nested = number | readonly Nested[];

export interface TensorOptions {
  /** Collect its gradient in `grad`; false by default. */
  readonly requiresGrad?: boolean;
  /** Where its values lie; the current backend by default. */
  readonly backend?: Backend;
}

function shapeOf(values: Nested): number[] {
  const shape: number[] = [];
  let level: Nested = values;
  while (typeof level !== "number") {
    if (!Array.isArray(level)) throw new Error(`tensor: ${typeof level} ${String(level)}, wanted numbers or lists of them`);
    shape.push(level.length);
    if (level.length === 0) break;
    level = level[0];
  }
  return shape;
}

function flatten(values: Nested, shape: Shape, depth: number, into: number[]): void {
  if (typeof values === "number") {
    if (depth !== shape.length) throw new Error(`tensor: a number at depth ${depth}, wanted lists of shape ${shapeText(shape)} throughout`);
    into.push(values);
    return;
  }
  if (values.length !== shape[depth])
    throw new Error(`tensor: a list of ${values.length} at depth ${depth}, wanted shape ${shapeText(shape)} throughout`);
  for (const value of values) flatten(value, shape, depth + 1, into);
}

function isFlat(values: Nested | ArrayLike<number>): values is ArrayLike<number> {
  return ArrayBuffer.isView(values);
}

/** A tensor of given values: nested lists, or a flat list or typed array with a shape. */
export function tensor(
  values: Nested | ArrayLike<number>,
  shape?: Shape,
  { requiresGrad = false, backend = currentBackend() }: TensorOptions = {},
): Tensor {
  let flat: ArrayLike<number>;
  let own: Shape;
  if (isFlat(values)) {
    flat = values;
    own = [values.length];
  } else {
    own = shapeOf(values as Nested);
    const list: number[] = [];
    flatten(values as Nested, own, 0, list);
    flat = list;
  }
  const wanted = shape ?? own;
  if (sizeOf(wanted) !== flat.length)
    throw new Error(`tensor: ${flat.length} values for shape ${shapeText(wanted)}, wanted ${sizeOf(wanted)}`);
  const made = empty(wanted, backend);
  backend.write(made.buffer, flat);
  made.requiresGrad = requiresGrad;
  return made;
}

/** A tensor of one value throughout. */
export function full(shape: Shape, value: number, { requiresGrad = false, backend = currentBackend() }: TensorOptions = {}): Tensor {
  const made = empty(shape, backend);
  backend.fill(made.buffer, value);
  made.requiresGrad = requiresGrad;
  return made;
}

/** Zeros. */
export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 0, options);
}

/** Ones. */
export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 1, options);
}
