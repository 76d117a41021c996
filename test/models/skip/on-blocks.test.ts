// Blocks get the kind they were given, by number or by whether they change shapes.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withBackend } from "../../../ts/autograd/index.ts";
import { createDryBackend } from "../../../ts/backend/index.ts";
import { additive, atShapeChanges, none, onBlocks, orthogonal, resnetV2, rezero, type SkipKind } from "../../../ts/models/index.ts";
import { deviates, joined } from "./joined.ts";

const test = suite("models/skip/on-blocks");

const [x, f] = [deviates(1, 60), deviates(2, 60)];
const sum = joined(additive(), x, f);
const update = joined(orthogonal(), x, f);

test("blocks by number", () => {
  const kind = onBlocks([0, 3], orthogonal());
  const found = [0, 1, 2, 3].map((index) => joined(kind, x, f, { site: { index, depth: 4 } }));
  assert.equal(found, [update, sum, sum, update]);
  assert.equal(joined(onBlocks([], orthogonal()), x, f), sum);
  assert.equal(joined(onBlocks([1], additive(), orthogonal()), x, f), update);
});

test("blocks that change shapes", () => {
  const at = (inputs: number | undefined, stride: number): number[] =>
    joined(atShapeChanges(additive(), orthogonal()), x, f, { site: { stride, ...(inputs !== undefined && { inputs }) } });
  assert.equal([at(5, 1), at(undefined, 1), at(5, 2), at(4, 1)], [update, update, sum, sum]);
  // A net of three stages: the first block of the second and third change.
  const keys = (kind: SkipKind): string[] =>
    withBackend(createDryBackend(), () =>
      resnetV2({ depth: 14, width: 2, skip: kind })
        .namedParameters()
        .flatMap(([key]) => (key.includes(".skip.") ? [key] : [])),
    );
  assert.equal(keys(atShapeChanges(rezero(), additive())), ["stages.1.blocks.0.skip.alpha", "stages.2.blocks.0.skip.alpha"]);
  assert.equal(keys(onBlocks([1], rezero())), ["stages.0.blocks.1.skip.alpha"]);
});

test("numbers that are no blocks", () => {
  for (const indices of [[-1], [0.5], [1, 1]]) assert.throws(() => onBlocks(indices, orthogonal()), /onBlocks: block .* each once/);
  assert.throws(
    () => onBlocks([4], orthogonal()).at({ index: 0, depth: 4, width: 5 }),
    /onBlocks: block 4 of a model with 4 blocks, wanted 0 to 3/,
  );
});

test("the stream is ignored where both kinds ignore it", () => {
  assert.is(onBlocks([0], none(), none()).ignoresStream, true);
  assert.is(onBlocks([0], none()).ignoresStream, undefined);
});

test.run();
