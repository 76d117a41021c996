// Losses by hand, and against cross-entropy.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  crossEntropy,
  gradients,
  huber,
  klDivergence,
  logSoftmax,
  mean,
  meanAbsoluteError,
  negativeLogLikelihoods,
  oneHot,
  reshape,
  tensor,
} from "../../../ts/autograd/index.ts";
import { inFloat64 } from "../../in-float64.ts";
import { near } from "../values.ts";

const test = suite("autograd/ops/losses");

test("distances", () =>
  inFloat64(() => {
    const x = tensor([0, 1, 5], [3], { requiresGrad: true });
    const target = tensor([0.5, 1, 2]);
    near(meanAbsoluteError(x, target), [3.5 / 3]);
    near(huber(x, target), [(0.125 + 0 + 2.5) / 3]);
    near(huber(x, target, { delta: 2 }), [(0.125 + 0 + 2 * 2) / 3]);
    near(gradients(huber(x, target), [x])[0], [-0.5 / 3, 0, 1 / 3]);
    assert.throws(() => huber(x, target, { delta: 0 }), /^huber: delta 0, wanted above 0$/);
  }));

test("a 1 at each class", () =>
  inFloat64(() => {
    near(oneHot(tensor([2, 0, -1]), 3), [0, 0, 1, 1, 0, 0, 0, 0, 0]);
    assert.equal([...oneHot(tensor([[1, 0]]), 3).shape], [1, 2, 3]);
    assert.throws(() => oneHot(tensor([1]), 0), /^oneHot: 0 classes, wanted at least 1$/);
  }));

test("the mean of likelihoods of a log-softmax is the cross-entropy, with its gradient", () =>
  inFloat64(() => {
    const logits = tensor([1, 2, 0.5, -1, 0, 3], [2, 3], { requiresGrad: true });
    const classes = tensor([2, 0]);
    const each = negativeLogLikelihoods(logSoftmax(logits), classes);
    assert.equal([...each.shape], [2]);
    near(mean(each), [crossEntropy(logits, classes).item()]);
    near(gradients(mean(negativeLogLikelihoods(logSoftmax(logits), classes)), [logits])[0], [
      ...gradients(crossEntropy(logits, classes), [logits])[0].toArray(),
    ]);
    assert.throws(
      () => negativeLogLikelihoods(logits, tensor([1])),
      /^negativeLogLikelihoods: \[2,3\] with classes \[1\], wanted \[\.\.\., K\] with/,
    );
    // Of every pixel, and of those that are of no class nothing.
    const pixels = negativeLogLikelihoods(reshape(logSoftmax(logits), 1, 2, 1, 3), tensor([2, -1], [1, 2, 1]));
    assert.equal([...pixels.shape], [1, 2, 1]);
    near(pixels, [each.toArray()[0], 0]);
  }));

test("a divergence is 0 between equals and takes zeros", () =>
  inFloat64(() => {
    const p = tensor([0.25, 0.75, 0, 1], [2, 2]);
    const q = tensor([Math.log(0.5), Math.log(0.5), Math.log(0.25), Math.log(0.75)], [2, 2]);
    near(klDivergence(q, p), [(0.25 * Math.log(0.5) + 0.75 * Math.log(1.5) + Math.log(4 / 3)) / 2]);
    const logits = tensor([1, 2, 3], [1, 3]);
    near(klDivergence(logSoftmax(logits), tensor(Float64Array.from(logSoftmax(logits).toArray(), Math.exp), [1, 3])), [0]);
  }));

test.run();
