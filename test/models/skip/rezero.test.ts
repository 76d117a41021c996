// x + alpha f, and x + alpha f_perp; at the start the block passes its stream on.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { none, orthogonal, rezero } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, partsOf } from "./joined.ts";

const test = suite("models/skip/rezero");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const { across } = partsOf(x, f, 5);

test("alpha = 0 at the start is the identity", () => {
  assert.equal(joined(rezero(), x, f), [...x]);
  assert.equal(joined(rezero(orthogonal()), x, f), [...x]);
});

test("the learned factor is on the branch, or on its orthogonal part", () => {
  const parameters = { "skip.alpha": [0.7] };
  const wanted = (part: ArrayLike<number>): number[] => [...x].map((value, at) => value + 0.7 * part[at]);
  assert.ok(farthest(joined(rezero(), x, f, { parameters }), wanted(f)) < 1e-14);
  assert.ok(farthest(joined(rezero(orthogonal()), x, f, { parameters }), wanted(across)) < 1e-14);
});

test("another start, and what has no meaning", () => {
  assert.ok(
    farthest(
      joined(rezero(undefined, { start: -1 }), x, f),
      [...x].map((value, at) => value - f[at]),
    ) < 1e-14,
  );
  assert.throws(() => rezero(none()), /rezero: around "none"/);
  assert.throws(() => rezero(undefined, { start: Infinity }), /rezero: alpha Infinity at the start/);
});

test.run();
