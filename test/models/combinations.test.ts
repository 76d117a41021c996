// Skips in skips, in residual nets and in transformers: each pair trains a step with finite numbers, or is refused by a message that names both.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crossEntropy, noGrad, scope, tensor } from "../../ts/autograd/index.ts";
import {
  additive,
  atShapeChanges,
  branchesOf,
  BranchMask,
  convShortcut,
  convolvedStream,
  dropoutShortcut,
  dropPath,
  expanded,
  FeatureReuse,
  gated,
  masked,
  modulated,
  modulationOf,
  negative,
  none,
  observed,
  onBlocks,
  orthogonal,
  probabilistic,
  recursive,
  resnetV1,
  resnetV2,
  rezero,
  rezeroConstrained,
  scaled,
  streamBatchNorm,
  streamLayerNorm,
  StreamRecorder,
  streamScaling,
  switchAt,
  unified,
  vit,
  type Branched,
  type SkipKind,
} from "../../ts/models/index.ts";
import { orthonormal, parameterGroups, SGD } from "../../ts/optim/index.ts";
import "../../ts/node.ts";
import { signed } from "../golden/hash.ts";

const [N, SIZE, CLASSES] = [4, 8, 3];
const images = Float32Array.from(signed("combinations", N * SIZE * SIZE * 3));

/** Skips by themselves, and what is put into others. */
const inner: Readonly<Record<string, () => SkipKind>> = {
  additive: () => additive(),
  none: () => none(),
  scaled: () => scaled({ shortcut: 0.5 }),
  "no shortcut": () => scaled({ shortcut: 0 }),
  "exclusive gates": () => gated(),
  "shortcut-only gates": () => gated({ exclusive: false, bias: 0 }),
  "conv shortcut": () => convShortcut(),
  "dropout shortcut": () => dropoutShortcut(),
  orthogonal: () => orthogonal(),
  "orthogonal per sample": () => orthogonal({ over: "sample" }),
  probabilistic: () => probabilistic(0.5),
  "at times none": () => onBlocks([1], none()),
  rezero: () => rezero(),
  constrained: () => rezeroConstrained(),
  unified: () => unified(),
  negative: () => negative(),
  "stream scaling": () => streamScaling(),
  "convolved stream": () => convolvedStream(),
  expanded: () => expanded(2),
  "expanded, batch norm": () => expanded(0.5, { norm: streamBatchNorm() }),
  recursive: () => recursive(2),
  "recursive, batch norm": () => recursive(2, { norm: streamBatchNorm() }),
  "drop path": () => dropPath(0.5),
  "drop path per sample": () => dropPath(0.5, undefined, { per: "sample" }),
};

interface Outer {
  readonly around: (kind: SkipKind) => SkipKind;
  /** Hands its stream on, or changes it: has no meaning around what does not read a stream. */
  readonly wantsStream?: true;
}

const outer: Readonly<Record<string, Outer>> = {
  "by itself": { around: (kind) => kind },
  observed: { around: (kind) => observed(kind, new StreamRecorder({ interval: 1 })) },
  onBlocks: { around: (kind) => onBlocks([0], kind) },
  "onBlocks, else": { around: (kind) => onBlocks([0], orthogonal(), kind) },
  atShapeChanges: { around: (kind) => atShapeChanges(kind, orthogonal()) },
  switchAt: { around: (kind) => switchAt(1, kind, additive()) },
  "switchAt, then": { around: (kind) => switchAt(0, additive(), kind) },
  probabilistic: { around: (kind) => probabilistic(0.5, kind) },
  "probabilistic, else": { around: (kind) => probabilistic(0.5, orthogonal(), { otherwise: kind, evaluate: "sample" }) },
  dropPath: { around: (kind) => dropPath(0.5, kind), wantsStream: true },
  "dropPath per sample": { around: (kind) => dropPath(0.5, kind, { per: "sample", rescale: false }), wantsStream: true },
  masked: { around: (kind) => masked(kind, new BranchMask()), wantsStream: true },
  streamScaling: { around: (kind) => streamScaling(kind), wantsStream: true },
  rezero: { around: (kind) => rezero(kind, { start: 0.5 }), wantsStream: true },
  negative: { around: (kind) => negative(kind), wantsStream: true },
  convolvedStream: { around: (kind) => convolvedStream(kind), wantsStream: true },
  expanded: { around: (kind) => expanded(2, { inner: kind, norm: streamLayerNorm() }), wantsStream: true },
  recursive: { around: (kind) => recursive(2, { inner: kind }), wantsStream: true },
};

