// Shares of right guesses, ties, NaN, errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tensor } from "../../ts/autograd/index.ts";
import "../../ts/autograd/methods.ts";
import { accuracy } from "../../ts/metrics/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("metrics/accuracy");

test("first guess and first few", () =>
  inFloat64(() => {
    const logits = tensor([
      [1, 3, 2],
      [5, 1, 0],
      [0, 0, 0],
      [NaN, 9, 1],
    ]);
    assert.is(accuracy(logits, tensor([1, 1, 0, 1])), 0.5);
    assert.is(accuracy(logits, [2, 1, 1, 1], { top: 2 }), 0.75);
    assert.is(accuracy(logits, [2, 1, 1, 1]), 0);
    assert.is(accuracy(logits, [0, 2, 2, 0], { top: 3 }), 0.75);
    assert.is(accuracy(logits, [0.5, -1, 9, 0], { top: 3 }), 0);
  }));

test("errors", () =>
  inFloat64(() => {
    assert.throws(() => accuracy(tensor([[1, 2]]), [0, 1]), /^accuracy: 2 labels for logits \[1,2\], wanted one a row of \[N, K\]$/);
    assert.throws(() => accuracy(tensor([], [0, 2]), []), /^accuracy: 0 labels for logits \[0,2\]/);
  }));

test.run();
