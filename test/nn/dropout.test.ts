// Dropout: the share of zeros, the scale of the rest, masks as a function of seed, path, step and sample only.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { full, gradients, sum, tensor, wholeBatch, type BatchSlice, type Tensor } from "../../ts/autograd/index.ts";
import { Dropout, Flatten, initialize, Sequential, uninitialized } from "../../ts/nn/index.ts";
import { inFloat64 } from "../in-float64.ts";

const test = suite("nn/dropout");

function ones(rows: number, columns: number, slice: BatchSlice | null): Tensor {
  const x = full([rows, columns], 1);
  x.batch = slice;
  return x;
}

/** Two dropouts around a layer without numbers. */
function pair(p = 0.5): Sequential {
  return new Sequential(new Dropout(p), new Flatten(), new Dropout(p));
}

function maskOf(layer: Sequential, index: number, slice: BatchSlice): number[] {
  return [...(layer.layers[index] as Dropout).forward(ones(slice.size, 64, slice)).toArray()];
}

for (const p of [0.1, 0.5, 0.9])
  test(`p = ${p}: that share is 0, the rest is scaled by 1 / (1 - p)`, () =>
    inFloat64(() => {
      const values = initialize(new Dropout(p), { seed: 3 })
        .forward(ones(100, 200, wholeBatch(100)))
        .toArray();
      const zeros = values.filter((value) => value === 0).length;
      assert.ok([...values].every((value) => value === 0 || Math.abs(value * (1 - p) - 1) < 1e-15));
      // Five standard deviations of a binomial count.
      assert.ok(Math.abs(zeros - 20_000 * p) < 5 * Math.sqrt(20_000 * p * (1 - p)), `${zeros} zeros`);
    }));

test("evaluation and p = 0 pass x on, the same tensor", () =>
  inFloat64(() => {
    const x = ones(2, 3, wholeBatch(2));
    assert.is(new Dropout(0.5).eval().forward(x), x);
    assert.is(new Dropout(0).forward(x), x);
    assert.is.not(new Dropout(0.5).train().forward(x), x);
  }));

test("a p that is no probability below 1 is refused", () => {
  for (const p of [-0.1, 1, NaN]) assert.throws(() => new Dropout(p), /Dropout: p .*, wanted at least 0 and below 1/);
});

test("the gradient has the mask of the forward pass", () =>
  inFloat64(() => {
    const x = full([4, 50], 3, { requiresGrad: true });
    x.batch = wholeBatch(4, { step: 9 });
    const y = initialize(new Dropout(0.3)).forward(x);
    const [dx] = gradients(sum(y), [x]);
    assert.equal(
      [...dx.toArray()].map((value) => value > 0),
      [...y.toArray()].map((value) => value > 0),
    );
    dx.dispose();
  }));

test("a sample's mask does not depend on how the batch is sliced", () =>
  inFloat64(() => {
    const layer = initialize(new Dropout(0.5), { seed: 1 });
    const whole = wholeBatch(10, { shards: 5, step: 4 });
    const all = [...layer.forward(ones(10, 30, whole)).toArray()];
    const parts = [
      [0, 2],
      [2, 3],
      [3, 5],
    ].flatMap(([first, last]) => [...layer.forward(ones(2 * (last - first), 30, { ...whole, first, last })).toArray()]);
    assert.equal(parts, all);
    assert.equal([...layer.forward(ones(10, 30, wholeBatch(10, { shards: 2, step: 4 }))).toArray()], all);
  }));

test("masks change with the step, the sample, the layer and the seed, and with nothing else", () =>
  inFloat64(() => {
    const slice = wholeBatch(2, { step: 7 });
    const model = initialize(pair(), { seed: 5 });
    const mask = maskOf(model, 0, slice);
    assert.equal(maskOf(model, 0, slice), mask);
    assert.equal(maskOf(initialize(pair(), { seed: 5 }), 0, slice), mask);
    assert.not.equal(mask.slice(0, 64), mask.slice(64), "sample");
    assert.not.equal(maskOf(model, 0, wholeBatch(2, { step: 8 })), mask, "step");
    assert.not.equal(maskOf(model, 0, wholeBatch(2, { step: 7 + 2 ** 32 })), mask, "step beyond 32 bits");
    assert.not.equal(maskOf(model, 2, slice), mask, "layer");
    assert.not.equal(maskOf(initialize(pair(), { seed: 6 }), 0, slice), mask, "seed");
  }));

test("a replica without initial values draws the same masks", () =>
  inFloat64(() => {
    const slice = wholeBatch(2, { step: 1 });
    const wanted = maskOf(initialize(pair(), { seed: 5 }), 2, slice);
    assert.equal(
      maskOf(
        uninitialized(() => initialize(pair(), { seed: 5 })),
        2,
        slice,
      ),
      wanted,
    );
    // A model that nobody initialized is keyed by train(), wherever it is made.
    assert.equal(maskOf(pair().train(), 2, slice), maskOf(uninitialized(pair).train(), 2, slice));
    assert.not.equal(maskOf(pair().train(), 2, slice), maskOf(pair().train(), 0, slice));
  }));

test("layers that nothing was said to draw differently; without a batch each call does", () =>
  inFloat64(() => {
    const slice = wholeBatch(2, { step: 1 });
    const model = pair();
    assert.not.equal(maskOf(model, 0, slice), maskOf(model, 2, slice));
    const layer = initialize(new Dropout(0.5));
    const x = tensor(new Float64Array(64).fill(1), [1, 64]);
    assert.not.equal([...layer.forward(x).toArray()], [...layer.forward(x).toArray()]);
  }));

test.run();
