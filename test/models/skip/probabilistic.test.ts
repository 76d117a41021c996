// Which blocks take which skip is drawn by seed, block and step; evaluation takes what it was told to.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { additive, negative, orthogonal, probabilistic } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, partsOf, withSkip } from "./joined.ts";

const test = suite("models/skip/probabilistic");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const sum = joined(additive(), x, f);
const update = joined(orthogonal(), x, f);

/** 1 where the step takes the update. */
function draws(pi: number, { index = 0, seed = 0, steps = 400 }: { index?: number; seed?: number; steps?: number }): number[] {
  return withSkip(probabilistic(pi), { site: { index }, seed }, ({ join }) =>
    Array.from({ length: steps }, (_, step) => {
      const y = join(x, f, { step });
      assert.ok(farthest(y, sum) === 0 || farthest(y, update) === 0, "one of the two");
      return farthest(y, update) === 0 ? 1 : 0;
    }),
  );
}

test("pi is how often the update is drawn", () => {
  for (const pi of [0, 0.2, 0.7, 1]) {
    const drawn = draws(pi, {}).reduce((count, one) => count + one, 0);
    assert.ok(Math.abs(drawn - 400 * pi) <= 4 * Math.sqrt(400 * pi * (1 - pi)), `${drawn} of 400 with pi ${pi}`);
  }
});

test("a draw is of seed, block and step", () => {
  const one = draws(0.5, { steps: 64 });
  assert.equal(draws(0.5, { steps: 64 }), one);
  for (const other of [draws(0.5, { steps: 64, index: 1 }), draws(0.5, { steps: 64, seed: 1 })]) {
    const same = other.filter((value, step) => value === one[step]).length;
    assert.ok(same > 16 && same < 48, `${same} of 64 alike`);
  }
});

test("evaluation: the mean, a draw, or all", () => {
  const pi = 0.3;
  const evaluated = (evaluate: "expected" | "sample" | "all", step = 0): number[] =>
    joined(probabilistic(pi, orthogonal(), { evaluate }), x, f, { training: false, step });
  const { along } = partsOf(x, f, 5);
  const expected = sum.map((value, at) => value - pi * along[at]);
  assert.ok(farthest(evaluated("expected"), expected) < 1e-14);
  assert.equal(evaluated("all"), update);
  const samples = Array.from({ length: 40 }, (_, step) => evaluated("sample", step));
  assert.ok(samples.every((y) => farthest(y, sum) === 0 || farthest(y, update) === 0));
  assert.ok(samples.some((y) => farthest(y, sum) === 0) && samples.some((y) => farthest(y, update) === 0));
  assert.equal(joined(probabilistic(1), x, f, { training: false }), update);
  assert.equal(joined(probabilistic(0), x, f, { training: false }), sum);
});

test("the branch is computed once, other kinds may be given", () =>
  withSkip(probabilistic(0.5, negative(), { otherwise: orthogonal() }), {}, ({ join, calls }) => {
    const y = join(x, f, { training: false });
    assert.is(calls(), 1);
    const wanted = update.map((value, at) => 0.5 * value + 0.5 * (x[at] - f[at]));
    assert.ok(farthest(y, wanted) < 1e-14);
  }));

test("a pi that is no probability", () => {
  for (const pi of [-0.1, 1.1, NaN]) assert.throws(() => probabilistic(pi), /probabilistic: pi .*, wanted a probability from 0 to 1/);
});

test.run();
