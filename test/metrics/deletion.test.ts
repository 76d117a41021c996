// Deletion: nothing removed is the net's accuracy; what is removed is gone in evaluation only while it is asked for.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, setBackend, tensor } from "../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../ts/backend/index.ts";
import { deletionAccuracies, type LabeledBatch } from "../../ts/metrics/index.ts";
import { additive, BranchMask, masked, resnetV2, vit } from "../../ts/models/index.ts";
import type { Layer } from "../../ts/nn/index.ts";
import { signed } from "../golden/hash.ts";
import { saying } from "../saying.ts";

const test = suite("metrics/deletion");

setBackend(createReferenceBackend());
const [N, SIZE, CLASSES] = [12, 8, 3];
const images = Float32Array.from(signed("deletion", N * SIZE * SIZE * 3));
const shape = [N, SIZE, SIZE, 3];

const logitsOf = (model: Layer): Float64Array =>
  scope(() => noGrad(() => Float64Array.from(model.eval().forward(tensor(images, shape)).toArray())));
const guesses = (model: Layer): number[] => {
  const logits = logitsOf(model);
  return Array.from({ length: N }, (_, n) => {
    const row = [...logits.subarray(n * CLASSES, (n + 1) * CLASSES)];
    return row.indexOf(Math.max(...row));
  });
};

const nets = {
  "a residual net": (mask: BranchMask) => resnetV2({ depth: 14, width: 2, classes: CLASSES, skip: masked(additive(), mask) }),
  "a transformer": (mask: BranchMask) =>
    vit({ size: SIZE, width: 8, heads: 2, depth: 2, classes: CLASSES, skip: masked(additive(), mask) }),
};

for (const [name, make] of Object.entries(nets))
  test(`${name} without branches`, () => {
    const mask = new BranchMask();
    const model = make(mask);
    const labels = guesses(model);
    const batch: LabeledBatch = { images, shape, labels };
    const remove = (blocks: readonly number[]): void => mask.delete(blocks);
    const all = [0, 1, 2, 3];
    const [whole, one, none] = deletionAccuracies(model, [batch], remove, [[], [1], all]);
    // Labels are the net's own guesses.
    assert.is(whole, 1);
    mask.delete([1]);
    const without = guesses(model);
    assert.is(one, without.filter((guess, n) => guess === labels[n]).length / N);
    mask.delete(all);
    assert.is(none, guesses(model).filter((guess, n) => guess === labels[n]).length / N);
    mask.delete([]);
    assert.equal(guesses(model), labels);
  });

test("batches count by their images", () => {
  const mask = new BranchMask();
  const model = nets["a residual net"](mask);
  const labels = guesses(model).map((guess, n) => (n < 3 ? (guess + 1) % CLASSES : guess));
  const part = (from: number, to: number): LabeledBatch => ({
    images: images.slice(from * SIZE * SIZE * 3, to * SIZE * SIZE * 3),
    shape: [to - from, SIZE, SIZE, 3],
    labels: labels.slice(from, to),
  });
  const remove = (blocks: readonly number[]): void => mask.delete(blocks);
  assert.equal(deletionAccuracies(model, [part(0, 4), part(4, 12)], remove, [[]]), [9 / 12]);
  assert.throws(() => deletionAccuracies(model, [], remove, [[]]), saying("deletionAccuracies: a set without images, wanted at least one"));
});

test("the net is whole again after an error", () => {
  const mask = new BranchMask();
  const model = nets["a residual net"](mask);
  const bad: LabeledBatch = { images, shape: [N, SIZE, SIZE, 4], labels: [] };
  assert.throws(() => deletionAccuracies(model, [bad], (blocks) => mask.delete(blocks), [[1]]));
  assert.not(mask.isDeleted(1));
});

test.run();
