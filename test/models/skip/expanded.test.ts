// lambda x + f, and its norm; scaling before a norm is scaling of the branch.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expanded, none, orthogonal, streamBatchNorm, streamLayerNorm } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, partsOf, withSkip } from "./joined.ts";

const test = suite("models/skip/expanded");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const eps = 1e-12;

test("without a norm: lambda x + f", () => {
  for (const lambda of [1, 2, 0.5, -3])
    assert.equal(
      joined(expanded(lambda), x, f),
      [...x].map((value, at) => lambda * value + f[at]),
    );
  const wanted = [...x].map((value, at) => 2 * value + partsOf(x, f, 5).across[at]);
  assert.ok(farthest(joined(expanded(2, { inner: orthogonal({ eps }) }), x, f), wanted) < 1e-5);
});

test("with layer norm (lambda, f) is (1, f / lambda)", () => {
  for (const over of ["sample", "feature"] as const)
    for (const lambda of [2, 0.5]) {
      const norm = streamLayerNorm({ over, eps });
      const divided = f.map((value) => value / lambda);
      assert.ok(farthest(joined(expanded(lambda, { norm }), x, f), joined(expanded(1, { norm }), x, divided)) < 1e-9);
    }
});

test("maps are normalized by sample, tokens by position", () => {
  /** Largest mean of runs of so many values. */
  const mean = (y: readonly number[], columns: number): number => {
    let most = 0;
    for (let row = 0; row < y.length; row += columns)
      most = Math.max(most, Math.abs(y.slice(row, row + columns).reduce((sum, value) => sum + value, 0)) / columns);
    return most;
  };
  const norm = streamLayerNorm();
  const map = joined(expanded(2, { norm }), x, f);
  assert.ok(mean(map, 30) < 1e-14 && mean(map, 5) > 0.1);
  const tokens = joined(expanded(2, { norm }), x, f, { shape: [2, 6, 5] });
  assert.ok(mean(tokens, 5) < 1e-14);
  assert.ok(mean(joined(expanded(2, { norm: streamLayerNorm({ over: "sample" }) }), x, f, { shape: [2, 6, 5] }), 5) > 0.1);
});

test("batch norm follows the batches and serves the evaluation", () =>
  withSkip(expanded(2, { norm: streamBatchNorm({ momentum: 1 }) }), {}, ({ join, unit }) => {
    const y = join(x, f);
    for (let c = 0; c < 5; c++) {
      const channel = y.filter((_, at) => at % 5 === c);
      assert.ok(Math.abs(channel.reduce((sum, value) => sum + value, 0)) < 1e-13);
    }
    assert.equal(Object.keys(unit.stateDict()), ["skip.norm.weight", "skip.norm.bias", "skip.norm.running_mean", "skip.norm.running_var"]);
    // Running statistics are of this batch, the variance unbiased.
    const evaluated = join(x, f, { training: false });
    assert.ok(
      farthest(
        evaluated,
        y.map((value) => value * Math.sqrt(11 / 12)),
      ) < 1e-4,
    );
  }));

test("numbers without a meaning", () => {
  for (const lambda of [0, NaN, Infinity])
    assert.throws(() => expanded(lambda), /expanded: lambda .*, wanted a finite number other than 0/);
  assert.throws(() => expanded(2, { inner: none() }), /expanded: around "none"/);
});

test.run();
