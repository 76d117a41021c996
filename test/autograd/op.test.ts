// Operations that users define: forward, gradient, saved tensors, optional inputs, and the gradient check that they can run.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  affine,
  backward,
  defineOp,
  exp,
  gradients,
  keep,
  multiply,
  noGrad,
  scope,
  sum,
  tensor,
  withBackend,
  type Op,
  type Tensor,
} from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { normals } from "./normals.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("autograd/op");

type One = readonly [Tensor];

/** x e^(-k x^2), its gradient from what the forward pass saved. */
const wavelet = defineOp<One, { readonly k: number }>("wavelet", {
  forward: ([x], { k }) => {
    const bell = exp(affine(multiply(x, x), -k, 0));
    return { value: multiply(x, bell), saved: [bell] };
  },
  vjp: (dy, _y, [x], { k }, [bell]) => [() => multiply(dy, multiply(bell, affine(multiply(x, x), -2 * k, 1)))],
  samples: [{ inputs: [[3, 4]], attributes: { k: 0.7 } }],
});

/** a x + b, b optional. */
const shifted = defineOp<readonly [Tensor, Tensor | null], { readonly a: number }>("shifted", {
  forward: ([x, b], { a }) => (b ? add(multiply(x, a), b) : multiply(x, a)),
  vjp: (dy, _y, [, b], { a }) => [() => multiply(dy, a), b ? () => affine(dy, 1, 0) : null],
  samples: [
    { inputs: [[5], [5]], attributes: { a: 3 } },
    { inputs: [[5], null], attributes: { a: -2 } },
  ],
});

/** Largest difference of an op's gradients from central differences, over its samples. */
function worstDifference<I extends readonly (Tensor | null)[], A>(op: Op<I, A>): number {
  let worst = 0;
  for (const { inputs: shapes, attributes } of op.spec.samples)
    scope(() => {
      const next = normals(5);
      const values = shapes.map((shape) => shape && Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next));
      const inputs = (): (Tensor | null)[] => values.map((value, at) => value && tensor(value, shapes[at]!, { requiresGrad: true }));
      const of = inputs();
      const given = of.filter((input) => input !== null);
      const found = gradients(sum(op(of as unknown as I, attributes)), given).map((grad) => {
        const list = grad.toArray();
        grad.dispose();
        return list;
      });
      const lossAt = (): number => scope(() => noGrad(() => sum(op(inputs() as unknown as I, attributes)).item()));
      values
        .filter((value) => value !== null)
        .forEach((value, input) =>
          value.forEach((at, index) => {
            const slope = (step: number): number => {
              value[index] = at + step;
              const above = lossAt();
              value[index] = at - step;
              const below = lossAt();
              value[index] = at;
              return (above - below) / (2 * step);
            };
            worst = Math.max(worst, Math.abs((4 * slope(1e-4) - slope(2e-4)) / 3 - found[input][index]));
          }),
        );
    });
  return worst;
}

test("a user's op passes the gradient check", () =>
  inFloat64(() => {
    assert.ok(worstDifference(wavelet) < 1e-9);
    assert.ok(worstDifference(shifted) < 1e-9);
  }));

test("a wrong gradient does not pass", () =>
  inFloat64(() => {
    const wrong = defineOp<One, object>("wrong", {
      forward: ([x]) => multiply(x, x),
      vjp: (dy, _y, [x]) => [() => multiply(dy, x)],
      samples: [{ inputs: [[4]], attributes: {} }],
    });
    assert.ok(worstDifference(wrong) > 0.01);
  }));

test("gradients nobody needs are not computed", () =>
  inFloat64(() => {
    const asked: string[] = [];
    const product = defineOp<readonly [Tensor, Tensor], object>("product", {
      forward: ([a, b]) => multiply(a, b),
      vjp: (dy, _y, [a, b]) => [
        () => {
          asked.push("a");
          return multiply(dy, b);
        },
        () => {
          asked.push("b");
          return multiply(dy, a);
        },
      ],
      samples: [],
    });
    const a = tensor([1, 2]);
    const b = tensor([3, 4], undefined, { requiresGrad: true });
    backward(sum(product([a, b], {})));
    assert.equal(asked, ["b"]);
    assert.is(a.grad, null);
    b.grad!.dispose();
    // And nothing is recorded where nothing requires a gradient.
    assert.is(product([a, tensor([1, 1])], {}).node, null);
  }));

test("nothing inside forward or vjp is recorded", () =>
  inFloat64(() => {
    const x = tensor([1, 2], undefined, { requiresGrad: true });
    const y = wavelet([x], { k: 1 });
    assert.is(y.node!.name, "wavelet");
    assert.is(y.node!.inputs[0], x);
    const [dx] = gradients(sum(y), [x]);
    assert.ok(dx.node === null && !dx.requiresGrad);
    dx.dispose();
  }));

test("an identity with a gradient of its own may return its input", () =>
  inFloat64(() => {
    const reversed = defineOp<One, { readonly factor: number }>("reversed", {
      forward: ([x]) => x,
      vjp: (dy, _y, _x, { factor }) => [() => affine(dy, factor, 0)],
      samples: [],
    });
    const x = tensor([1, 2], undefined, { requiresGrad: true });
    const y = reversed([x], { factor: -3 });
    assert.is.not(y, x);
    assert.is(x.node, null);
    assert.equal([...y.toArray()], [1, 2]);
    backward(sum(multiply(reversed([multiply(y, 2)], { factor: 0.5 }), tensor([1, 10]))));
    assert.equal([...x.grad!.toArray()], [-3, -30]);
    x.grad!.dispose();
  }));

test("saved tensors are freed after backward, and at once where nothing is recorded; inputs never are", () => {
  const backend = createReferenceBackend();
  withBackend(backend, () => {
    const saved: Tensor[] = [];
    const careless = defineOp<One, object>("careless", {
      forward: ([x]) => {
        const square = multiply(x, x);
        saved.push(square);
        const value = multiply(square, x);
        return { value, saved: [square, x, value] };
      },
      vjp: (dy, _y, _x, _none, [square]) => [() => affine(multiply(dy, square), 3, 0)],
      samples: [],
    });
    const x = keep(tensor([1, 2], undefined, { requiresGrad: true }));
    scope(() => {
      const y = careless([x], {});
      assert.not.ok(saved[0].freed);
      backward(sum(y));
      assert.ok(saved[0].freed);
      assert.not.ok(x.freed || y.freed);
      assert.equal([...x.grad!.toArray()], [3, 12]);
      noGrad(() => assert.equal([...careless([x], {}).toArray()], [1, 8]));
      assert.ok(saved[1].freed);
      assert.not.ok(x.freed);
    });
    x.grad!.dispose();
    x.dispose();
    assert.is(backend.memoryUse().buffers, 0);
  });
});

test("a gradient of a wrong shape is named", () =>
  inFloat64(() => {
    const wrong = defineOp<One, object>("wrong", { forward: ([x]) => sum(x), vjp: (dy) => [() => affine(dy, 1, 0)], samples: [] });
    const x = tensor([1, 2], undefined, { requiresGrad: true });
    assert.throws(() => backward(wrong([x], {})), /backward: a gradient of shape \[\] for an input of \[2\], wanted the same/);
  }));

test.run();
