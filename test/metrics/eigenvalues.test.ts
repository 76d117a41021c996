// Jacobi's rotations: matrices whose eigenvalues are known, traces and determinants of others, extreme sizes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { symmetricEigenvalues } from "../../ts/metrics/index.ts";
import { signed } from "../golden/hash.ts";

const test = suite("metrics/eigenvalues");

function near(got: ArrayLike<number>, wanted: readonly number[], tolerance: number): void {
  assert.is(got.length, wanted.length);
  wanted.forEach((value, at) => assert.ok(Math.abs(got[at] - value) <= tolerance, `${at}: ${got[at]}, wanted ${value}`));
}

test("the path's Laplacian has 2 - 2 cos(pi k / (n + 1))", () => {
  for (const n of [1, 2, 3, 10, 40]) {
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      matrix[i * n + i] = 2;
      if (i > 0) matrix[i * n + i - 1] = matrix[(i - 1) * n + i] = -1;
    }
    const wanted = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos((Math.PI * (n - k)) / (n + 1)));
    near(symmetricEigenvalues(matrix), wanted, 1e-13);
  }
});

test("diagonal, rank one, of both signs, scaled far up and down", () => {
  near(symmetricEigenvalues(Float64Array.of(3, 0, 0, -5)), [3, -5], 0);
  near(symmetricEigenvalues(Float64Array.of(0, 1, 1, 0)), [1, -1], 1e-15);
  near(symmetricEigenvalues(new Float64Array(9)), [0, 0, 0], 0);
  const ones = new Float64Array(25).fill(1);
  near(symmetricEigenvalues(ones), [5, 0, 0, 0, 0], 1e-14);
  for (const scale of [1e-150, 1e120])
    near(symmetricEigenvalues(ones.map((value) => value * scale)), [5 * scale, 0, 0, 0, 0], 1e-14 * scale);
  assert.is(symmetricEigenvalues(new Float64Array(0)).length, 0);
});

test("sums of eigenvalues and of their squares are those of the matrix", () => {
  const n = 60;
  const values = signed("symmetric", n * n);
  const matrix = values.map((value, at) => (value + values[(at % n) * n + Math.floor(at / n)]) / 2);
  const found = symmetricEigenvalues(matrix);
  let [trace, squares, sum, sumOfSquares] = [0, 0, 0, 0];
  for (let at = 0; at < n * n; at++) squares += matrix[at] * matrix[at];
  for (let i = 0; i < n; i++) {
    trace += matrix[i * n + i];
    sum += found[i];
    sumOfSquares += found[i] * found[i];
  }
  near([sum, sumOfSquares], [trace, squares], 1e-11);
  assert.equal(
    [...found],
    [...found].sort((a, b) => b - a),
  );
});

test("what is no symmetric matrix", () => {
  assert.throws(() => symmetricEigenvalues(new Float64Array(5)), /symmetricEigenvalues: 5 values, wanted n \* n/);
  assert.throws(() => symmetricEigenvalues(Float64Array.of(1, 2, 3, 4)), /2 at \[0,1\] and 3 at \[1,0\], wanted equal numbers/);
  assert.throws(() => symmetricEigenvalues(Float64Array.of(NaN)), /wanted equal numbers/);
  assert.throws(() => symmetricEigenvalues(Float64Array.of(Infinity)), /wanted a finite sum of squares/);
});

test.run();
