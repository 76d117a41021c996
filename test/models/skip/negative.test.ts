// x - f, and x - f_perp.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { negative, none, orthogonal } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, partsOf } from "./joined.ts";

const test = suite("models/skip/negative");

const [x, f] = [deviates(1, 60), deviates(2, 60)];

test("the branch counts with the other sign", () => {
  const less = (part: ArrayLike<number>): number[] => [...x].map((value, at) => value - part[at]);
  assert.equal(joined(negative(), x, f), less(f));
  assert.ok(farthest(joined(negative(orthogonal()), x, f), less(partsOf(x, f, 5).across)) < 1e-14);
  assert.is(negative(orthogonal()).label, "orthogonal, negative");
  assert.throws(() => negative(none()), /negative: around "none"/);
});

test.run();
