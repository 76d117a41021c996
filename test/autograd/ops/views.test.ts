// Shapes and values of joined, parted and seen tensors, their gradients and errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  backward,
  detach,
  flatten,
  gradients,
  multiply,
  reshape,
  split,
  squeeze,
  stack,
  sum,
  tensor,
  transpose,
  unsqueeze,
  zeros,
} from "../../../ts/autograd/index.ts";
import { inFloat64 } from "../../in-float64.ts";
import { is } from "../values.ts";

const test = suite("autograd/ops/views");

test("axes of length 1 go and come", () =>
  inFloat64(() => {
    is(squeeze(zeros([1, 3, 1, 2])), [3, 2]);
    is(squeeze(zeros([1, 3, 1, 2]), -2), [1, 3, 2]);
    is(unsqueeze(zeros([3, 2]), 0), [1, 3, 2]);
    is(unsqueeze(zeros([3, 2]), 1), [3, 1, 2]);
    is(unsqueeze(zeros([3, 2]), -1), [3, 2, 1]);
    is(flatten(zeros([4, 3, 2])), [4, 6]);
    is(flatten(zeros([4, 3, 2]), 0), [24]);
    assert.throws(() => squeeze(zeros([1, 3]), 1), /^squeeze: axis 1 of \[1,3\], wanted one of length 1$/);
    assert.throws(() => unsqueeze(zeros([3]), 2), /^unsqueeze: axis 2 of \[3,1\], wanted -2 to 1$/);
  }));

test("lengths one by one, axes in each other's place", () =>
  inFloat64(() => {
    const x = tensor([1, 2, 3, 4, 5, 6], [1, 2, 3]);
    is(reshape(x, 3, -1), [3, 2], [1, 2, 3, 4, 5, 6]);
    is(reshape(x, [6]), [6]);
    is(transpose(x), [1, 3, 2], [1, 4, 2, 5, 3, 6]);
    is(transpose(x, 0, 1), [2, 1, 3], [1, 2, 3, 4, 5, 6]);
    is(transpose(x, -1, 0), [3, 2, 1], [1, 4, 2, 5, 3, 6]);
    is(transpose(x, [2, 0, 1]), [3, 1, 2], [1, 4, 2, 5, 3, 6]);
    assert.throws(() => transpose(x, 0, 3), /^transpose: axis 3 of \[1,2,3\], wanted -3 to 2$/);
    assert.throws(() => transpose(zeros([3])), /^transpose: axis -2 of \[3\], wanted -1 to 0$/);
  }));

test("stack and split are inverse", () =>
  inFloat64(() => {
    const [a, b] = [tensor([1, 2, 3]), tensor([4, 5, 6])];
    is(stack([a, b]), [2, 3], [1, 2, 3, 4, 5, 6]);
    is(stack([a, b], -1), [3, 2], [1, 4, 2, 5, 3, 6]);
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [2, 5]);
    const [left, right] = split(x, 3, 1);
    is(left, [2, 3], [1, 2, 3, 6, 7, 8]);
    is(right, [2, 2], [4, 5, 9, 10]);
    assert.equal(
      split(x, [1, 0, 4], -1).map(({ shape }) => shape[1]),
      [1, 0, 4],
    );
    assert.throws(() => stack([a, zeros([2])]), /^stack: \[3\] and \[2\], wanted equal shapes$/);
    assert.throws(() => split(x, [2, 2], 1), /^split: \[2,2\] of \[2,5\] on axis 1, wanted a sum of 5$/);
    assert.throws(() => split(x, 0), /^split: parts of 0, wanted at least 1$/);
  }));

test("nothing goes back through what was detached", () =>
  inFloat64(() => {
    const x = tensor([2, 3], [2], { requiresGrad: true });
    is(gradients(sum(multiply(detach(x), x)), [x])[0], [2], [2, 3]);
    assert.throws(() => backward(sum(detach(x))), /^backward: the tensor depends on nothing that requires a gradient/);
  }));

test.run();
