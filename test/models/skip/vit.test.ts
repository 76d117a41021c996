// Skips in a vision transformer: both additions of a block share the draw of pi, but not that of drop path; skips with norms take the
// place of the block's; every parameter gets a gradient.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { backward, crossEntropy, scope, tensor, wholeBatch, withBackend } from "../../../ts/autograd/index.ts";
import { createReferenceBackend } from "../../../ts/backend/index.ts";
import {
  additive,
  dropPath,
  expanded,
  orthogonal,
  probabilistic,
  recursive,
  rezero,
  streamLayerNorm,
  streamScaling,
  unified,
  vit,
  wrapSkip,
  type SkipKind,
  type VitOptions,
} from "../../../ts/models/index.ts";
import { signed } from "../../golden/hash.ts";

const test = suite("models/skip/vit");

const [N, SIZE, DEPTH] = [2, 8, 3];
const small: VitOptions = { size: SIZE, patch: 4, width: 8, depth: DEPTH, heads: 2 };

/** Trains a step of the net; tells which parameters got no gradient. */
function step(options: VitOptions, number = 0): string[] {
  return withBackend(createReferenceBackend(), () =>
    scope(() => {
      const model = vit({ ...small, ...options });
      const x = tensor(signed("images", N * SIZE * SIZE * 3), [N, SIZE, SIZE, 3]);
      const labels = tensor([3, 7]);
      x.batch = labels.batch = wholeBatch(N, { step: number });
      const loss = crossEntropy(model.forward(x), labels);
      backward(loss);
      assert.ok(Number.isFinite(loss.item()));
      const without = model.namedParameters().flatMap(([key, { grad }]) => (grad === null ? [key] : []));
      for (const parameter of model.parameters()) parameter.grad?.dispose();
      model.dispose();
      return without;
    }),
  );
}

for (const [label, options] of Object.entries<VitOptions>({
  "scaled stream": { skip: streamScaling(orthogonal()) },
  unified: { skip: unified() },
  rezero: { skip: rezero(undefined, { start: 0.5 }) },
  "recursive, for the block's norms": { norm: "skip", skip: recursive(2) },
  "expanded, layer norm, for the block's norms": { norm: "skip", skip: expanded(2, { norm: streamLayerNorm() }) },
  "drop path per sample": { skip: dropPath(0.3, orthogonal(), { per: "sample" }) },
}))
  test(label, () => assert.equal(step(options), []));

/** For each addition in turn, in each of some steps: whether the marked skip joined. */
function marks(make: (marked: SkipKind) => SkipKind): string[] {
  let joined = "";
  const marked = wrapSkip(additive(), (inner, { index }) => (stream, branch, context) => {
    joined += index;
    return inner.join(stream, branch, context);
  });
  return Array.from({ length: 12 }, (_, number) => {
    joined = "";
    step({ skip: make(marked) }, number);
    return joined;
  });
}

test("attention and MLP of a block share the draw of pi", () => {
  const found = marks((marked) => probabilistic(0.5, marked));
  for (const text of found) assert.match(text, /^(00)?(11)?(22)?$/);
  assert.ok(new Set(found).size > 3, "blocks and steps have draws of their own");
});

test("drop path leaves out attention and MLP one by one: what is left out is not trained", () => {
  const found = Array.from({ length: 12 }, (_, number) => {
    const parts = step({ skip: dropPath(0.5) }, number).flatMap((key) => /^blocks\.\d+\.(attn|mlp)/.exec(key)?.[0] ?? []);
    return [...new Set(parts)];
  });
  const alone = found.some((parts) =>
    [0, 1, 2].some((block) => parts.includes(`blocks.${block}.attn`) !== parts.includes(`blocks.${block}.mlp`)),
  );
  assert.ok(alone);
  const count = found.flat().length;
  assert.ok(count > 12 * 2 * DEPTH * 0.25 && count < 12 * 2 * DEPTH * 0.75, `${count} of ${24 * DEPTH} left out`);
});

test.run();
