// A right gradient has a small error, a wrong one a large one; NaN is not lost.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { affine, defineOp, gradientError, multiply, sqrt, tensor, type Op, type Tensor } from "../../ts/autograd/index.ts";
import { Linear } from "../../ts/nn/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("autograd/gradient-error");

function squareWith(factor: number): Op<readonly [Tensor], object> {
  return defineOp<readonly [Tensor], object>("square", {
    forward: ([x]) => multiply(x, x),
    vjp: (dy, _y, [x]) => [() => multiply(dy, affine(x, factor, 0))],
    samples: [{ inputs: [[2, 3]], attributes: {} }],
  });
}

test("tells right from wrong", () =>
  inFloat64(() => {
    const x = tensor([
      [1, -2],
      [0.5, 3],
    ]);
    assert.ok(gradientError((value) => squareWith(2)([value], {}), [x]) < 1e-9);
    assert.ok(gradientError((value) => squareWith(2.01)([value], {}), [x]) > 1e-3);
    assert.equal([...x.toArray()], [1, -2, 0.5, 3]);
  }));

test("by several inputs, and of a layer", () =>
  inFloat64(() => {
    assert.ok(gradientError((a, b) => multiply(a, b), [tensor([1, 2]), tensor([3, 4])]) < 1e-9);
    const layer = new Linear(3, 2);
    assert.ok(gradientError((x) => layer.forward(x), [tensor([[1, 2, 3]])]) < 1e-9);
  }));

test("what is not a number is no small error", () => inFloat64(() => assert.ok(Number.isNaN(gradientError(sqrt, [tensor([4, 0, 9])])))));

test.run();
