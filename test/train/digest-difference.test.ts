// Where two digests part: the first place in the order in which a step computes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hexOf, type StepDigest } from "../../ts/train/digest-chain.ts";
import { differenceText, firstDifference, foundAt, isVague, sameStep } from "../../ts/train/digest-difference.ts";

const test = suite("digest difference");

const base: StepDigest = {
  step: 7,
  loss: hexOf(1.5),
  correct: 3,
  size: 8,
  gradNorm: hexOf(0.25),
  state: "s".repeat(64),
  chain: "c".repeat(64),
  forward: [
    { op: "conv2d", layer: "stem.conv", digests: ["a0", "a1", "a2", "a3"] },
    { op: "relu", layer: "after stem.conv", digests: ["b0", "b1", "b2", "b3"] },
    { op: "mean", layer: "after head.fc", digests: "m" },
  ],
  gradients: [
    { key: "stem.conv.weight", sum: "g", parts: [["g0", "g1", "g2", "g3"]] },
    {
      key: "head.fc.weight",
      sum: "h",
      parts: [
        ["h0", "h1", "h2", "h3"],
        ["i0", "i1", "i2", "i3"],
      ],
    },
    { key: "frozen", sum: null, parts: [] },
  ],
  values: [
    { name: "stem.conv.weight", digest: "v" },
    { name: "optimizer.momentum_buffer.stem.conv.weight", digest: "w" },
  ],
};

type Deep<T> = { -readonly [K in keyof T]: Deep<T[K]> };

/** The same step with something else in places. */
function changed(change: (step: Deep<StepDigest>) => void): StepDigest {
  const copy = JSON.parse(JSON.stringify(base)) as Deep<StepDigest>;
  change(copy);
  return copy as StepDigest;
}

const text = (a: StepDigest, b: StepDigest): string | null => {
  const found = firstDifference(a, b);
  return found && differenceText(found);
};

test("every place, from the last that a step comes to on to the first", () => {
  // Each case adds a difference that comes earlier in the step than all before it.
  const changes: [change: (step: Deep<StepDigest>) => void, wanted: string, found: string][] = [
    [(step) => (step.state = "t".repeat(64)), "state after the step", "t".repeat(64)],
    [(step) => (step.values![1].digest = "x"), "new value of optimizer.momentum_buffer.stem.conv.weight, from the same gradient", "x"],
    [(step) => (step.values![0].digest = "x"), "new value of stem.conv.weight, from the same gradient", "x"],
    [(step) => (step.gradNorm = hexOf(3)), "norm of the gradient", "3"],
    [(step) => (step.gradients![0].sum = "x"), "gradient of stem.conv.weight, summed over shards", "x"],
    [(step) => ((step.gradients![0].parts[0] as string[])[3] = "x"), "gradient of stem.conv.weight, shard 3", "x"],
    [(step) => ((step.gradients![1].parts[1] as string[])[0] = "x"), "gradient of head.fc.weight, shard 0, contribution 2", "x"],
    [(step) => ((step.gradients![1].parts[0] as string[])[1] = "x"), "gradient of head.fc.weight, shard 1", "x"],
    [(step) => (step.correct = 4), "number of images classified right", "4 of 8"],
    [(step) => (step.loss = hexOf(2.5)), "loss", "2.5"],
    [(step) => (step.forward![2].digests = "x"), "forward pass, operation 2, mean (layer after head.fc)", "x"],
    [(step) => (step.forward![1].digests = ["x", "b1", "x", "x"]), "forward pass, operation 1, relu (layer after stem.conv), shards 0, 2 to 3", "x"],
    [(step) => (step.forward![0].op = "gemm"), "operation 0 of the forward pass is conv2d (stem.conv) and gemm (stem.conv)", "t".repeat(64)],
  ]; // prettier-ignore
  const all: typeof changes = [];
  for (const each of changes) {
    all.push(each);
    const other = changed((step) => all.forEach(([change]) => change(step)));
    const [, wanted, found] = each;
    assert.is(text(base, other), wanted);
    assert.is(foundAt(other, firstDifference(base, other)!), found);
    assert.is(firstDifference(other, other), null);
    assert.not.ok(sameStep(base, other));
  }
  assert.is(
    firstDifference(
      base,
      changed(() => {}),
    ),
    null,
  );
  assert.ok(
    sameStep(
      base,
      changed((step) => (step.chain = "d".repeat(64))),
    ),
  );
});

test("what only one recorded is left out", () => {
  const { forward: _forward, values: _values, gradients: _gradients, ...bare } = base;
  assert.is(firstDifference(base, bare), null);
  const other = { ...bare, state: "t".repeat(64) };
  assert.is(text(base, other), "state after the step");
  assert.ok(isVague(firstDifference(base, other)!));
  // By layer: sums without parts.
  const byLayer = changed((step) => {
    delete step.forward;
    for (const gradient of step.gradients!) gradient.parts = [];
    step.gradients![0].sum = "x";
  });
  assert.is(text(base, byLayer), "gradient of stem.conv.weight, summed over shards");
  assert.not.ok(isVague(firstDifference(base, byLayer)!));
});

test("steps of different models say so", () => {
  assert.match(text(base, changed((step) => step.forward!.pop())) ?? "", /^operation 2 of the forward pass is mean \(after head\.fc\) and none$/); // prettier-ignore
  assert.match(text(base, changed((step) => step.forward!.push(step.forward![0]))) ?? "", /^the forward pass has 3 and 4 operations$/); // prettier-ignore
  assert.match(text(base, changed((step) => (step.gradients![1].key = "other"))) ?? "", /^only one has a gradient of head\.fc\.weight$/); // prettier-ignore
  assert.match(text(base, changed((step) => step.gradients![1].parts.pop())) ?? "", /^the gradient of head\.fc\.weight has 2 and 1 contributions$/); // prettier-ignore
  assert.match(text(base, changed((step) => step.gradients!.push({ key: "more", sum: null, parts: [] }))) ?? "", /^there are 3 and 4 gradients$/); // prettier-ignore
});

test.run();
