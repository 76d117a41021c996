// Probabilities against tables and exact counts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { incompleteBeta, paired, signProbability, spreadOf, statement, tProbability } from "../../ts/report/significance.ts";
import { saying } from "../saying.ts";

const test = suite("significance");

const near = (found: number, wanted: number, tolerance = 1e-9): void =>
  assert.ok(Math.abs(found - wanted) <= tolerance, `${found}, wanted ${wanted}`);

test("Student's t: closed forms for 1 and 2 degrees of freedom", () => {
  // P(|t| >= 1) of the Cauchy distribution is 1/2; for 2 degrees 1 - t / sqrt(2 + t^2).
  near(tProbability(1, 1), 0.5);
  for (const t of [0.1, 1, 2.5, 20]) near(tProbability(t, 2), 1 - t / Math.sqrt(2 + t * t));
  near(tProbability(-2.5, 2), tProbability(2.5, 2));
});

test("Student's t: critical values of 5 % from tables", () => {
  for (const [degrees, t] of [[2, 4.30265], [4, 2.77645], [9, 2.26216], [30, 2.04227]] as const) near(tProbability(t, degrees), 0.05, 1e-6); // prettier-ignore
});

test("the incomplete beta function: ends, symmetry, a closed form", () => {
  assert.is(incompleteBeta(2, 3, 0), 0);
  assert.is(incompleteBeta(2, 3, 1), 1);
  for (const x of [0.05, 0.4, 0.9]) {
    near(incompleteBeta(2, 3, x) + incompleteBeta(3, 2, 1 - x), 1);
    near(incompleteBeta(2, 2, x), x * x * (3 - 2 * x));
  }
});

test("the sign test is exact", () => {
  assert.is(signProbability(3, 3), 0.25);
  assert.is(signProbability(0, 5), 0.0625);
  assert.is(signProbability(4, 5), 0.375);
  assert.is(signProbability(2, 4), 1);
  assert.is(signProbability(0, 0), 1);
});

test("paired differences", () => {
  const found = paired([1, 2, 3]);
  assert.is(found.mean, 2);
  assert.is(found.spread, 1);
  // t = 2 sqrt 3 with 2 degrees.
  near(found.p, 1 - Math.sqrt(12) / Math.sqrt(14));
  assert.equal([found.above, found.unequal, found.signP], [3, 3, 0.25]);
  assert.ok(Number.isNaN(paired([1]).p));
  assert.is(paired([0.5, 0.5]).p, 0);
  assert.is(paired([0, 0]).p, 1);
  assert.ok(Number.isNaN(spreadOf([1])));
  assert.throws(() => paired([]), saying("paired: 0 differences, wanted at least 1"));
});

test("words", () => {
  assert.is(statement(paired([1])), "one seed: nothing can be said");
  assert.is(statement(paired([0, 0])), "no difference in any of 2 seeds");
  assert.is(statement(paired([1, 2, 3])), "paired t(2): p = 0.074; 3 of 3 seeds agree, sign test p = 0.250, the least that 3 can give");
  assert.is(statement(paired([1, 2, -3])), "paired t(2): p = 1.000; 2 of 3 seeds agree, sign test p = 1.000");
});

test.run();
