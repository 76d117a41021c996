// (1 + a) x + f, and (1 + a) x + f_perp; a = 0 is the skip inside.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { additive, none, orthogonal, streamScaling } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, partsOf, withSkip } from "./joined.ts";

const test = suite("models/skip/stream-scaling");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const { across } = partsOf(x, f, 5);

test("a = 0 at the start changes nothing", () => {
  assert.equal(joined(streamScaling(), x, f), joined(additive(), x, f));
  assert.equal(joined(streamScaling(orthogonal()), x, f), joined(orthogonal(), x, f));
});

test("the learned factor is on the stream alone", () => {
  const parameters = { "skip.a": [-0.25] };
  assert.ok(
    farthest(
      joined(streamScaling(), x, f, { parameters }),
      [...x].map((value, at) => 0.75 * value + f[at]),
    ) < 1e-14,
  );
  const wanted = [...x].map((value, at) => 0.75 * value + across[at]);
  assert.ok(farthest(joined(streamScaling(orthogonal({ eps: 1e-12 })), x, f, { parameters }), wanted) < 1e-5);
});

test("one parameter a block, with its start", () =>
  withSkip(streamScaling(undefined, { start: 0.5 }), {}, ({ unit }) => {
    assert.equal(
      unit.namedParameters().map(([key, { shape }]) => [key, [...shape]]),
      [["skip.a", [1]]],
    );
    assert.equal([...unit.parameters()[0].toArray()], [0.5]);
  }));

test("what has no meaning", () => {
  assert.throws(() => streamScaling(none()), /streamScaling: around "none", which does not read its stream, wanted a skip that does/);
  assert.throws(() => streamScaling(undefined, { start: NaN }), /streamScaling: a NaN at the start, wanted a finite number/);
});

test.run();
