// Initializers: moments and bounds against their definitions, orthogonality, and the layers' defaults.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withBackend } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/reference.ts";
import { Conv2d, filtersOf, init, initialize, Linear, Variable } from "../../ts/nn/index.ts";
import { stream } from "../../ts/random.ts";

const test = suite("nn/init");

function drawn(initializer: init.Initializer, shape: readonly number[], seed = 1): Float64Array {
  return withBackend(createReferenceBackend(), () => {
    const variable = new Variable(shape);
    initializer(variable, stream(seed, "test"));
    return Float64Array.from(variable.toArray());
  });
}

interface Moments {
  readonly mean: number;
  readonly variance: number;
  /** Fourth central moment over the squared variance: 3 for a normal distribution, 1.8 for a uniform one. */
  readonly kurtosis: number;
  readonly largest: number;
}

function momentsOf(values: Float64Array): Moments {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const power = (n: number): number => values.reduce((sum, value) => sum + Math.pow(value - mean, n), 0) / values.length;
  const variance = power(2);
  return {
    mean,
    variance,
    kurtosis: power(4) / (variance * variance),
    largest: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  };
}

const FILTER = [3, 3, 32, 64] as const;
const MATRIX = [80, 200] as const;

// Fans of a filter [R,S,C,K]: in R*S*C = 288, out R*S*K = 576; of a matrix [out, in]: 200 and 80.
for (const [label, initializer, shape, variance, kind] of [
  ["normal", init.normal(0.02), MATRIX, 0.0004, "normal"],
  ["uniform", init.uniform(0.3), MATRIX, 0.03, "uniform"],
  ["heNormal of a filter", init.heNormal(), FILTER, 2 / 288, "normal"],
  ["heNormal of a filter, fan-out", init.heNormal({ fan: "out" }), FILTER, 2 / 576, "normal"],
  ["heNormal of a matrix", init.heNormal(), MATRIX, 2 / 200, "normal"],
  ["heNormal of a matrix, fan-out", init.heNormal({ fan: "out" }), MATRIX, 2 / 80, "normal"],
  ["heUniform", init.heUniform(), FILTER, 2 / 288, "uniform"],
  ["heUniform, fan-out", init.heUniform({ fan: "out" }), MATRIX, 2 / 80, "uniform"],
  ["xavierNormal", init.xavierNormal(), FILTER, 2 / (288 + 576), "normal"],
  ["xavierUniform", init.xavierUniform(), MATRIX, 2 / 280, "uniform"],
  ["fanInUniform", init.fanInUniform(50), MATRIX, 1 / 150, "uniform"],
] as const)
  test(`${label}: mean 0, variance ${variance}`, () => {
    const values = drawn(initializer, shape);
    const got = momentsOf(values);
    const deviation = Math.sqrt(variance / values.length);
    assert.ok(Math.abs(got.mean) < 4 * deviation, `mean ${got.mean}`);
    assert.ok(Math.abs(got.variance / variance - 1) < 0.05, `variance ${got.variance}`);
    assert.ok(Math.abs(got.kurtosis - (kind === "normal" ? 3 : 1.8)) < 0.2, `kurtosis ${got.kurtosis}`);
    if (kind === "uniform") assert.ok(got.largest <= Math.sqrt(3 * variance) && got.largest > 0.99 * Math.sqrt(3 * variance));
    assert.equal(drawn(initializer, shape), values, "the same stream, the same values");
    assert.not.equal(drawn(initializer, shape, 2), values);
  });

/** Rows of a weight by output: a matrix [out, in], or a filter [R,S,C,K] with K outputs. */
function rowsOf(values: Float64Array, shape: readonly number[]): number[][] {
  const isMatrix = shape.length === 2;
  const outputs = isMatrix ? shape[0] : shape[shape.length - 1];
  const inputs = values.length / outputs;
  return Array.from({ length: outputs }, (_, o) =>
    Array.from({ length: inputs }, (_none, i) => values[isMatrix ? o * inputs + i : i * outputs + o]),
  );
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, at) => sum + value * b[at], 0);

