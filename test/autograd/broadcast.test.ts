// Broadcasting as NumPy's: shapes, values, gradients summed back, errors; and reductions, which undo it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  backward,
  broadcastTo,
  concat,
  divide,
  gradients,
  greater,
  matmul,
  max,
  maximum,
  mean,
  multiply,
  pad,
  reshape,
  slice,
  subtract,
  sum,
  tensor,
  transpose,
  where,
  withBackend,
  type Tensor,
} from "../../ts/autograd/index.ts";
import "../../ts/autograd/methods.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("autograd/broadcast");

function counted(shape: readonly number[], requiresGrad = false): Tensor {
  const size = shape.reduce((total, length) => total * length, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, at) => at + 1),
    shape,
    { requiresGrad },
  );
}

/** What a broadcast operation must give, index by index. */
function elementwise(a: Tensor, b: Tensor, shape: readonly number[], op: (x: number, y: number) => number): number[] {
  const at = (x: Tensor, index: readonly number[]): number => {
    let place = 0;
    x.shape.forEach((length, axis) => {
      place = place * length + (length === 1 ? 0 : index[axis + shape.length - x.rank]);
    });
    return x.toArray()[place];
  };
  const size = shape.reduce((total, length) => total * length, 1);
  return Array.from({ length: size }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return op(at(a, index), at(b, index));
  });
}

const cases: [number[], number[], number[]][] = [
  [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3], [2, 3]],
  [[2, 3], [], [2, 3]],
  [[], [4], [4]],
  [
    [2, 1],
    [1, 3],
    [2, 3],
  ],
  [
    [4, 1, 3],
    [5, 1],
    [4, 5, 3],
  ],
  [
    [1, 2, 1, 3],
    [4, 1, 2, 1],
    [4, 2, 2, 3],
  ],
  [[2, 0], [1], [2, 0]],
  [
    [3, 1],
    [3, 0],
    [3, 0],
  ],
  [
    [2, 1, 2, 1, 2, 1, 2],
    [1, 3, 1, 3, 1, 3, 1],
    [2, 3, 2, 3, 2, 3, 2],
  ],
];

for (const [left, right, shape] of cases.slice(0, -1))
  test(`[${left.join()}] with [${right.join()}] is [${shape.join()}]`, () =>
    inFloat64(() => {
      for (const [op, exact] of [
        [add, (x: number, y: number) => x + y],
        [subtract, (x: number, y: number) => x - y],
        [multiply, (x: number, y: number) => x * y],
        [divide, (x: number, y: number) => x / y],
        [maximum, (x: number, y: number) => Math.max(x, y)],
        [greater, (x: number, y: number) => (x > y ? 1 : 0)],
      ] as const) {
        const [a, b] = [counted(left), counted(right)];
        const y = op(a, b);
        assert.equal([...y.shape], shape);
        assert.equal([...y.toArray()], elementwise(a, b, shape, exact));
      }
      // d sum(a + b) / da counts how often an element was used.
      const [a, b] = [counted(left, true), counted(right, true)];
      const [da, db] = gradients(sum(add(a, b)), [a, b]);
      const size = shape.reduce((total, length) => total * length, 1);
      for (const [grad, x] of [
        [da, a],
        [db, b],
      ]) {
        assert.equal([...grad.shape], [...x.shape]);
        assert.ok([...grad.toArray()].every((value) => value === size / x.size));
        grad.dispose();
      }
    }));

test("more axes than copies can take are refused", () =>
  inFloat64(() => {
    const [left, right] = cases[cases.length - 1];
    assert.throws(() => add(counted(left), counted(right)), /copy: 7 axes of \[2,3,2,3,2,3,2\], wanted at most 6/);
  }));

