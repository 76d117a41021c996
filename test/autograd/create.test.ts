// Making tensors from values, reading them back, methods, and errors.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { currentBackend, full, ones, tensor, withBackend, zeros, type Nested } from "../../ts/autograd/index.ts";
import "../../ts/autograd/methods.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("autograd/create");

test("nested lists give the shape", () =>
  inFloat64(() => {
    const shapes: [Nested, number[]][] = [
      [3, []],
      [[1, 2, 3], [3]],
      [
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [3, 2],
      ],
      [[[[1], [2]]], [1, 2, 1]],
      [[], [0]],
    ];
    for (const [values, shape] of shapes) assert.equal([...tensor(values).shape], shape);
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    assert.equal([...x.toArray()], [1, 2, 3, 4]);
    assert.equal([x.size, x.rank], [4, 2]);
  }));

test("flat lists and typed arrays take a shape", () =>
  inFloat64(() => {
    assert.equal([...tensor([1, 2, 3, 4, 5, 6], [2, 3]).shape], [2, 3]);
    assert.equal([...tensor(Float32Array.of(1, 2, 3)).shape], [3]);
    assert.equal([...tensor(Uint8Array.of(1, 2, 3, 4), [2, 2, 1]).toArray()], [1, 2, 3, 4]);
    assert.is(tensor(7, []).item(), 7);
    assert.is(tensor([7]).item(), 7);
    assert.is(tensor([], [0, 3]).size, 0);
  }));

test("values are copied in and out", () =>
  inFloat64(() => {
    const values = Float64Array.of(1, 2);
    const x = tensor(values);
    values[0] = 9;
    const read = x.toArray();
    read[1] = 9;
    assert.equal([...x.toArray()], [1, 2]);
  }));

test("one value throughout", () =>
  inFloat64(() => {
    assert.equal([...zeros([2, 2]).toArray()], [0, 0, 0, 0]);
    assert.equal([...ones([3]).toArray()], [1, 1, 1]);
    const x = full([2], -1.5, { requiresGrad: true });
    assert.equal([...x.toArray()], [-1.5, -1.5]);
    assert.ok(x.requiresGrad && x.grad === null && x.node === null);
    const other = createReferenceBackend();
    assert.is(zeros([1], { backend: other }).backend, other);
    assert.is(other.memoryUse().buffers, 1);
    assert.is.not(currentBackend(), other);
  }));

test("read() gives what toArray() gives", async () => {
  const backend = createReferenceBackend();
  const x = withBackend(backend, () => tensor([1, 2, 3]));
  assert.equal(await x.read(), x.toArray());
  x.dispose();
  assert.is(backend.memoryUse().buffers, 0);
});

test("operations are methods, too", () =>
  inFloat64(() => {
    const x = tensor([[1, -2]], undefined, { requiresGrad: true });
    const loss = x.multiply(3).add(1).relu().sum();
    assert.is(loss.item(), 4);
    loss.backward();
    assert.equal([...x.grad!.toArray()], [3, 0]);
    x.grad!.dispose();
    assert.equal([...x.reshape([2, 1]).transpose().shape], [1, 2]);
    assert.equal([...x.reshape(2, 1).transpose(0, 1).unsqueeze(0).flatten(0).shape], [2]);
    assert.is(x.min().add(x.argmin(1)).squeeze().item(), -1);
    assert.is(x.detach().norm().pow(2).add(x.variance()).item(), 9.5);
    assert.equal(
      x.split(1, 1).map((part) => part.item()),
      [1, -2],
    );
    assert.is(x.matmul(x.transpose()).item(), 5);
  }));

test("lists that are no box, and counts that do not fit", () =>
  inFloat64(() => {
    assert.throws(() => tensor([[1, 2], [3]]), /tensor: a list of 1 at depth 1, wanted shape \[2,2\] throughout/);
    assert.throws(() => tensor([[1, 2], 3]), /tensor: a number at depth 1, wanted lists of shape \[2,2\] throughout/);
    assert.throws(() => tensor([1, [2]]), /depth 1/);
    assert.throws(() => tensor([1, 2, 3], [2, 2]), /tensor: 3 values for shape \[2,2\], wanted 4/);
    assert.throws(() => zeros([2, -1]), /tensor: shape \[2,-1\], wanted a list of whole numbers of at least 0/);
    assert.throws(() => zeros([1.5]), /tensor: shape \[1.5\], wanted a list of whole numbers/);
    assert.throws(() => tensor([1, 2]).item(), /item: a tensor of 2 values, wanted 1/);
  }));

test("what is no number is named", () =>
  inFloat64(() => {
    const none =
      (values: unknown): (() => unknown) =>
      () =>
        tensor(values as Nested);
    assert.throws(none(["a"]), /^tensor: string a, wanted numbers or lists of them$/);
    assert.throws(none([true]), /^tensor: boolean true, wanted numbers or lists of them$/);
    assert.throws(none([1n]), /^tensor: bigint 1, wanted numbers or lists of them$/);
    assert.throws(none(undefined), /^tensor: undefined undefined, wanted numbers or lists of them$/);
  }));

test.run();
