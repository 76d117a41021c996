// The identities that arXiv 2505.11881 states of the orthogonal update, in float64, per position and per sample.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { add, backward, gradients, multiply, noGrad, scope, sum, tensor, type Tensor } from "../../../ts/autograd/index.ts";
import { orthogonal, type OrthogonalOptions } from "../../../ts/models/index.ts";
import { normals } from "../../autograd/normals.ts";
import { inFloat64 } from "../../in-float64.ts";

const SHAPE = [2, 3, 2, 5];
const SIZE = 60;
const SITE = { index: 0, depth: 1, width: 5 };

const test = suite("models/skip/orthogonal");

function deviates(seed: number): Float64Array {
  return Float64Array.from({ length: SIZE }, normals(seed));
}

function join(x: Tensor, f: Tensor, options: OrthogonalOptions): Tensor {
  return orthogonal(options)
    .at(SITE)
    .join(x, () => f, { training: true });
}

/** Inner products of rows: a position's channels, or a whole sample. */
function dots(a: ArrayLike<number>, b: ArrayLike<number>, columns: number): number[] {
  return Array.from({ length: a.length / columns }, (_, row) => {
    let dot = 0;
    for (let at = row * columns; at < (row + 1) * columns; at++) dot += a[at] * b[at];
    return dot;
  });
}

for (const [over, columns] of [
  ["feature", 5],
  ["sample", 30],
] as const) {
  test(`${over}: what is added is orthogonal to the stream, but for eps`, () =>
    inFloat64(() => {
      const [x, f] = [deviates(1), deviates(2)];
      const eps = 1e-6;
      const y = join(tensor(x, SHAPE), tensor(f, SHAPE), { over, eps }).toArray();
      const added = y.map((value, at) => value - x[at]);
      const [along, xx, xf] = [dots(added, x, columns), dots(x, x, columns), dots(f, x, columns)];
      along.forEach((dot, row) => {
        assert.ok(Math.abs(dot) < 1e-5);
        // Exactly: <x, u_perp> = <x, u> eps / (||x||^2 + eps).
        assert.ok(Math.abs(dot - (xf[row] * eps) / (xx[row] + eps)) < 1e-13, `row ${row}: ${dot}`);
      });
    }));

  test(`${over}: a part of the branch parallel to the stream is dropped`, () =>
    inFloat64(() => {
      const [x, f] = [deviates(3), deviates(4)];
      const y = join(tensor(x, SHAPE), tensor(f, SHAPE), { over, eps: 1e-12 }).toArray();
      const moved = f.map((value, at) => value + (1 + (Math.floor(at / columns) % 3)) * x[at]);
      const z = join(tensor(x, SHAPE), tensor(moved, SHAPE), { over, eps: 1e-12 }).toArray();
      y.forEach((value, at) => assert.ok(Math.abs(value - z[at]) < 1e-10));
      const parallel = join(
        tensor(x, SHAPE),
        tensor(
          x.map((value) => -2.5 * value),
          SHAPE,
        ),
        { over, eps: 1e-12 },
      ).toArray();
      parallel.forEach((value, at) => assert.ok(Math.abs(value - x[at]) < 1e-10));
    }));

  test(`${over}: the squared norm grows by that of the orthogonal part`, () =>
    inFloat64(() => {
      const [x, f] = [deviates(5), deviates(6)];
      const y = join(tensor(x, SHAPE), tensor(f, SHAPE), { over, eps: 1e-12 }).toArray();
      const added = y.map((value, at) => value - x[at]);
      const [before, after, grown] = [dots(x, x, columns), dots(y, y, columns), dots(added, added, columns)];
      after.forEach((norm, row) => assert.ok(Math.abs(norm - before[row] - grown[row]) < 1e-10));
    }));

  test(`${over}: at x = 0 it is plain addition`, () =>
    inFloat64(() => {
      const f = deviates(7);
      const y = join(tensor(new Float64Array(SIZE), SHAPE), tensor(f, SHAPE), { over });
      assert.equal(y.toArray(), f);
    }));

  test(`${over}: eps is added to the squared norm`, () =>
    inFloat64(() => {
      const [x, f] = [deviates(8), deviates(9)];
      const eps = 0.75;
      const y = join(tensor(x, SHAPE), tensor(f, SHAPE), { over, eps }).toArray();
      const [xx, xf] = [dots(x, x, columns), dots(x, f, columns)];
      y.forEach((value, at) => {
        const row = Math.floor(at / columns);
        assert.ok(Math.abs(value - (x[at] + f[at] - (xf[row] / (xx[row] + eps)) * x[at])) < 1e-14);
      });
    }));

  test(`${over}: the gradient goes through s`, () =>
    inFloat64(() => {
      const eps = 1e-6;
      const [x, f, w] = [deviates(10), deviates(11), deviates(12)];
      const [dx, df] = scope(() => {
        const [stream, branch] = [tensor(x, SHAPE, { requiresGrad: true }), tensor(f, SHAPE, { requiresGrad: true })];
        return gradients(sum(multiply(join(stream, branch, { over, eps }), tensor(w, SHAPE))), [stream, branch]).map((grad) => {
          const values = grad.toArray();
          grad.dispose();
          return values;
        });
      });
      // The paper's Jacobian, transposed: with b = <x,x> + eps, t = <w,x> / b and s = <x,u> / b,
      // du = w - t x and dx = w - s w - t u + 2 s t x.
      const [xx, xf, wx] = [dots(x, x, columns), dots(x, f, columns), dots(w, x, columns)];
      let detached = 0;
      x.forEach((value, at) => {
        const row = Math.floor(at / columns);
        const [s, t] = [xf[row] / (xx[row] + eps), wx[row] / (xx[row] + eps)];
        assert.ok(Math.abs(df[at] - (w[at] - t * value)) < 1e-13);
        assert.ok(Math.abs(dx[at] - (w[at] - s * w[at] - t * f[at] + 2 * s * t * value)) < 1e-13);
        detached = Math.max(detached, Math.abs(dx[at] - (w[at] - s * w[at])));
      });
      assert.ok(detached > 0.1, "with s detached the gradient would be w - s w");
    }));
}

test("a stream that is its own branch's input gets both gradients", () =>
  inFloat64(() => {
    const x = tensor(deviates(13), SHAPE, { requiresGrad: true });
    // f = 3 x is parallel: y = x (1 + 3 eps / b), so dy/dx is the identity, nearly.
    backward(sum(join(x, multiply(x, 3), { over: "feature", eps: 1e-12 })));
    assert.ok([...x.grad!.toArray()].every((value) => Math.abs(value - 1) < 1e-9));
    x.grad!.dispose();
  }));

test("labels, and a branch of another shape", () =>
  inFloat64(() => {
    assert.is(orthogonal().label, "orthogonal");
    assert.is(orthogonal({ over: "sample" }).label, "orthogonal per sample");
    const x = tensor(deviates(1), SHAPE);
    assert.throws(() => noGrad(() => join(x, tensor(new Float64Array(12), [2, 6]), {})), /stream \[2,3,2,5\] and branch \[2,6\]/);
    // The default is per position with eps 1e-6.
    const f = tensor(deviates(2), SHAPE);
    assert.equal(join(x, f, {}).toArray(), join(x, f, { over: "feature", eps: 1e-6 }).toArray());
    assert.not.equal(join(x, f, {}).toArray(), add(x, f).toArray());
  }));

test.run();