test("shapes that do not fit are named", () =>
  inFloat64(() => {
    assert.throws(() => add(counted([2, 3]), counted([2])), /add: \[2,3\] and \[2\] do not broadcast, wanted equal lengths or 1 on axis 1/);
    assert.throws(() => multiply(counted([4, 2]), counted([3, 1])), /multiply: \[4,2\] and \[3,1\] do not broadcast.*axis 0/);
    assert.throws(() => where(counted([2]), counted([3]), counted([3])), /where: \[2\] and \[3\]/);
    assert.throws(() => broadcastTo(counted([2, 3]), [3]), /broadcastTo: \[2,3\] to \[3\], wanted a shape that it broadcasts to/);
    assert.throws(() => matmul(counted([3, 4]), counted([5, 2])), /matmul: \[3,4\] by \[5,2\], inner sizes differ, wanted equal/);
    assert.throws(() => matmul(counted([3]), counted([3, 2])), /matmul: \[3\] by \[3,2\], wanted at least 2 axes each/);
    assert.throws(() => matmul(counted([2, 3, 4]), counted([3, 4, 5])), /matmul: \[2\] and \[3\] do not broadcast/);
    assert.throws(() => reshape(counted([2, 3]), [4]), /reshape: \[2,3\] to \[4\], wanted 6 elements/);
    assert.throws(() => reshape(counted([2, 3]), [-1, -1]), /at most one -1/);
    assert.throws(() => sum(counted([2, 3]), { axes: 2 }), /sum: axis 2 of \[2,3\], wanted -2 to 1/);
    assert.throws(() => sum(counted([2, 3]), { axes: [0, -2] }), /sum: axes \[0,0\], wanted each once/);
    assert.throws(() => transpose(counted([2, 3]), [0]), /transpose: order \[0\] of 2 axes, wanted all of them/);
    assert.throws(() => slice(counted([2, 3]), [0, 2], [2, 5]), /slice: 2 to 5 on axis 1 of \[2,3\], wanted within 0 to 3/);
    assert.throws(() => concat([counted([2, 3]), counted([3, 2])]), /concat: \[2,3\] and \[3,2\], wanted equal lengths but on axis 0/);
    assert.throws(() => concat([]), /concat: no tensors/);
    assert.throws(() => pad(counted([2]), [1, 1]), /pad: 2 and 2 counts for \[2\], wanted 1 each/);
  }));

test("tensors of two backends do not mix", () =>
  inFloat64(() => {
    const other = withBackend(createReferenceBackend(), () => counted([2]));
    assert.throws(() => add(counted([2]), other), /reference and the reference backend, wanted one backend/);
  }));

test("sums, means and maxima over any axes", () =>
  inFloat64(() => {
    const x = counted([2, 3, 4]);
    const shapeOf = (y: Tensor): number[] => [...y.shape];
    assert.is(sum(x).item(), 300);
    assert.equal(shapeOf(sum(x)), []);
    assert.equal(shapeOf(sum(x, { axes: 1 })), [2, 4]);
    assert.equal([...sum(x, { axes: 1 }).toArray()], [15, 18, 21, 24, 51, 54, 57, 60]);
    assert.equal(shapeOf(sum(x, { axes: [0, -1], keepDims: true })), [1, 3, 1]);
    assert.equal([...sum(x, { axes: [0, -1] }).toArray()], [68, 100, 132]);
    assert.equal([...mean(x, { axes: [1, 2] }).toArray()], [6.5, 18.5]);
    assert.equal([...max(x, { axis: 0 }).toArray()], [13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
    assert.is(max(x).item(), 24);
    assert.equal(shapeOf(max(x, { axis: -1, keepDims: true })), [2, 3, 1]);
    assert.equal([...x.argmax().toArray()], [3, 3, 3, 3, 3, 3]);
    assert.is(sum(counted([0, 3])).item(), 0);
    assert.equal([...sum(counted([0, 3]), { axes: 0 }).toArray()], [0, 0, 0]);
  }));

test("numbers stand for tensors on either side", () =>
  inFloat64(() => {
    const x = tensor([1, 2, 4], undefined, { requiresGrad: true });
    assert.equal([...add(x, 1).toArray()], [2, 3, 5]);
    assert.equal([...subtract(x, 1).toArray()], [0, 1, 3]);
    assert.equal([...subtract(1, x).toArray()], [0, -1, -3]);
    assert.equal([...multiply(x, -2).toArray()], [-2, -4, -8]);
    assert.equal([...divide(x, 2).toArray()], [0.5, 1, 2]);
    assert.equal([...divide(8, x).toArray()], [8, 4, 2]);
    assert.equal([...maximum(x, 2).toArray()], [2, 2, 4]);
    assert.equal([...x.pow(2).toArray()], [1, 4, 16]);
    backward(sum(divide(8, x)));
    assert.equal([...x.grad!.toArray()], [-8, -2, -0.5]);
    x.grad!.dispose();
  }));

test("a tensor used twice gets both gradients, broadcast or not", () =>
  inFloat64(() => {
    const x = tensor([1, 2, 3], undefined, { requiresGrad: true });
    const [dx] = gradients(sum(multiply(reshape(x, [3, 1]), x)), [x]);
    // d (sum x)^2 = 2 sum x.
    assert.equal([...dx.toArray()], [12, 12, 12]);
    dx.dispose();
    const [twice] = gradients(sum(add(x, x)), [x]);
    assert.equal([...twice.toArray()], [2, 2, 2]);
    twice.dispose();
  }));

test("x^0 has the gradient 0, at 0 too", () =>
  inFloat64(() => {
    const x = tensor([0, -1, 2], undefined, { requiresGrad: true });
    const y = x.pow(0);
    assert.equal([...y.toArray()], [1, 1, 1]);
    const [dx] = gradients(sum(y), [x]);
    assert.ok([...dx.toArray()].every((value) => value === 0));
    dx.dispose();
  }));

test.run();
