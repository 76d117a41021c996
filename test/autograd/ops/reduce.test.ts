// Axes and options of sums, means and extremes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { argmax, max, mean, sum, tensor, type ReduceOptions, type Tensor } from "../../../ts/autograd/index.ts";
import { inFloat64 } from "../../in-float64.ts";

const test = suite("autograd/ops/reduce");

const matrix = (): Tensor =>
  tensor([
    [1, 5, 3],
    [4, 2, 6],
  ]);
const is = (x: Tensor, shape: number[], values: number[]): void => {
  assert.equal([...x.shape], shape);
  assert.equal([...x.toArray()], values);
};

test("axes stand alone or among options", () =>
  inFloat64(() => {
    const x = matrix();
    is(sum(x), [], [21]);
    is(sum(x, 0), [3], [5, 7, 9]);
    is(sum(x, -1), [2], [9, 12]);
    is(sum(x, [0, 1]), [], [21]);
    is(sum(x, { axes: 1, keepDims: true }), [2, 1], [9, 12]);
    is(mean(x, 0), [3], [2.5, 3.5, 4.5]);
    is(mean(x, { axes: [0, -1] }), [], [3.5]);
    is(max(x), [], [6]);
    is(max(x, 0), [3], [4, 5, 6]);
    is(max(x, { axis: -1, keepDims: true }), [2, 1], [5, 6]);
    is(max(x, { keepDims: true }), [1], [6]);
    is(argmax(x), [2], [1, 2]);
    is(argmax(x, 0), [3], [1, 0, 1]);
    is(argmax(x, { axis: 0, keepDims: true }), [1, 3], [1, 0, 1]);
  }));

test("an option of another name and an axis that is not there are errors", () =>
  inFloat64(() => {
    const x = matrix();
    const other = (options: object): ReduceOptions => options as ReduceOptions;
    assert.throws(() => sum(x, other({ dim: 0 })), /^sum: option dim, wanted axes, keepDims$/);
    assert.throws(() => mean(x, other({ axis: 0 })), /^mean: option axis, wanted axes, keepDims$/);
    assert.throws(() => max(x, other({ axes: 0 })), /^max: option axes, wanted axis, keepDims$/);
    assert.throws(() => argmax(x, other({ keepdim: true })), /^argmax: option keepdim, wanted axis, keepDims$/);
    assert.throws(() => sum(x, 2), /^sum: axis 2 of \[2,3\], wanted -2 to 1$/);
    assert.throws(() => sum(x, [0, -2]), /^sum: axes \[0,0\], wanted each once$/);
  }));

test.run();
