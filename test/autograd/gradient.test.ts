// Every op x every sample: the gradients against central differences in float64 on the reference backend, to 1e-7. Points where a
// ReLU, a maximum or a clamp changes side between the two evaluations are drawn again, and counted.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import {
  backward,
  full,
  gradients,
  multiply,
  noGrad,
  scope,
  sum,
  tensor,
  withBackend,
  type Op,
  type Tensor,
} from "../../ts/autograd/index.ts";
import * as ops from "../../ts/autograd/ops/index.ts";
import { normals } from "./normals.ts";

const TOLERANCE = 1e-7;
const STEP = 1e-4;

type AnyOp = Op<readonly (Tensor | null)[], unknown>;

const all = Object.values(ops).filter((value): value is AnyOp => typeof value === "function" && "opName" in value && "spec" in value);

const test = suite("gradient");

let redrawn = 0;
let cases = 0;

for (const op of all) {
  test(op.opName, () => {
    assert.ok(op.spec.samples.length > 0, `${op.opName}: no samples, wanted at least one`);
    op.spec.samples.forEach((sample, number) => {
      cases++;
      withBackend(createReferenceBackend(), () =>
        scope(() => {
          let next = normals(1000 * number + op.opName.length);
          const shapes = sample.inputs;
          const values = shapes.map((shape, input) =>
            shape === null ? null : Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => draw(input, index)),
          );
          function draw(input: number, index: number): number {
            const normal = next();
            return sample.fill ? sample.fill(input, index, normal) : normal;
          }
          const evaluate = (): Tensor =>
            op(
              values.map((value, input) => value && tensor(value, shapes[input]!)),
              sample.attributes,
            );
          const weightsOf = normals(77);
          const shape = scope(() => evaluate().shape);
          const weights = tensor(Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, weightsOf), shape);
          const loss = (): number => scope(() => noGrad(() => sum(multiply(evaluate(), weights)).item()));
          const analytic = scope(() => {
            const inputs = values.map((value, input) => {
              if (value === null) return null;
              const made = tensor(value, shapes[input]!);
              made.requiresGrad = !sample.constant?.includes(input);
              return made;
            });
            backward(sum(multiply(op(inputs, sample.attributes), weights)));
            return inputs.map((input) => {
              const grad = input?.grad?.toArray().slice() ?? null;
              input?.grad?.dispose();
              return grad;
            });
          });
          values.forEach((value, input) => {
            if (value === null || sample.constant?.includes(input)) return;
            const grad = analytic[input];
            assert.ok(grad, `${op.opName}: no gradient for input ${input}`);
            const largest = Float64Array.from(grad).reduce((most, entry) => Math.max(most, Math.abs(entry)), 1);
            for (let index = 0; index < value.length; index++) {
              const at = value[index];
              const slope = (step: number): number => {
                value[index] = at + step;
                const above = loss();
                value[index] = at - step;
                const below = loss();
                value[index] = at;
                return (above - below) / (2 * step);
              };
              // Richardson: the error of the difference falls with the fourth power of the step.
              const wide = slope(2 * STEP);
              const narrow = slope(STEP);
              if (Math.abs(wide - narrow) > 1e-3 * largest) {
                redrawn++;
                continue;
              }
              const numeric = (4 * narrow - wide) / 3;
              const error = Math.abs(numeric - grad[index]) / largest;
              assert.ok(
                error < TOLERANCE,
                `${op.opName} sample ${number} input ${input}[${index}]: ${grad[index]}, wanted ${numeric} (error ${error})`,
              );
            }
          });
          next = normals(0);
        }),
      );
    });
  });
}

test("the walk reached every op", () => {
  assert.ok(all.length >= 40, `${all.length} ops`);
  assert.ok(cases >= all.length);
  assert.ok(redrawn <= cases, `${redrawn} points changed side, wanted few`);
});

test("gradients() leaves grad fields alone and refuses results of operations", () => {
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = full([2], 3, { requiresGrad: true });
      const [dx] = gradients(sum(multiply(x, x)), [x]);
      assert.equal([...dx.toArray()], [6, 6]);
      assert.is(x.grad, null);
      dx.dispose();
      assert.throws(() => gradients(sum(multiply(x, x)), [multiply(x, 2)]), /leaves/);
    }),
  );
});

test("second derivatives are a clear error", () => {
  withBackend(createReferenceBackend(), () =>
    scope(() => {
      const x = full([1], 3, { requiresGrad: true });
      assert.throws(() => backward(multiply(x, x), { createGraph: true }), /second derivatives are not supported/);
      const [dx] = gradients(multiply(x, x), [x]);
      assert.throws(() => backward(dx), /second derivatives are not supported/);
      dx.dispose();
    }),
  );
});

test.run();
