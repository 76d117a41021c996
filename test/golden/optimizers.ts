// The small changing problem of make.py: two parameters, the loss sum a (w - c)^2 + w^4 / 8 with an `a` of each step; and the optimizer of a
// case with PyTorch's own defaults given where perpend's differ.
import * as assert from "uvu/assert";
import {
  add,
  affine,
  backward,
  multiply,
  scope,
  subtract,
  sum,
  tensor,
  withBackend,
  type Backend,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { Variable } from "../../ts/nn/index.ts";
import { Adam, AdamW, clipGradNorm, SGD, type Optimizer, type ParameterGroup } from "../../ts/optim/index.ts";
import { signed } from "./hash.ts";
import { difference } from "./numbers.ts";

interface Options {
  readonly lr: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  readonly weight_decay?: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
}

/** A trajectory of make.py. */
export interface OptimizerCase {
  readonly kind: "SGD" | "Adam" | "AdamW";
  readonly options: Options;
  readonly groups: readonly { readonly lr_scale?: number; readonly weight_decay?: number }[] | null;
  readonly clip: number | null;
  /** Factor on the learning rate after each step. */
  readonly decay: number;
  readonly norms: readonly number[];
  /** Weights after some of the steps. */
  readonly weights: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}

function optimizerOf({ kind, options, groups }: OptimizerCase, variables: readonly Variable[]): Optimizer {
  const parameters: readonly Variable[] | readonly ParameterGroup[] =
    groups === null
      ? variables
      : groups.map(({ lr_scale, weight_decay }, index) => ({
          parameters: [variables[index]],
          ...(lr_scale !== undefined && { lrScale: lr_scale }),
          ...(weight_decay !== undefined && { weightDecay: weight_decay }),
        }));
  const { lr, momentum = 0, dampening, nesterov, weight_decay: weightDecay, betas, eps } = options;
  const decay = weightDecay === undefined ? {} : { weightDecay };
  if (kind === "SGD")
    return new SGD(parameters, { lr, momentum, ...decay, ...(dampening && { dampening }), ...(nesterov && { nesterov }) });
  const own = { lr, ...decay, ...(betas && { betas }), ...(eps && { eps }) };
  return kind === "Adam" ? new Adam(parameters, own) : new AdamW(parameters, own);
}

function lossOf(variables: readonly (readonly [string, Variable])[], step: number): Tensor {
  let total: Tensor | null = null;
  for (const [key, w] of variables) {
    const a = tensor(
      signed(`${key} a ${step}`, w.size).map((value) => 0.5 + 0.5 * value),
      w.shape,
    );
    const c = tensor(
      signed(`${key} c`, w.size).map((value) => 2 * value),
      w.shape,
    );
    const apart = subtract(w, c);
    const square = multiply(w, w);
    const part = add(sum(multiply(multiply(a, apart), apart)), affine(sum(multiply(square, square)), 0.125, 0));
    total = total === null ? part : add(total, part);
  }
  return total!;
}

function start(): (readonly [string, Variable])[] {
  return (
    [
      ["p", [5, 7]],
      ["q", [6]],
    ] as const
  ).map(([key, shape]) => {
    const variable = new Variable(shape);
    variable.backend.write(variable.buffer, signed(key, variable.size).map(Math.fround));
    return [key, variable] as const;
  });
}

/** Runs a case and compares weights and gradient norms to `bound`; returns the largest error and how many weights were compared. */
export function follow(
  wanted: OptimizerCase,
  steps: number,
  backend: Backend,
  bound: number,
): { readonly worst: number; readonly compared: number } {
  let worst = 0;
  let compared = 0;
  const check = (error: number, what: string): void => {
    assert.ok(error < bound, `${what}: off by ${error}, wanted at most ${bound}`);
    worst = Math.max(worst, error);
    compared++;
  };
  withBackend(backend, () =>
    scope(() => {
      const named = start();
      const variables = named.map(([, variable]) => variable);
      const optimizer = optimizerOf(wanted, variables);
      for (let step = 0; step < steps; step++) {
        scope(() => backward(lossOf(named, step)));
        if (wanted.clip !== null) {
          const norm = clipGradNorm(variables, wanted.clip);
          check(Math.abs(norm - wanted.norms[step]) / wanted.norms[step], `gradient norm of step ${step}`);
        }
        optimizer.step();
        optimizer.lr *= wanted.decay;
        const expected = wanted.weights[step + 1];
        if (expected === undefined) continue;
        for (const [key, variable] of named) check(difference(variable.toArray(), expected[key]), `${key} after ${step + 1} steps`);
      }
      assert.is(optimizer.steps, steps);
    }),
  );
  return { worst, compared };
}
