// What PyTorch's operators are called with, as perpend's tensors and plain values.
import { Tensor } from "../../ts/autograd/index.ts";

/** perpend has not got this. */
export class Absent extends Error {}

export type Argument = Tensor | number | string | boolean | null | undefined | readonly Argument[];
export type Options = Readonly<Record<string, Argument>>;
export type Call = (args: readonly Argument[], options: Options) => Tensor;

export function tensorOf(value: Argument): Tensor {
  if (!(value instanceof Tensor)) throw new Absent("a number where a tensor was meant");
  return value;
}

export const maybe = (value: Argument): Tensor | null => (value instanceof Tensor ? value : null);
export const numberOf = (value: Argument, otherwise: number): number =>
  typeof value === "number" ? value : value instanceof Tensor ? value.item() : otherwise;
export const isTrue = (value: Argument, otherwise = false): boolean => (value === undefined || value === null ? otherwise : value === true);
export const list = (value: Argument): number[] | null =>
  Array.isArray(value) ? (value as Argument[]).map((part) => numberOf(part, NaN)) : typeof value === "number" ? [value] : null;
export const operand = (value: Argument): Tensor | number => (typeof value === "number" ? value : tensorOf(value));

export function pairOf(value: Argument, otherwise: number): [number, number] {
  const [first = otherwise, second = first] = list(value) ?? [];
  return [first, second];
}

export function square(value: Argument, otherwise: number, what: string): number {
  const [first, second] = pairOf(value, otherwise);
  if (first !== second) throw new Absent(`${what} of two lengths`);
  return first;
}
