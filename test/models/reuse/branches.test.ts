// Branches of every kind of net: leaving one out leaves its addition out and nothing else, and its parameters are those of it alone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crossEntropy, noGrad, scope, tensor } from "../../../ts/autograd/index.ts";
import {
  additionsOf,
  additive,
  blocksOf,
  branchesOf,
  BranchMask,
  complementary,
  FeatureReuse,
  linearResNet,
  masked,
  resnetV1,
  vit,
  type Branched,
  type SkipKind,
} from "../../../ts/models/index.ts";
import "../../../ts/node.ts";
import { signed } from "../../golden/hash.ts";
import { saying } from "../../saying.ts";

const SIZE = 8;
const N = 4;
const images = Float32Array.from(signed("branches", N * SIZE * SIZE * 3));

interface Net {
  readonly make: (skip: SkipKind) => Branched;
  /** Branches that may be left out, of so many additions in so many blocks. */
  readonly branches: readonly number[];
  readonly additions: number;
  readonly blocks: number;
}

const vitSize = { size: SIZE, width: 8, heads: 2, depth: 2 } as const;
const nets: Readonly<Record<string, Net>> = {
  "resnet": { make: (skip) => resnetV1({ depth: 14, width: 2, skip }), branches: [1, 3, 5], additions: 6, blocks: 6 },
  "vit": { make: (skip) => vit({ ...vitSize, affine: true, skip }), branches: [0, 1, 2, 3], additions: 4, blocks: 2 },
  "vit, norm behind": { make: (skip) => vit({ ...vitSize, norm: "post", affine: true, skip }), branches: [0, 1, 2, 3], additions: 4, blocks: 2 },
  "linear": { make: (skip) => linearResNet({ depth: 3, inputs: SIZE * SIZE * 3, skip }), branches: [0, 1, 2], additions: 3, blocks: 3 },
}; // prettier-ignore

const logits = (model: Branched): number[] =>
  scope(() =>
    noGrad(() => [
      ...model
        .eval()
        .forward(tensor(images, [N, SIZE, SIZE, 3]))
        .toArray(),
    ]),
  );

const test = suite("models/reuse/branches");

for (const [name, { make, branches, additions, blocks }] of Object.entries(nets)) {
  test(`${name}: which branches there are`, () => {
    const model = make(additive());
    assert.equal(branchesOf(model).map(({ index }) => index), branches); // prettier-ignore
    assert.is(additionsOf(model), additions);
    assert.is(blocksOf(model).length, blocks);
    const owned = branchesOf(model).flatMap(({ modules }) => modules.flatMap((module) => module.parameters()));
    assert.is(new Set(owned).size, owned.length, "a parameter of two branches");
  });

  test(`${name}: a branch that is left out is one whose weights give nothing, bit for bit`, () => {
    for (const branch of branches) {
      const mask = new BranchMask();
      const model = make(masked(additive(), mask));
      mask.delete([branch]);
      const without = logits(model);
      mask.delete([]);
      const whole = logits(model);
      assert.not.equal(without, whole);
      // All weights of the branch 0, so that it adds 0.
      const { modules } = branchesOf(model).find(({ index }) => index === branch)!;
      for (const module of modules) for (const { backend, buffer } of module.parameters()) backend.fill(buffer, 0);
      assert.equal(logits(model), without);
    }
  });

  test(`${name}: a complement trains what was left out and nothing else`, () => {
    const mask = new BranchMask();
    const model = make(masked(additive(), mask));
    const reuse = new FeatureReuse(model, branchesOf(model), mask, { method: complementary, rate: 0.9, seed: 1 });
    let met = 0;
    for (let updates = 0; updates < 6; updates++) {
      const { leftOut, step } = reuse.begin(updates);
      const own = new Set(branchesOf(model).filter(({ index }) => leftOut.includes(index)).flatMap(({ modules }) => modules.flatMap((module) => module.parameters()))); // prettier-ignore
      model.train();
      scope(() => crossEntropy(model.forward(tensor(images, [N, SIZE, SIZE, 3])), tensor([0, 1, 2, 3], [N])).backward());
      const all = model.parameters();
      const learned = all.filter(({ grad }) => grad !== null);
      const expected = step.trains === "all" ? all.filter((each) => !own.has(each)) : all.filter((each) => own.has(each));
      assert.ok(learned.every((each) => expected.includes(each)), "trained beside"); // prettier-ignore
      assert.is(learned.length, expected.length);
      if (step.trains !== "all") met++;
      for (const parameter of all) {
        parameter.grad?.dispose();
        parameter.grad = null;
      }
    }
    assert.ok(met > 0);
    reuse.end();
    assert.ok(model.parameters().every(({ frozen }) => !frozen));
  });
}

test("a linear net has no nonlinearity, and refuses sizes that are none", () => {
  const model = linearResNet({ depth: 4, width: 5, inputs: 6, classes: 2 }).eval();
  const run = (values: readonly number[]): number[] => scope(() => noGrad(() => [...model.forward(tensor(values, [1, 6])).toArray()]));
  const [a, b] = [signed("a", 6), signed("b", 6)].map((values) => [...values]);
  const [fa, fb, f0] = [run(a), run(b), run([0, 0, 0, 0, 0, 0])];
  const both = run(a.map((value, at) => value + b[at]));
  both.forEach((value, at) => assert.ok(Math.abs(value - (fa[at] + fb[at] - f0[at])) < 1e-4));
  assert.throws(() => linearResNet({ depth: 0 }), saying("linearResNet: depth 0, wanted a whole number of at least 1"));
});

test.run();
