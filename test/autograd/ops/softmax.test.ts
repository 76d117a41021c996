// Softmax along any axis, and classes that are none.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crossEntropy, logSoftmax, softmax, sum, tensor, transpose, zeros } from "../../../ts/autograd/index.ts";
import { inFloat64 } from "../../in-float64.ts";
import "../../../ts/autograd/methods.ts";

const test = suite("autograd/ops/softmax");

const values = Float64Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) / 4);

test("along an axis is along the last one of the transposed tensor", () =>
  inFloat64(() => {
    const x = tensor(values, [2, 3, 4]);
    for (const op of [softmax, logSoftmax]) {
      const last = op(transpose(x));
      assert.equal([...op(x, 1).toArray()], [...transpose(last).toArray()]);
      assert.equal([...op(x, -2).shape], [2, 3, 4]);
      assert.equal([...op(x).toArray()], [...op(x, 2).toArray()]);
    }
    const rows = sum(softmax(x, 0), 0).toArray();
    for (const total of rows) assert.ok(Math.abs(total - 1) < 1e-15, `${total}`);
    assert.throws(() => softmax(x, 3), /^softmax: axis 3 of \[2,3,4\], wanted -3 to 2$/);
  }));

test("gradients go through the other axis", () =>
  inFloat64(() => {
    const x = tensor([1, 2, 3, 4], [2, 2], { requiresGrad: true });
    sum(softmax(x, 0)).backward();
    for (const value of x.grad!.toArray()) assert.ok(Math.abs(value) < 1e-15, `${value}`);
  }));

test("a class that the logits do not have is an error", () =>
  inFloat64(() => {
    const logits = zeros([2, 3]);
    assert.throws(() => crossEntropy(logits, tensor([0, 3])), /^crossEntropy: class 3, wanted 0 to 2$/);
    assert.throws(() => crossEntropy(logits, tensor([-100, 1])), /^crossEntropy: class -100, wanted 0 to 2$/);
    assert.throws(() => crossEntropy(logits, tensor([NaN, 1])), /^crossEntropy: class NaN, wanted 0 to 2$/);
    assert.ok(Math.abs(crossEntropy(logits, tensor([0, 2])).item() - 1.0986122886681098) < 1e-15);
  }));

test.run();
