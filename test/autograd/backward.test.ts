// backward(): accumulation, given gradients, diamonds, and its errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  affine,
  backward,
  batchNorm,
  defineOp,
  exp,
  full,
  gradients,
  multiply,
  noGrad,
  scope,
  softmax,
  sum,
  tensor,
  withBackend,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { addInto } from "../../ts/autograd/shard-sum.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("autograd/backward");

/** The gradient of a leaf, taken from it. */
function taken(x: Tensor): number[] {
  const values = [...x.grad!.toArray()];
  x.grad!.dispose();
  x.grad = null;
  return values;
}

test("gradients of several passes add up", () =>
  inFloat64(() => {
    const x = full([2], 3, { requiresGrad: true });
    backward(sum(multiply(x, x)));
    backward(sum(multiply(x, 10)));
    assert.equal(taken(x), [16, 16]);
  }));

test("a tensor used in several places gets the sum, each operation running once", () =>
  inFloat64(() => {
    const x = full([1], 2, { requiresGrad: true });
    // z = y + y y with y = x^2: dz/dx = (1 + 2 y) 2 x.
    const y = multiply(x, x);
    backward(add(y, multiply(y, y)));
    assert.equal(taken(x), [36]);
    // A long chain of doublings: 2^30 paths.
    let z = x;
    for (let at = 0; at < 30; at++) z = add(z, z);
    backward(z);
    assert.equal(taken(x), [2 ** 30]);
  }));

test("a given gradient multiplies, and stays as it is", () =>
  inFloat64(() => {
    const x = tensor([1, 2], undefined, { requiresGrad: true });
    const given = tensor([3, 4]);
    backward(multiply(x, x), { gradient: given });
    assert.equal(taken(x), [6, 16]);
    // Of a leaf itself: a copy, so that later passes do not add to the caller's tensor.
    backward(x, { gradient: given });
    backward(sum(x));
    assert.equal(taken(x), [4, 5]);
    assert.equal([...given.toArray()], [3, 4]);
  }));

test("only leaves keep a gradient", () =>
  inFloat64(() => {
    const x = full([1], 2, { requiresGrad: true });
    const constant = full([1], 5);
    const y = multiply(x, constant);
    backward(exp(y));
    assert.ok(y.grad === null && constant.grad === null);
    taken(x);
  }));

test("errors", () =>
  inFloat64(() => {
    const x = tensor([1, 2], undefined, { requiresGrad: true });
    assert.throws(() => backward(multiply(x, 2)), /backward: a tensor of shape \[2\], wanted one element or \{ gradient \}/);
    assert.throws(() => backward(sum(tensor([1, 2]))), /depends on nothing that requires a gradient/);
    assert.throws(() => backward(noGrad(() => sum(multiply(x, 2)))), /depends on nothing that requires a gradient/);
    assert.throws(() => backward(multiply(x, 2), { gradient: full([3], 1) }), /gradient of shape \[3\] for \[2\], wanted the same/);
    assert.throws(() => backward(sum(x), { createGraph: true }), /second derivatives are not supported/);
  }));

test("gradients() leaves the fields as they were, also when it fails", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () =>
    scope(() => {
      const x = tensor([1, 2], undefined, { requiresGrad: true });
      backward(sum(x));
      const other = full([1], 1, { requiresGrad: true });
      assert.throws(() => gradients(sum(x), [x, other]), /gradients: the result does not depend on tensor 1, wanted one/);
      assert.throws(() => gradients(multiply(x, 2), [x]), /wanted one element/);
      assert.throws(() => gradients(sum(x), [multiply(x, 2)]), /wanted leaves/);
      assert.equal(taken(x), [1, 1]);
      assert.is(other.grad, null);
    }),
  );
  assert.is(backend.memoryUse().buffers, 0);
});

