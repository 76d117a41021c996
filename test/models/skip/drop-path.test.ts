// Branches are left out as often as asked for, for the batch or by sample, whatever holds the samples; the mean is the skip inside.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { additive, dropPath, growing, none, orthogonal, recursive, type SkipKind } from "../../../ts/models/index.ts";
import { deviates, farthest, joined, withSkip, type JoinOptions } from "./joined.ts";

const test = suite("models/skip/drop-path");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const times = (factor: number): Float64Array => f.map((value) => factor * value);

/** For each step whether the branch stayed; all else is an error. */
function stays(kind: SkipKind, weight: number, options: JoinOptions & { readonly steps?: number } = {}): boolean[] {
  const { steps = 200, ...rest } = options;
  const wanted = joined(additive(), x, times(weight));
  return withSkip(kind, rest, ({ join, calls }) =>
    Array.from({ length: steps }, (_, step) => {
      const before = calls();
      const y = join(x, f, { step });
      const stayed = calls() > before;
      assert.ok(farthest(y, stayed ? wanted : x) < 1e-14, "the branch that was left out was not computed");
      return stayed;
    }),
  );
}

test("for the batch", () => {
  for (const p of [0, 0.25, 0.8]) {
    const stayed = stays(dropPath(p), 1 / (1 - p)).filter(Boolean).length;
    assert.ok(Math.abs(stayed - 200 * (1 - p)) <= 4 * Math.sqrt(200 * p * (1 - p)), `${stayed} of 200 with p ${p}`);
  }
});

test("a draw is of seed, block and step", () => {
  const one = stays(dropPath(0.5), 2, { steps: 64 });
  assert.equal(stays(dropPath(0.5), 2, { steps: 64 }), one);
  const other = stays(dropPath(0.5), 2, { steps: 64, seed: 1 });
  const same = other.filter((value, step) => value === one[step]).length;
  assert.ok(same > 16 && same < 48, `${same} of 64 alike`);
});

test("without rescaling evaluation takes the mean", () => {
  const kind = dropPath(0.25, undefined, { rescale: false });
  stays(kind, 1, { steps: 20 });
  assert.ok(farthest(joined(kind, x, f, { training: false }), joined(additive(), x, times(0.75))) < 1e-14);
  assert.equal(joined(dropPath(0.25), x, f, { training: false }), joined(additive(), x, f));
});

test("by sample", () => {
  const shape = [12, 5];
  const kind = dropPath(0.5, undefined, { per: "sample" });
  const inner = dropPath(0.5, orthogonal(), { per: "sample" });
  const update = joined(orthogonal(), x, times(2), { shape });
  const sum = joined(additive(), x, times(2), { shape });
  let stayed = 0;
  for (let step = 0; step < 40; step++) {
    const [added, updated] = [kind, inner].map((own) => joined(own, x, f, { shape, step }));
    for (let n = 0; n < 12; n++) {
      const row = (values: ArrayLike<number>): number[] => Array.from(values).slice(5 * n, 5 * n + 5);
      const here = farthest(row(added), row(sum)) < 1e-14;
      assert.ok(here || farthest(row(added), row(x)) === 0);
      assert.ok(farthest(row(updated), here ? row(update) : row(x)) < 1e-14, "the same samples with another skip");
      stayed += here ? 1 : 0;
    }
  }
  assert.ok(Math.abs(stayed - 240) < 4 * Math.sqrt(120), `${stayed} of 480`);
});

test("around a norm the norm stays", () => {
  const kind = dropPath(0.5, recursive(2));
  const without = joined(recursive(2), x, new Float64Array(60));
  const twice = joined(recursive(2), x, times(2));
  const found = Array.from({ length: 20 }, (_, step) => joined(kind, x, f, { step }));
  assert.ok(found.every((y) => farthest(y, without) < 1e-13 || farthest(y, twice) < 1e-13));
  withSkip(kind, {}, ({ unit }) => assert.is(Object.keys(unit.stateDict())[0], "skip.norms.0.weight", "keys of the skip inside"));
});

test("rates by depth", () => {
  const rate = growing(0.4);
  assert.equal(
    [0, 1, 3].map((index) => typeof rate === "function" && rate({ index, depth: 4, width: 5 })),
    [0.1, 0.2, 0.4],
  );
});

test("rates and combinations without a meaning", () => {
  for (const p of [-0.1, 1, NaN]) assert.throws(() => dropPath(p), /dropPath: rate .*, wanted at least 0 and below 1/);
  assert.throws(() => growing(1), /growing: rate 1, wanted/);
  assert.throws(() => dropPath(() => 2).at({ index: 3, depth: 4, width: 5 }), /dropPath: block 3: rate 2, wanted/);
  assert.throws(() => dropPath(0.5, none()), /dropPath: around "none", which does not read its stream, wanted a skip that does/);
});

test.run();
