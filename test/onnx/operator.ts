// What an operator is given: its inputs as tensors, its attributes, and its inputs as plain numbers where they are shapes or axes.
import type { Tensor } from "../../ts/autograd/index.ts";
import type { Attribute } from "./protobuf.ts";

/** perpend has the operator, but not this. */
export class Absent extends Error {}

export interface NodeContext {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly string[];
  /** Version of the set of operators. */
  readonly opset: number;
  /** The values of an input, null where it is absent. */
  readonly host: (input: number) => number[] | null;
  readonly text: (name: string, otherwise: string) => string;
}

/** Inputs (null or undefined where absent) to outputs; the last outputs may be missing. */
export type Operator = (inputs: readonly (Tensor | null | undefined)[], node: NodeContext) => readonly Tensor[];

export function whole({ attributes }: NodeContext, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === "number" ? value : otherwise;
}

export const floats = whole;

export function wholes({ attributes }: NodeContext, name: string): number[] | null {
  const value = attributes[name];
  return Array.isArray(value) ? [...(value as readonly number[])] : null;
}
