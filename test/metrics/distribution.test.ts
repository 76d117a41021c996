// Histograms, what two of them share, deviations, and the likeness of layers that follow each other.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collectLayers, deviationOf, featuresFrom, histogram, linearCka, overlap, successiveCka } from "../../ts/metrics/index.ts";
import { blocksOf, linearResNet } from "../../ts/models/index.ts";
import "../../ts/node.ts";
import { signed } from "../golden/hash.ts";
import { saying } from "../saying.ts";

const test = suite("metrics/distribution");

test("shares of bins; what lies outside counts at the ends, NaN nowhere", () => {
  const features = featuresFrom([-9, -1, -0.5, 0, 0.5, 9, NaN, 0.99], 2);
  assert.equal([...histogram(features, { low: -1, high: 1, count: 4 })], [0.25, 0.125, 0.125, 0.375]);
  assert.throws(
    () => histogram(features, { low: 1, high: 1, count: 4 }),
    saying("histogram: 4 bins from 1 to 1, wanted at least 1 over a range"),
  );
  assert.throws(() => histogram(features, { low: 0, high: 1, count: 0 }), /0 bins/);
});

test("overlap is 1 of equal distributions, 0 of apart ones", () => {
  const [a, b] = [Float64Array.of(0.5, 0.5, 0), Float64Array.of(0, 0.25, 0.75)];
  assert.is(overlap(a, a), 1);
  assert.is(overlap(a, b), 0.25);
  assert.throws(() => overlap(a, Float64Array.of(1)), saying("overlap: histograms of 3 and 1 bins, wanted the same"));
});

test("deviation about the common mean", () => {
  assert.is(deviationOf(featuresFrom([1, 3, 1, 3], 2)), 1);
  assert.is(deviationOf(featuresFrom([2, 2], 1)), 0);
});

test("layers that follow each other are as alike as linearCka says; one that does not vary is no number", () => {
  const [a, b] = [featuresFrom(signed("a", 12), 3), featuresFrom(signed("b", 8), 2)];
  const flat = featuresFrom([1, 2, 1, 2, 1, 2, 1, 2], 2);
  const [first, second, third] = successiveCka([a, a, b, flat]);
  assert.ok(Math.abs(first - 1) < 1e-12);
  assert.is(second, linearCka(a, b));
  assert.ok(Number.isNaN(third));
});

test("layers of one pass are what each gives alone", async () => {
  const model = linearResNet({ depth: 3, width: 4, inputs: 6, classes: 2 });
  const batches = [{ images: Float32Array.from(signed("images", 30)), shape: [5, 6] }];
  const blocks = blocksOf(model);
  const all = await collectLayers(model, blocks, batches, { of: "output" });
  const inputs = await collectLayers(model, blocks, batches);
  assert.is(all.length, 3);
  assert.equal(inputs[1], all[0]);
  assert.equal(inputs[2], all[1]);
  assert.not(Object.hasOwn(blocks[0], "forward"));
});

test.run();
