// The recursive skip is a layer norm of (lambda_eff x + f), with lambda_eff of the deviations on the way; lambda = 1 is the post-norm block.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dropPath, expanded, none, orthogonal, recursive, streamBatchNorm, streamLayerNorm } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, withSkip } from "./joined.ts";

const test = suite("models/skip/recursive");

const COLUMNS = 32;
const shape = [3, 4, COLUMNS];
const SIZE = 3 * 4 * COLUMNS;
const [x, f] = [deviates(1, SIZE), deviates(2, SIZE)];
const eps = 1e-18;
const bare = streamLayerNorm({ affine: false, eps });

/** (v - mean) / sigma of each run of so many values, and the sigmas. */
function normalized(v: readonly number[], columns: number): { readonly y: number[]; readonly sigma: number[] } {
  const y: number[] = [];
  const sigma: number[] = [];
  for (let row = 0; row < v.length; row += columns) {
    const run = v.slice(row, row + columns);
    const mean = run.reduce((sum, value) => sum + value, 0) / columns;
    const deviation = Math.sqrt(run.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / columns);
    sigma.push(deviation);
    y.push(...run.map((value) => (value - mean) / deviation));
  }
  return { y, sigma };
}

for (const [label, columns, norm] of [
  ["per position", COLUMNS, bare],
  ["per sample", 4 * COLUMNS, streamLayerNorm({ affine: false, eps, over: "sample" })],
] as const)
  for (const lambda of [1, 2, 3, 5])
    test(`${label}: ${lambda} steps are LN(lambda_eff x + f)`, () => {
      // lambda_eff = 1 + sum over j < lambda of the product of sigma_i up to j.
      const weights = new Float64Array(SIZE / columns).fill(1);
      const product = new Float64Array(SIZE / columns).fill(1);
      let y = normalized(
        [...x].map((value, at) => value + f[at]),
        columns,
      );
      for (let k = 1; k < lambda; k++) {
        y.sigma.forEach((sigma, row) => {
          product[row] *= sigma;
          weights[row] += product[row];
        });
        const before = y.y;
        y = normalized(
          [...x].map((value, at) => value + before[at]),
          columns,
        );
      }
      const skipped = joined(recursive(lambda, { norm }), x, f, { shape });
      const single = normalized(
        [...x].map((value, at) => weights[Math.floor(at / columns)] * value + f[at]),
        columns,
      );
      assert.ok(farthest(skipped, y.y) < 1e-12, "the steps as written");
      assert.ok(farthest(skipped, single.y) < 1e-12, "one layer norm");
      if (lambda === 2)
        assert.ok(
          weights.every((weight) => weight > 1.5),
          "not the plain sum",
        );
    });

test("with a scale w and a shift the first step weighs x by 1 + sigma / w in each channel", () => {
  const w = deviates(3, COLUMNS).map((value) => 1 + 0.25 * Math.tanh(value));
  const norm = streamLayerNorm({ eps });
  const parameters = { "skip.norms.0.weight": w };
  const skipped = joined(recursive(2, { norm }), x, f, { shape, parameters });
  const { y, sigma } = normalized(
    [...x].map((value, at) => value + f[at]),
    COLUMNS,
  );
  const one = normalized(
    y.map((value, at) => x[at] + w[at % COLUMNS] * value),
    COLUMNS,
  );
  assert.ok(farthest(skipped, one.y) < 1e-12);
  // x + w / sigma (x + f - mean), over w / sigma: (1 + sigma / w) x + f - mean.
  let mean = 0;
  for (let c = 0; c < COLUMNS; c++) mean += (x[c] + f[c]) / COLUMNS;
  for (let c = 0; c < COLUMNS; c++) {
    const argument = x[c] + w[c] * y[c];
    assert.ok(Math.abs(argument - (w[c] / sigma[0]) * ((1 + sigma[0] / w[c]) * x[c] + f[c] - mean)) < 1e-12);
  }
});

test("lambda = 1 is the post-norm block, and x = 0 or a scaled sum change nothing", () => {
  assert.equal(joined(recursive(1, { norm: bare }), x, f, { shape }), joined(expanded(1, { norm: bare }), x, f, { shape }));
  const nothing = new Float64Array(SIZE);
  assert.ok(farthest(joined(recursive(3, { norm: bare }), nothing, f, { shape }), normalized([...f], COLUMNS).y) < 1e-12);
  const [x2, f2] = [x.map((value) => 3 * value), f.map((value) => 3 * value)];
  assert.ok(
    farthest(joined(recursive(1, { norm: bare }), x2, f2, { shape }), joined(recursive(1, { norm: bare }), x, f, { shape })) < 1e-12,
  );
});

test("norms of their own, or one shared; the branch is computed once", () => {
  const keys = (shared: boolean): string[] =>
    withSkip(recursive(3, { shared }), { shape }, ({ join, calls, unit }) => {
      join(x, f);
      assert.is(calls(), 1);
      return Object.keys(unit.stateDict());
    });
  assert.equal(keys(true), ["skip.norms.0.weight", "skip.norms.0.bias"]);
  assert.is(keys(false).length, 6);
  const parameters = { "skip.norms.0.weight": deviates(3, COLUMNS) };
  const one = joined(recursive(2, { shared: true }), x, f, { shape, parameters });
  assert.not.equal(joined(recursive(2), x, f, { shape, parameters }), one);
});

test("batch norms keep statistics of their own", () =>
  withSkip(recursive(2, { norm: streamBatchNorm({ momentum: 1 }) }), { shape }, ({ join, unit }) => {
    join(x, f);
    const state = unit.stateDict();
    const [first, second] = [0, 1].map((step) => [...state[`skip.norms.${step}.running_var`].values]);
    assert.is(first.length, COLUMNS);
    assert.ok(farthest(first, second) > 0.1);
  }));

test("combined: an orthogonal update in drop path in the first step", () => {
  const inner = dropPath(0.5, orthogonal());
  const plain = joined(recursive(2, { norm: bare, inner: orthogonal() }), x, f, { shape });
  const nothing = joined(recursive(2, { norm: bare }), x, new Float64Array(SIZE), { shape });
  const doubled = joined(
    recursive(2, { norm: bare, inner: orthogonal() }),
    x,
    f.map((value) => 2 * value),
    { shape },
  );
  const found = Array.from({ length: 20 }, (_, step) => joined(recursive(2, { norm: bare, inner }), x, f, { shape, step }));
  assert.ok(found.every((y) => farthest(y, nothing) < 1e-13 || farthest(y, doubled) < 1e-13));
  assert.ok(found.some((y) => farthest(y, nothing) < 1e-13) && found.some((y) => farthest(y, doubled) < 1e-13));
  assert.equal(joined(recursive(2, { norm: bare, inner }), x, f, { shape, training: false }), plain);
});

test("numbers and combinations without a meaning", () => {
  for (const lambda of [0, -1, 1.5, NaN])
    assert.throws(() => recursive(lambda), /recursive: lambda .*, wanted a whole number of at least 1/);
  assert.throws(
    () => recursive(2, { norm: streamBatchNorm(), shared: true }),
    /recursive: one batch norm for 2 steps whose inputs differ in their statistics, wanted one each/,
  );
  assert.is(recursive(1, { norm: streamBatchNorm(), shared: true }).label, "recursive 1, batch norm");
  assert.throws(() => recursive(2, { inner: none() }), /recursive: around "none"/);
});

test.run();
