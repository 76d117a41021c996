// Orders of activation and kinds of shortcut on the float64 reference backend against PyTorch in float64: outputs in training and
// evaluation, the loss, gradients and running statistics of small nets, and the numbers of parameters of the paper's.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noGrad, scope, withBackend } from "../../ts/autograd/index.ts";
import { createDryBackend, createReferenceBackend } from "../../ts/backend/index.ts";
import {
  additive,
  cifarLayout,
  convShortcut,
  fullPreActivation,
  gated,
  imageNetLayout,
  none,
  normAfterAddition,
  original,
  projection,
  reluBeforeAddition,
  reluPreActivation,
  ResNetV1,
  scaled,
  type LayoutKind,
  type ResNetOptions,
  type SkipKind,
} from "../../ts/models/index.ts";
import { uninitialized, type StateDict } from "../../ts/nn/index.ts";
import { initial, signed } from "./hash.ts";
import { done, goldenBatch, gradientsOf, trainingPass } from "./nets.ts";
import { difference, golden } from "./numbers.ts";

interface Wanted {
  readonly parameters: number;
  readonly evaluated: readonly number[];
  readonly logits: readonly number[];
  readonly loss: number;
  /** A sum with hashed weights of each tensor, by sorted key. */
  readonly gradients: readonly number[];
  readonly statistics: readonly number[];
}

interface File {
  readonly counts: Readonly<Record<string, number>>;
  readonly cases: Readonly<Record<string, Wanted>>;
}

/** The file has 10 digits. */
const TOLERANCE = 2e-9;

const orders = {
  a: original(),
  b: normAfterAddition(),
  c: reluBeforeAddition(),
  d: reluPreActivation(),
  e: fullPreActivation(),
};

const skips: Readonly<Record<string, SkipKind>> = {
  "constant 0.5, 0.5": scaled({ shortcut: 0.5, branch: 0.5 }),
  "constant 0.5, 1": scaled({ shortcut: 0.5 }),
  exclusive: gated(),
  "shortcut-only": gated({ exclusive: false }),
  conv: convShortcut(),
  none: none(),
};

type Block = "basic" | "bottleneck" | "single";

/** A layout with other stages, at any depth. */
function withStages(kind: LayoutKind, depth: number, stages: readonly number[]): LayoutKind {
  return { label: kind.label, at: (_depth, block) => ({ ...kind.at(depth, block), stages }) };
}

const small = { classes: 4, layout: withStages(cifarLayout(), 20, [2, 1, 1]), depth: 20 };

/** What a case of the file is here. */
function optionsOf(name: string): ResNetOptions & { readonly size: number } {
  const [first, second, third] = name.split(/, (?!\d)/);
  if (first === "imagenet") {
    const [order, depth] = second === "basic" ? [orders.a, 18] : [orders.e, 50];
    const layout = withStages(imageNetLayout(), depth, [2, 1, 1, 1]);
    return { classes: 4, depth, layout, order, width: second === "basic" ? 2 : 1, size: 48 };
  }
  const block = first as Block;
  const width = block === "bottleneck" ? 2 : 4;
  const own = { ...small, block, width, order: orders[second as keyof typeof orders], size: 8 };
  if (third === "projections") return { ...own, shortcut: projection({ norm: true }) };
  return { ...own, skip: third ? skips[third] : additive() };
}

const { cases, counts } = golden<File>("identity-mappings.json");

/** Sums of tensors with hashed weights, by sorted key, as the file has them. */
function sums(state: StateDict): number[] {
  return Object.keys(state)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((key) => {
      const { values } = state[key];
      return signed(`${key} sum 0`, values.length).reduce((sum, weight, at) => sum + weight * values[at], 0);
    });
}

const test = suite("golden/identity-mappings");

for (const [name, wanted] of Object.entries(cases))
  test(name, () =>
    withBackend(createReferenceBackend(), () =>
      scope(() => {
        const { size, ...options } = optionsOf(name);
        const model = uninitialized(() => new ResNetV1(options));
        const state: StateDict = {};
        for (const { key, shape } of model.entries()) state[key] = { shape, values: initial(key, shape) };
        model.loadStateDict(state);
        assert.is(
          model.parameters().reduce((sum, parameter) => sum + parameter.size, 0),
          wanted.parameters,
        );
        const batch = goldenBatch({ depth: 0, batch: 3, size }, { shards: 2 });
        const evaluated = noGrad(() => model.eval().forward(batch.x)).toArray();
        assert.ok(difference(evaluated, wanted.evaluated) < TOLERANCE, `evaluation: ${difference(evaluated, wanted.evaluated)}`);
        const { loss, logits } = trainingPass(model.train(), batch);
        assert.ok(difference(logits, wanted.logits) < TOLERANCE, `logits: ${difference(logits, wanted.logits)}`);
        assert.ok(Math.abs(loss - wanted.loss) < TOLERANCE, `loss ${loss}, wanted ${wanted.loss}`);
        const gradients = difference(sums(gradientsOf(model)), wanted.gradients);
        assert.ok(gradients < TOLERANCE, `gradients: ${gradients}`);
        const running = Object.entries(model.stateDict()).filter(([key]) => key.includes("running_"));
        const statistics = difference(sums(Object.fromEntries(running)), wanted.statistics);
        assert.ok(statistics < TOLERANCE, `running statistics: ${statistics}`);
        done(model);
      }),
    ),
  );

/** A net of the paper by its name in the file. */
function countedOptions(name: string): ResNetOptions {
  const [first, second, third] = name.split(/, (?!\d)/);
  const [kind, depth] = first.split(" ");
  const order = orders[second as keyof typeof orders];
  if (kind === "imagenet") return { depth: Number(depth), layout: imageNetLayout(), order, classes: 1000 };
  return { depth: Number(depth), block: kind as Block, order, ...(third !== undefined && { skip: skips[third] }) };
}

test("numbers of parameters of the paper's nets", () => {
  const found = Object.keys(counts).map((name) => {
    const model = withBackend(createDryBackend(), () => uninitialized(() => new ResNetV1(countedOptions(name))));
    return [name, model.parameters().reduce((sum, { size }) => sum + size, 0)];
  });
  assert.equal(Object.fromEntries(found), counts);
  // As the paper has them, in millions, and torchvision.
  assert.is((counts["basic 110, a"] / 1e6).toFixed(2), "1.73");
  assert.is((counts["bottleneck 164, e"] / 1e6).toFixed(2), "1.70");
  assert.is((counts["bottleneck 1001, e"] / 1e6).toFixed(2), "10.33");
  assert.is(counts["imagenet 50, a"], 25_557_032);
  assert.is(counts["imagenet 152, a"], 60_192_808);
});

test.run();
