import { suite } from "uvu";
import * as assert from "uvu/assert";
import { disturbance, median, overBest, quantile, ratioOfTimes, spread } from "../../bench/suite/statistics.ts";
import { saying } from "../saying.ts";

const statistics = suite("bench statistics");

statistics("quantiles are interpolated and do not depend on the order", () => {
  assert.is(quantile([4, 1, 3, 2], 0), 1);
  assert.is(quantile([4, 1, 3, 2], 1), 4);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.is(median([9, 1, 5]), 5);
  assert.is(quantile([0, 10], 0.25), 2.5);
  assert.is(median([7]), 7);
  assert.throws(() => quantile([], 0.5), saying("quantile: 0 values, at least 1 is wanted"));
});

statistics("values are not reordered in place", () => {
  const values = [3, 1, 2];
  median(values);
  assert.equal(values, [3, 1, 2]);
});

statistics("spread is the middle half over the median; one outlier does not move it", () => {
  assert.is(spread([10, 10, 10, 10]), 0);
  assert.is(spread([8, 9, 10, 11, 12]), 0.2);
  assert.is(spread([8, 9, 10, 11, 1200]), 0.2);
  assert.is(spread([8, 9]), null);
});

statistics("over best", () => {
  assert.is(overBest([8, 10, 12]), 0.25);
  assert.is(overBest([5, 5]), 0);
});

statistics("ratios are of pairs, the best one of the best of each side", () => {
  // Everything took twice as long in the second round: the pairs do not show it.
  const ratio = ratioOfTimes([30, 60, 33], [10, 20, 10]);
  assert.is(ratio.median, 3);
  assert.is(ratio.best, 3);
  assert.ok(ratio.spread! < 0.06);
  // One disturbed round of one side: neither number follows it.
  const disturbed = ratioOfTimes([20, 20, 200], [10, 10, 10]);
  assert.is(disturbed.median, 2);
  assert.is(disturbed.best, 2);
  assert.throws(() => ratioOfTimes([1, 2], [1]), saying("ratioOfTimes: 2 times over 1, pairs are wanted"));
});

statistics("a run is as disturbed as its rows are in the median", () => {
  assert.is(disturbance([0.01, 0.02, 5]), "calm");
  assert.is(disturbance([0.01, 0.04, 5]), "slightly disturbed");
  assert.is(disturbance([0.01, 0.2, 5]), "disturbed");
});

statistics.run();