test("a tape is used once", () =>
  inFloat64(() => {
    const x = tensor([[1, 2]], undefined, { requiresGrad: true });
    const shared = softmax(x);
    const [first, second] = [sum(multiply(shared, shared)), sum(exp(shared))];
    backward(first);
    const wanted = /backward: softmax of shape \[1,2\] was used up by an earlier backward\(\), wanted a new forward pass/;
    assert.throws(() => backward(second), wanted);
    assert.throws(() => backward(first), /sum of shape \[\] was used up|multiply.*used up|reshape of shape \[\] was used up/);
    const once = taken(x);
    // The sum of two losses is one tape.
    const again = softmax(x);
    backward(add(sum(multiply(again, again)), sum(exp(again))));
    assert.not.equal(taken(x), once);
  }));

test("the order of ids is the order of the tape, whatever the order of use", () =>
  inFloat64(() => {
    const x = full([1], 3, { requiresGrad: true });
    const early = multiply(x, 2);
    const late = multiply(x, 5);
    // late comes first in the expression.
    backward(multiply(late, multiply(early, late)));
    // 2 * 25 x^3: 150 x^2.
    assert.equal(taken(x), [1350]);
  }));

test("an op is offered the sum so far where nobody else reads it, and may add to it in place", () =>
  inFloat64(() => {
    const offered: boolean[] = [];
    const double = defineOp<readonly Tensor[], object>("double", {
      forward: ([a]) => affine(a, 2, 0),
      vjp: (dy, _y, inputs) =>
        inputs.map(() => (sofar) => {
          offered.push(sofar !== null);
          const part = affine(dy, 2, 0);
          return sofar ? addInto(sofar, part) : part;
        }),
      samples: [],
    });
    const x = tensor([1, 2], undefined, { requiresGrad: true });
    const of = (build: (h: Tensor) => Tensor): readonly [number[], boolean[]] => {
      backward(sum(build(multiply(x, 1))));
      return [taken(x), offered.splice(0)];
    };
    // The square comes first in backward(), being last on the tape.
    assert.equal(
      of((h) => add(double([h], {}), multiply(h, h))),
      [[4, 6], [true]],
    );
    assert.equal(
      of((h) => double([h], {})),
      [[2, 2], [false]],
    );
    // Both terms of a sum have their gradient in the same memory, which the branch still reads, or no longer.
    const beside = (h: Tensor): Tensor => add(double([h], {}), h);
    assert.equal(of(beside), [[3, 3], [false]]);
    assert.equal(
      of((h) => add(multiply(double([h], {}), 5), h)),
      [[11, 11], [true]],
    );
    assert.equal(
      of((h) => add(beside(h), multiply(h, 3))),
      [[6, 6], [true]],
    );
    // Twice in one node: each gets its own, added in order.
    assert.equal(
      of((h) => double([h, h], {})),
      [
        [4, 4],
        [false, false],
      ],
    );
  }));

test("batch norm writes over a gradient only where nobody else reads it", () =>
  inFloat64(() => {
    const values = [0.5, -1, 2, 0.25, -0.75, 1.5];
    const of = (build: (h: Tensor) => Tensor, gradient?: Tensor): number[] => {
      const x = tensor(values, [3, 2], { requiresGrad: true });
      backward(build(multiply(x, 1)), gradient && { gradient });
      return taken(x);
    };
    const norm = (h: Tensor): Tensor => batchNorm(h, null, null, { eps: 1e-5, relu: true });
    const weights = tensor([1, -2, 3, 0.5, 0.25, -1], [3, 2]);
    const branch = of(norm, weights);
    assert.equal([...weights.toArray()], [1, -2, 3, 0.5, 0.25, -1]);
    assert.ok(branch.some((value) => value !== 0));
    const near = (actual: number[], wanted: number[]): void =>
      actual.forEach((value, at) => assert.ok(Math.abs(value - wanted[at]) < 1e-12, `${value}, wanted ${wanted[at]}`));
    const direct = [...weights.toArray()];
    // As a branch beside its input, and beside another reader of the same gradient.
    near(
      of((h) => add(h, norm(h)), weights),
      branch.map((value, at) => value + direct[at]),
    );
    near(
      of((h) => add(multiply(h, 2), norm(h)), weights),
      branch.map((value, at) => value + 2 * direct[at]),
    );
    near(
      of((h) => add(norm(h), norm(h)), weights),
      branch.map((value) => 2 * value),
    );
  }));

test.run();
