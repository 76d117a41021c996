// Values of the rectifiers, by hand. Gradients of those that are operations: test/autograd/gradient.test.ts.
import { suite } from "uvu";
import { elu, gradients, hardSigmoid, hardSwish, leakyRelu, mish, relu6, sum, tensor, type Tensor } from "../../../ts/autograd/index.ts";
import { inFloat64 } from "../../in-float64.ts";
import { near } from "../values.ts";

const test = suite("autograd/ops/rectifiers");

test("values", () =>
  inFloat64(() => {
    const x = tensor([-4, -1, 0, 2, 8]);
    near(leakyRelu(x), [-0.04, -0.01, 0, 2, 8]);
    near(leakyRelu(x, 2), [-8, -2, 0, 2, 8]);
    near(elu(x), [Math.exp(-4) - 1, Math.exp(-1) - 1, 0, 2, 8]);
    near(elu(x, 0.5), [(Math.exp(-4) - 1) / 2, (Math.exp(-1) - 1) / 2, 0, 2, 8]);
    near(relu6(x), [0, 0, 0, 2, 6]);
    near(hardSigmoid(x), [0, 1 / 3, 1 / 2, 5 / 6, 1]);
    near(hardSwish(x), [-0, -1 / 3, 0, 10 / 6, 8]);
    near(
      mish(x),
      [-4, -1, 0, 2, 8].map((value) => value * Math.tanh(Math.log1p(Math.exp(value)))),
    );
  }));

test("slopes on both sides", () =>
  inFloat64(() => {
    const x = tensor([-1, 2], [2], { requiresGrad: true });
    const slopes = (f: (value: Tensor) => Tensor): Tensor => gradients(sum(f(x)), [x])[0];
    near(
      slopes((value) => leakyRelu(value, 0.1)),
      [0.1, 1],
    );
    near(
      slopes((value) => elu(value, 3)),
      [3 * Math.exp(-1), 1],
    );
    near(slopes(relu6), [0, 1]);
    near(slopes(hardSwish), [(2 * -1 + 3) / 6, (2 * 2 + 3) / 6]);
  }));

test.run();
