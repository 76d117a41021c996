// x + rho (sin(theta) f_par + cos(theta) f_perp): both starts, any other place, and the released form.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { additive, linearStart, orthogonal, orthogonalStart, rezeroConstrained, unified } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, partsOf, withSkip } from "./joined.ts";

const test = suite("models/skip/unified");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const { along, across } = partsOf(x, f, 5);
const parts = (q: number, p: number, of = { along, across }): number[] =>
  [...x].map((value, at) => value + q * of.along[at] + p * of.across[at]);

test("the two starts are addition and the orthogonal update", () => {
  assert.ok(farthest(joined(unified(), x, f), joined(additive(), x, f)) < 1e-14);
  assert.ok(farthest(joined(unified({ start: linearStart }), x, f), joined(unified(), x, f)) === 0);
  assert.ok(farthest(joined(unified({ start: orthogonalStart }), x, f), joined(orthogonal(), x, f)) < 1e-14);
});

test("the factors of both parts", () => {
  for (const [rho, theta] of [
    [0.8, 0.3],
    [-1.5, 2.5],
    [2, -4],
  ]) {
    const parameters = { "skip.rho": [rho], "skip.theta": [theta] };
    const wanted = parts(rho * Math.sin(theta), rho * Math.cos(theta));
    assert.ok(farthest(joined(unified(), x, f, { parameters }), wanted) < 1e-13);
    assert.ok(
      farthest(
        joined(unified({ over: "sample" }), x, f, { parameters }),
        parts(rho * Math.sin(theta), rho * Math.cos(theta), partsOf(x, f, 30)),
      ) < 1e-13,
    );
  }
});

test("the released form has cos on the parallel part, sin on the other, no rho", () => {
  assert.ok(farthest(joined(rezeroConstrained(), x, f), parts(1, 0)) < 1e-14);
  const parameters = { "skip.theta": [0.6] };
  assert.ok(farthest(joined(rezeroConstrained(), x, f, { parameters }), parts(Math.cos(0.6), Math.sin(0.6))) < 1e-14);
  withSkip(rezeroConstrained(), {}, ({ unit }) => assert.equal(Object.keys(unit.stateDict()), ["skip.theta"]));
});

test("bad starts and eps", () => {
  assert.throws(() => unified({ start: { rho: NaN, theta: 0 } }), /unified: rho NaN at the start/);
  assert.throws(() => unified({ eps: -1 }), /unified: eps -1, wanted a finite number of at least 0/);
  assert.throws(() => rezeroConstrained({ theta: Infinity }), /rezeroConstrained: theta Infinity/);
  assert.throws(() => orthogonal({ eps: NaN }), /orthogonal: eps NaN, wanted a finite number of at least 0/);
});

test.run();
