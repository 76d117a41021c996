// Smallest values, variances, norms and log-sum-exp, by hand, and their gradients.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  argmin,
  gradients,
  logSumExp,
  min,
  multiply,
  norm,
  standardDeviation,
  sum,
  tensor,
  variance,
  type Tensor,
  type VarianceOptions,
} from "../../../ts/autograd/index.ts";
import { inFloat64 } from "../../in-float64.ts";

const test = suite("autograd/ops/statistics");

const near = (x: Tensor, shape: number[], wanted: number[]): void => {
  assert.equal([...x.shape], shape);
  const found = x.toArray();
  wanted.forEach((value, index) => assert.ok(Math.abs(found[index] - value) < 1e-12, `${found[index]}, wanted ${value} at ${index}`));
};
const matrix = (): Tensor => tensor([1, 5, 3, 4, 2, 8], [2, 3], { requiresGrad: true });

test("values", () =>
  inFloat64(() => {
    const x = matrix();
    near(min(x), [], [1]);
    near(min(x, 0), [3], [1, 2, 3]);
    near(min(x, { axis: 1, keepDims: true }), [2, 1], [1, 2]);
    near(argmin(x), [2], [0, 1]);
    near(argmin(x, 0), [3], [0, 1, 0]);
    near(variance(x, 1), [2], [4, 28 / 3]);
    near(variance(x, { axes: 1, correction: 0, keepDims: true }), [2, 1], [8 / 3, 56 / 9]);
    near(variance(x), [], [(119 - 6 * (23 / 6) ** 2) / 5]);
    near(standardDeviation(x, [1]), [2], [2, Math.sqrt(28 / 3)]);
    near(norm(x), [], [Math.sqrt(119)]);
    near(norm(x, -1), [2], [Math.sqrt(35), Math.sqrt(84)]);
    near(
      logSumExp(x, 0),
      [3],
      [1, 5, 3].map((a, i) => Math.log(Math.exp(a) + Math.exp([4, 2, 8][i]))),
    );
    near(logSumExp(tensor([1000, 1000])), [], [1000 + Math.log(2)]);
    assert.throws(
      () => variance(x, { unbiased: false } as VarianceOptions),
      /^variance: option unbiased, wanted axes, keepDims, correction$/,
    );
  }));

test("gradients are those of central differences", () =>
  inFloat64(() => {
    const functions: [string, (x: Tensor) => Tensor][] = [
      ["variance", (x) => variance(x, 0)],
      ["standardDeviation", (x) => standardDeviation(x, 1)],
      ["norm", (x) => norm(x, 1)],
      ["logSumExp", (x) => logSumExp(x, 1)],
      ["min", (x) => min(x, 1)],
    ];
    for (const [name, f] of functions) {
      const x = matrix();
      const weighted = (y: Tensor): Tensor => sum(multiply(y, tensor([1, -2, 0.5].slice(0, y.size))));
      const found = gradients(weighted(f(x)), [x])[0].toArray();
      const values = [...x.toArray()];
      values.forEach((_, index) => {
        const at = (step: number): number =>
          weighted(
            f(
              tensor(
                values.map((v, i) => (i === index ? v + step : v)),
                [2, 3],
              ),
            ),
          ).item();
        const slope = (at(1e-4) - at(-1e-4)) / 2e-4;
        assert.ok(Math.abs(found[index] - slope) < 1e-7, `${name}: ${found[index]}, wanted ${slope} at ${index}`);
      });
    }
  }));

test.run();