for (const [shape, gain] of [
  [[8, 20], 1],
  [[20, 8], 1],
  [[6, 6], 1.5],
  [[3, 3, 2, 10], 1],
  [[1, 1, 4, 16], 0.5],
] as const)
  test(`orthogonal [${shape.join()}], gain ${gain}: the shorter side is orthonormal`, () => {
    const rows = rowsOf(drawn(init.orthogonal({ gain }), shape), shape);
    const columns = rows[0].map((_, at) => rows.map((row) => row[at]));
    const vectors = rows.length <= columns.length ? rows : columns;
    vectors.forEach((a, i) =>
      vectors.forEach((b, j) => assert.ok(Math.abs(dot(a, b) - (i === j ? gain * gain : 0)) < 1e-12, `<${i},${j}> = ${dot(a, b)}`)),
    );
  });

for (const [shape, gain, groups] of [
  [[8, 20], 1, [8]],
  [[3, 3, 3, 16], 1, [16]],
  [[3, 3, 2, 18], 1.5, [18]],
  [[20, 8], 1, [6, 7, 7]],
  [[1, 1, 4, 16], 0.5, [4, 4, 4, 4]],
  [[1, 1, 4, 17], 1, [3, 3, 4, 3, 4]],
  [[5, 1], 2, [1, 1, 1, 1, 1]],
] as const)
  test(`orthonormalFilters [${shape.join()}], gain ${gain}: orthonormal in groups of ${groups.join()}`, () => {
    assert.equal(filtersOf(shape).groups, groups);
    const rows = rowsOf(drawn(init.orthonormalFilters({ gain }), shape), shape);
    const groupOf = groups.flatMap((count, group) => Array.from({ length: count }, () => group));
    let between = 0;
    rows.forEach((a, i) =>
      rows.forEach((b, j) => {
        if (groupOf[i] !== groupOf[j]) between = Math.max(between, Math.abs(dot(a, b)));
        else assert.ok(Math.abs(dot(a, b) - (i === j ? gain * gain : 0)) < 1e-12, `<${i},${j}> = ${dot(a, b)}`);
      }),
    );
    // Groups are drawn apart: no group repeats another.
    if (groups.length > 1)
      assert.ok(between > 0.1 * gain * gain && rows.every((a, i) => rows.every((b, j) => i === j || a[0] !== b[0] || a.length === 1)));
    if (groups.length === 1) assert.equal(drawn(init.orthonormalFilters({ gain }), shape), drawn(init.orthogonal({ gain }), shape));
  });

test("orthonormalFilters refuses what has no filters, and gains that scale nothing", () => {
  assert.throws(() => drawn(init.orthonormalFilters(), [7]), /filters: a weight of shape \[7\], wanted \[out,in\] or \[R,S,C,K\]/);
  for (const gain of [0, -1, NaN, Infinity]) assert.throws(() => init.orthonormalFilters({ gain }), /wanted a finite one above 0/);
});

test("orthogonal matrices are spread evenly: signs and sizes of entries", () => {
  const values = drawn(init.orthogonal(), [60, 60]);
  const got = momentsOf(values);
  assert.ok(Math.abs(got.mean) < 4 * Math.sqrt(1 / 60 / values.length));
  assert.ok(Math.abs(got.variance - 1 / 60) < 1e-3);
});

test("defaults: convolutions He normal by fan-out, linear layers uniform in 1 / sqrt(in), biases too", () =>
  withBackend(createReferenceBackend(), () => {
    const conv = initialize(new Conv2d(32, 64, 3, { bias: true })).stateDict();
    const weights = momentsOf(Float64Array.from(conv["weight"].values));
    assert.ok(Math.abs(weights.variance * 288 - 1) < 0.05 && Math.abs(weights.kurtosis - 3) < 0.2);
    const biases = momentsOf(Float64Array.from(conv["bias"].values));
    assert.ok(biases.largest <= 1 / Math.sqrt(288) && biases.largest > 0.8 / Math.sqrt(288));
    const linear = initialize(new Linear(100, 300)).stateDict();
    for (const key of ["weight", "bias"]) {
      const { largest, variance } = momentsOf(Float64Array.from(linear[key].values));
      assert.ok(largest <= 0.1 && largest > 0.095, `${key}: largest ${largest}`);
      assert.ok(Math.abs(variance * 300 - 1) < 0.2, `${key}: variance ${variance}`);
    }
    const zero: init.Initializer = (variable) => variable.backend.fill(variable.buffer, 0);
    const plain = new Linear(3, 2, { initializer: init.orthogonal(), biasInitializer: zero });
    assert.equal([...plain.stateDict()["bias"].values], [0, 0]);
  }));

test.run();
