// A hundred steps of every optimizer and option on a small changing problem against PyTorch in float64, to 1e-9.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { add, affine, backward, multiply, scope, subtract, sum, tensor, withBackend, type Tensor } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { Variable } from "../../ts/nn/index.ts";
import { Adam, AdamW, clipGradNorm, SGD, type Optimizer, type ParameterGroup } from "../../ts/optim/index.ts";
import { signed } from "../golden/hash.ts";
import { difference, golden } from "../golden/numbers.ts";

interface Options {
  readonly lr: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  readonly weight_decay?: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
}

interface Case {
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

const test = suite("optim/trajectory");
const cases = golden<Record<string, Case>>("optimizers.json");

/** The optimizer of a case; PyTorch's own defaults are given where ours differ. */
function optimizerOf({ kind, options, groups }: Case, variables: readonly Variable[]): Optimizer {
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

/** sum a (w - c)^2 + w^4 / 8, with a of the step. */
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

let worst = 0;

for (const [name, wanted] of Object.entries(cases))
  test(name, () =>
    withBackend(createReferenceBackend(), () =>
      scope(() => {
        const named = start();
        const variables = named.map(([, variable]) => variable);
        const optimizer = optimizerOf(wanted, variables);
        let compared = 0;
        for (let step = 0; step < 100; step++) {
          scope(() => backward(lossOf(named, step)));
          if (wanted.clip !== null) {
            const norm = clipGradNorm(variables, wanted.clip);
            assert.ok(Math.abs(norm - wanted.norms[step]) < 1e-9 * wanted.norms[step], `norm ${norm}, wanted ${wanted.norms[step]}`);
          }
          optimizer.step();
          optimizer.lr *= wanted.decay;
          const expected = wanted.weights[step + 1];
          if (expected === undefined) continue;
          for (const [key, variable] of named) {
            const error = difference(variable.toArray(), expected[key]);
            assert.ok(error < 1e-9, `${key} after ${step + 1} steps: ${error}`);
            worst = Math.max(worst, error);
            compared++;
          }
        }
        assert.is(compared, 10);
        assert.is(optimizer.steps, 100);
      }),
    ),
  );

test("clipping was at work in some steps and not in others", () => {
  const { norms, clip } = cases["sgd clipped"];
  assert.ok(norms.some((norm) => norm > clip!) && norms.some((norm) => norm < clip!));
});

test("the cases end in different places", () => {
  const ends = Object.values(cases).map(({ weights }) => `${weights["100"]["p"][0]} ${weights["100"]["q"][0]}`);
  assert.is(new Set(ends).size, ends.length);
});

test.run();
