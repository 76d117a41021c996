// Gradients as they wait with their parameters between backward pass and update.
import { finish, keep, ShardSum } from "../autograd/index.ts";
import { addInto } from "../autograd/shard-sum.ts";
import type { Variable } from "../nn/index.ts";

/** Sums up a gradient whose contributions were kept apart, in the order in which they would have been added. */
export function settle(parameter: Variable): void {
  const { pending, backend } = parameter;
  if (pending === null) return;
  const sums = pending.map((part) => {
    const whole = keep(finish(part, backend));
    if (part instanceof ShardSum) for (const value of part.values) value?.dispose();
    return whole;
  });
  for (const next of sums.splice(1)) {
    addInto(sums[0], next);
    next.dispose();
  }
  parameter.pending = null;
  [parameter.grad] = sums;
}

/** Forgets the gradients of a step. */
export function dropGradients(parameters: readonly Variable[]): void {
  for (const parameter of parameters) {
    for (const part of parameter.pending ?? []) {
      if (part instanceof ShardSum) for (const value of part.values) value?.dispose();
      else part.dispose();
    }
    parameter.pending = null;
    parameter.grad?.dispose();
    parameter.grad = null;
  }
}