const nets: Readonly<Record<string, (skip: SkipKind) => Branched>> = {
  resnetV1: (skip) => resnetV1({ depth: 8, width: 2, classes: CLASSES, skip }),
  resnetV2: (skip) => resnetV2({ depth: 8, width: 2, classes: CLASSES, skip }),
  vit: (skip) => vit({ size: SIZE, patch: 4, width: 8, heads: 2, depth: 2, classes: CLASSES, skip }),
};

/** A step of training and an evaluation; all that comes of it is finite. */
function trains(model: Branched, what: string, penalty?: ReturnType<typeof orthonormal>): void {
  const finite = (values: ArrayLike<number>): boolean => Array.from(values).every((value) => Number.isFinite(value));
  scope(() => {
    model.train();
    const optimizer = new SGD(penalty ? parameterGroups(model, { penalty }) : [{ parameters: model.parameters() }], { lr: 0.01 });
    const logits = model.forward(tensor(images, [N, SIZE, SIZE, 3]));
    const loss = crossEntropy(logits, tensor([0, 1, 2, 0], [N]));
    assert.ok(Number.isFinite(loss.item()), `${what}: loss ${loss.item()}`);
    (penalty ? penalty.addTo(loss, model) : loss).backward();
    assert.ok(model.parameters().some(({ grad }) => grad !== null)); // prettier-ignore
    for (const [key, { grad }] of model.namedParameters())
      assert.ok(grad === null || finite(grad.toArray()), `${what}: gradient of ${key}`);
    optimizer.step();
    model.eval();
    assert.ok(finite(noGrad(() => model.forward(tensor(images, [N, SIZE, SIZE, 3])).toArray())), `${what}: evaluation`);
  });
  model.dispose();
}

/** Makes a skip, or takes the message that refuses it. */
function made(make: () => SkipKind): SkipKind | string {
  try {
    return make();
  } catch (error) {
    return (error as Error).message;
  }
}

const test = suite("models/combinations");
let refused = 0;

for (const [name, { around, wantsStream }] of Object.entries(outer))
  test(`${name} around each`, () => {
    for (const [label, make] of Object.entries(inner)) {
      const kind = make();
      const ignores = kind.ignoresStream || kind.ignoresStreamAtTimes;
      const found = made(() => around(kind));
      if (typeof found === "string") {
        assert.ok(wantsStream && ignores, `${name} around ${label}: ${found}`);
        const who = name.split(" ")[0];
        assert.match(found, new RegExp(`^${who}: around ".+", which does not read its stream.*, wanted a skip that does$`));
        assert.ok(found.includes(`"${kind.label}"`), found);
        refused++;
        continue;
      }
      assert.not.ok(wantsStream && ignores, `${name} around ${label} was not refused`);
      for (const [net, build] of Object.entries(nets)) trains(build(found), `${name} around ${label} in ${net}`);
    }
  });

test("what is refused was met", () => assert.ok(refused >= 9 * 4, String(refused)));

test("modulated errors and an orthonormal penalty with each", () => {
  for (const [label, make] of Object.entries(inner))
    for (const [net, build] of Object.entries(nets)) {
      const model = modulated(build(make()), { tau: 1, recordEvery: 1 });
      trains(model, `modulated ${label} in ${net}`, orthonormal({ lambda: 1e-3 }));
      assert.ok((modulationOf(model)?.drain().length ?? 0) > 0);
    }
});

test("feature reuse with each that may be masked", () => {
  for (const [label, make] of Object.entries(inner)) {
    const mask = new BranchMask();
    const kind = make();
    if (kind.ignoresStream || kind.ignoresStreamAtTimes) continue;
    // Deep enough that some blocks keep their shape.
    const deep = (skip: SkipKind): Branched => resnetV2({ depth: 14, width: 2, classes: CLASSES, skip });
    for (const [net, build] of Object.entries({ resnet: deep, vit: nets["vit"] })) {
      const model = build(masked(kind, mask));
      const reuse = new FeatureReuse(model, branchesOf(model), mask, { rate: 0.9 });
      reuse.begin(0);
      trains(model, `feature reuse of ${label} in ${net}`);
      reuse.end();
    }
  }
});

test.run();
