// Runs PyTorch's sample inputs on a backend and compares output and gradients with PyTorch's in float64. See opinfo.py.
import * as t from "../../ts/autograd/index.ts";
import type { Backend, Tensor } from "../../ts/autograd/index.ts";
import { Absent, type Argument } from "./opinfo-arguments.ts";
import { operators, type Entry } from "./opinfo-ops.ts";

interface Written {
  readonly tensor: "float" | "bool" | "whole";
  readonly shape: readonly number[];
  /** Floats in units of 2^-10. */
  readonly values: readonly number[];
  readonly grad?: 1;
}

type WrittenArgument = Written | number | string | boolean | null | readonly WrittenArgument[];

interface Result {
  readonly shape: readonly number[];
  /** Every step-th value. */
  readonly values: readonly number[];
  readonly step?: number;
}

export interface Case {
  readonly op: string;
  readonly args: readonly WrittenArgument[];
  readonly options: Readonly<Record<string, WrittenArgument>>;
  readonly output: Result;
  readonly gradients?: readonly (Result | null)[];
}

const isWritten = (value: WrittenArgument): value is Written => typeof value === "object" && value !== null && "tensor" in value;

/** A value as a tensor or a plain one; tensors that want a gradient are also put into `leaves`. */
function read(value: WrittenArgument, leaves: Tensor[], change: (value: number) => number): Argument {
  if (isWritten(value)) {
    const { tensor: kind, shape, values, grad } = value;
    const numbers = kind === "float" ? values.map((each) => change(each / 1024)) : values;
    const made = t.tensor(Float64Array.from(numbers), shape, { requiresGrad: grad === 1 });
    if (grad === 1) leaves.push(made);
    return made;
  }
  return Array.isArray(value) ? (value as readonly WrittenArgument[]).map((part) => read(part, leaves, change)) : (value as Argument);
}

interface Found {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Output and gradients of a case on the current backend. */
function run({ args, options }: Case, { call, isForwardOnly }: Entry, change: (value: number) => number): (Found | null)[] {
  return t.scope(() => {
    const leaves: Tensor[] = [];
    const given = args.map((value) => read(value, leaves, change));
    const named = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, read(value, leaves, change)]));
    const y = call(given, named);
    const output = { shape: y.shape, values: y.toArray() };
    if (isForwardOnly || !y.requiresGrad) return [output];
    const dy = Float64Array.from({ length: y.size }, (_, i) => change((((i * 37 + 11) % 61) - 30) / 32));
    t.backward(y, { gradient: t.tensor(dy, y.shape) });
    return [output, ...leaves.map(({ grad }) => grad && { shape: grad.shape, values: grad.toArray() })];
  });
}

export const EPS32 = 2 ** -23;

export interface Comparison {
  readonly compared: Map<string, number>;
  readonly skipped: Map<string, number>;
  readonly failed: string[];
  /** Outputs and gradients compared. */
  tensors: number;
  /** Largest error, float64 relative to the largest value, float32 in units of the bound. */
  readonly worst: { float64: number; float32: number };
}

/** Bounds: float64 against the largest value of a tensor; float32 in eps32 times the sum of the absolute terms, or the largest value. */
export const BOUND64 = 1e-12;
export const BOUND32 = 8;

const largestOf = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Compares all cases: float64 on the reference backend, float32 on the other one. */
export function compareAll(cases: Iterable<Case>, reference: Backend, float32: Backend): Comparison {
  const result: Comparison = {
    compared: new Map(),
    skipped: new Map(),
    failed: [],
    tensors: 0,
    worst: { float64: 0, float32: 0 },
  };
  const count = (map: Map<string, number>, key: string): unknown => map.set(key, (map.get(key) ?? 0) + 1);
  let number = 0;
  for (const each of cases) {
    number++;
    const entry = operators[each.op];
    const wanted = [each.output, ...(each.gradients ?? [])];
    try {
      const exact = t.withBackend(reference, () => run(each, entry, (value) => value));
      const single = t.withBackend(float32, () => run(each, entry, (value) => value));
      const terms = entry.isLinear ? t.withBackend(reference, () => run(each, entry, Math.abs)) : null;
      wanted.forEach((right, index) => {
        const what = `${each.op} ${number}, ${index === 0 ? "output" : `gradient ${index - 1}`}`;
        if (right === null || (index > 0 && (entry.isForwardOnly || index > (entry.gradients ?? Infinity)))) return;
        const [left, rounded] = [exact[index], single[index]];
        if (!left || !rounded) return void result.failed.push(`${what}: nothing`);
        if (left.shape.join() !== right.shape.join())
          return void result.failed.push(`${what}: [${left.shape.join()}], wanted [${right.shape.join()}]`);
        const largest = largestOf(entry.cancels ? wanted.flatMap((each) => each?.values ?? []) : right.values);
        right.values.forEach((value, i) => {
          const at = i * (right.step ?? 1);
          const wide = Math.abs(left.values[at] - value) / Math.max(largest, Number.MIN_VALUE);
          const scale = terms ? Math.abs(terms[index]!.values[at]) : largest;
          const narrow = Math.abs(rounded.values[at] - value) / (EPS32 * Math.max(scale, 2 ** -126));
          result.worst.float64 = Math.max(result.worst.float64, wide);
          result.worst.float32 = Math.max(result.worst.float32, narrow);
          if (!(wide <= BOUND64)) result.failed.push(`${what}[${at}] is ${left.values[at]}, wanted ${value}`);
          if (!(narrow <= BOUND32))
            result.failed.push(`${what}[${at}] is ${rounded.values[at]} in float32, wanted ${value}: ${narrow} units`);
        });
        result.tensors++;
      });
      count(result.compared, each.op);
    } catch (error) {
      if (error instanceof Absent) count(result.skipped, `${each.op}: ${error.message}`);
      else result.failed.push(`${each.op} ${number}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return result;
}

const total = (map: ReadonlyMap<string, number>): number => [...map.values()].reduce((sum, count) => sum + count, 0);

/** The counts of a comparison as a line. */
export function lineOf({ compared, skipped, tensors, worst }: Comparison): string {
  const reasons = [...skipped].map(([reason, count]) => `${reason} ${count}`).join(", ");
  return (
    `opinfo: ${total(compared)} sample inputs of ${compared.size} operators compared, ${tensors} outputs and gradients; largest errors ` +
    `${worst.float64.toExponential(1)} of the largest value in float64, ${worst.float32.toFixed(1)} eps32 of the terms in float32; ` +
    `${total(skipped)} skipped (${reasons})`
  );
}
