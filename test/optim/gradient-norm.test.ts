// The norm of all gradients and clipping by it. (Against PyTorch: trajectory.test.ts, "clipped".)
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { keep, tensor } from "../../ts/autograd/index.ts";
import { Variable } from "../../ts/nn/index.ts";
import { BLOCK, blockSquares, clipGradNorm, clipScale, gradNorm, normOf } from "../../ts/optim/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("optim/gradient-norm");

function withGradient(values: ArrayLike<number> | null, size = values?.length ?? 1): Variable {
  const variable = new Variable([size]);
  if (values) variable.grad = keep(tensor(Float64Array.from(values)));
  return variable;
}

test("the norm is over all parameters, those without gradient counting nothing", () =>
  inFloat64(() => {
    assert.is(gradNorm([withGradient([3, 0]), withGradient(null), withGradient([4])]), 5);
    assert.is(gradNorm([withGradient(null)]), 0);
    assert.is(gradNorm([]), 0);
  }));

test("large parameters are summed block by block, in order", () =>
  inFloat64(() => {
    const size = 2 * BLOCK + 7;
    const values = Float64Array.from({ length: size }, (_, at) => ((at * 7919) % 1000) / 1000 - 0.5);
    const w = withGradient(values);
    const norm = gradNorm([w]);
    const exact = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    assert.ok(Math.abs(norm - exact) < 1e-10);
    const { backend } = w;
    const squares = [0, BLOCK, 2 * BLOCK].map((from) => {
      const length = Math.min(BLOCK, size - from);
      return blockSquares(backend, backend.view(w.grad!.buffer, from, length), length);
    });
    assert.is(normOf(squares), norm);
  }));

test("clipping scales by max / (norm + 1e-6) where that is below 1", () =>
  inFloat64(() => {
    const [a, b] = [withGradient([3, 0]), withGradient([0, 4])];
    assert.is(clipGradNorm([a, b], 10), 5);
    assert.equal([...a.grad!.toArray(), ...b.grad!.toArray()], [3, 0, 0, 4]);
    assert.is(clipGradNorm([a, b], 2), 5);
    const scale = 2 / (5 + 1e-6);
    assert.equal([...a.grad!.toArray(), ...b.grad!.toArray()], [3 * scale, 0, 0, 4 * scale]);
    assert.ok(gradNorm([a, b]) <= 2);
    assert.is(clipScale(5, 2), scale);
    assert.is(clipScale(1, 2), 1);
    assert.is(clipScale(0, 2), 1);
    assert.throws(() => clipGradNorm([a], 0), /clipGradNorm: 0, wanted more than 0/);
    assert.throws(() => clipGradNorm([a], NaN), /clipGradNorm: NaN/);
  }));

test("a gradient that is not finite shows in the norm", () =>
  inFloat64(() => {
    assert.ok(Number.isNaN(gradNorm([withGradient([1, NaN])])));
    assert.is(gradNorm([withGradient([1, Infinity])]), Infinity);
  }));

test.run();
