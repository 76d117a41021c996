// Feature reuse: what a step leaves out or does not train keeps every bit, what it trains changes, and rate 0 is plain training.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crossEntropy, scope, tensor } from "../../../ts/autograd/index.ts";
import {
  additive,
  branchesOf,
  BranchMask,
  complementary,
  complementOnly,
  dropOnly,
  FeatureReuse,
  gated,
  independent,
  masked,
  none,
  resnetV2,
  unrestricted,
  vanilla,
  type FeatureReuseOptions,
  type ResNetV2,
} from "../../../ts/models/index.ts";
import { SGD } from "../../../ts/optim/index.ts";
import "../../../ts/node.ts";
import { normals } from "../../autograd/normals.ts";
import { saying } from "../../saying.ts";

const BATCH = 4;
const SIZE = 8;

interface Training {
  readonly model: ResNetV2;
  readonly optimizer: SGD;
  readonly mask: BranchMask;
  readonly reuse: FeatureReuse;
}

function start(options: FeatureReuseOptions = {}): Training {
  const mask = new BranchMask();
  const model = resnetV2({ depth: 20, width: 4, skip: masked(additive(), mask), seed: 3 });
  const optimizer = new SGD([{ parameters: model.parameters() }], { lr: 0.1, momentum: 0.9, weightDecay: 0.01 });
  return { model, optimizer, mask, reuse: new FeatureReuse(model, branchesOf(model), mask, { seed: 1, ...options }) };
}

function step({ model, optimizer }: Training, number: number): number {
  return scope(() => {
    const next = normals(50 + number);
    const images = tensor(
      Array.from({ length: BATCH * SIZE * SIZE * 3 }, () => next()),
      [BATCH, SIZE, SIZE, 3],
    );
    const labels = tensor([0, 1, 2, 3], [BATCH]);
    const loss = crossEntropy(model.forward(images), labels);
    const value = loss.item();
    loss.backward();
    optimizer.step();
    return value;
  });
}

/** Copies of weights and running statistics, and of their momenta. */
function state({ model, optimizer }: Training): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, variable] of model.namedVariables()) found.set(key, variable.toArray().join());
  const keys = new Map(model.namedVariables().map(([key, variable]) => [variable, key]));
  for (const slot of optimizer.slots)
    found.set(`momentum ${keys.get(slot.variable)!}`, `${slot.state.map((entry) => entry.toArray().join()).join(";")} ${slot.steps}`);
  return found;
}

function changed(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...before.keys()].filter((key) => before.get(key) !== after.get(key));
}

const isRunning = (key: string): boolean => key.includes("running");

/** Keys of the branches of some blocks. */
function branchKeys({ model }: Training, blocks: readonly number[]): Set<string> {
  const modules = branchesOf(model).filter(({ index }) => blocks.includes(index));
  const variables = new Set(modules.flatMap((branch) => branch.modules.flatMap((module) => module.parameters())));
  const keys = model.namedParameters().flatMap(([key, variable]) => (variables.has(variable) ? [key] : []));
  return new Set(keys.flatMap((key) => [key, `momentum ${key}`]));
}

const test = suite("models/reuse/feature-reuse");

test("branches are those of blocks that keep their shape, without the first", () => {
  const { model } = start();
  assert.equal(
    branchesOf(model).map(({ index }) => index),
    [1, 2, 4, 5, 7, 8],
  );
  assert.equal(
    [...branchKeys(start(), [4])].filter((key) => !key.startsWith("momentum")),
    [
      "stages.1.blocks.1.norm1.weight",
      "stages.1.blocks.1.norm1.bias",
      "stages.1.blocks.1.conv1.weight",
      "stages.1.blocks.1.norm2.weight",
      "stages.1.blocks.1.norm2.bias",
      "stages.1.blocks.1.conv2.weight",
    ],
  );
});

test("a step that leaves branches out touches nothing of them; its complement touches nothing else", () => {
  const training = start({ rate: 0.9 });
  let met = 0;
  for (let updates = 0; updates < 8; updates += 2) {
    const first = training.reuse.begin(updates);
    assert.ok(first.step.leavesOut === "pair");
    const own = branchKeys(training, first.leftOut);
    const before = state(training);
    step(training, updates);
    const between = state(training);
    const inA = changed(before, between);
    assert.equal(
      inA.filter((key) => own.has(key) || isRunning(key)),
      [],
    );
    // Weights and momenta of all else: as many as there are parameters outside.
    assert.is(inA.length, 2 * training.model.namedParameters().length - own.size);
    const second = training.reuse.begin(updates + 1);
    assert.equal(second.leftOut, first.leftOut);
    step(training, updates + 1);
    const inB = changed(between, state(training));
    if (first.leftOut.length === 0) continue;
    met++;
    assert.equal(new Set(inB.filter((key) => !isRunning(key))), own);
    assert.ok(inB.some(isRunning));
  }
  assert.ok(met >= 3);
});

test("rate 0 is plain training, bit for bit, and so is the method that leaves nothing out", () => {
  const losses = [start({ rate: 0 }), start({ rate: 0, rescale: true }), start({ rate: 0.5, method: vanilla })].map((training) =>
    [0, 1, 2, 3].map((updates) => {
      training.reuse.begin(updates);
      return step(training, updates);
    }),
  );
  const mask = new BranchMask();
  const model = resnetV2({ depth: 20, width: 4, skip: additive(), seed: 3 });
  const optimizer = new SGD([{ parameters: model.parameters() }], { lr: 0.1, momentum: 0.9, weightDecay: 0.01 });
  const plain = [0, 1, 2, 3].map((updates) => step({ model, optimizer, mask } as unknown as Training, updates));
  for (const found of losses) assert.equal(found, plain);
});

test("a left-out block hands its stream on; a rescaled one adds 1 / (1 - p) of its branch", () => {
  const mask = new BranchMask();
  const kind = masked(additive(), mask);
  const site = { index: 2, depth: 3, width: 4 };
  const skip = kind.at(site);
  scope(() => {
    const [x, f] = [tensor([1, 2, 3, 4], [1, 4]), tensor([10, 20, 30, 40], [1, 4])];
    const join = (training: boolean): number[] => [...skip.join(x, () => f, { training }).toArray()];
    assert.equal(join(true), [11, 22, 33, 44]);
    mask.set(new Map([[2, 0]]));
    let asked = 0;
    const out = skip.join(x, () => (asked++, f), { training: true });
    assert.is(out, x);
    assert.is(asked, 0);
    assert.equal(join(false), [11, 22, 33, 44]);
    mask.set(new Map([[2, 2]]));
    assert.equal(join(true), [21, 42, 63, 84]);
    assert.equal(
      [
        ...masked(additive(), mask, { inEvaluation: true })
          .at(site)
          .join(x, () => f, { training: false })
          .toArray(),
      ],
      [21, 42, 63, 84],
    );
    mask.clear();
    assert.equal(join(true), [11, 22, 33, 44]);
  });
});

test("masks follow the linear rates, are the same for a pair, and depend on seed and turn only", () => {
  const { reuse, model } = start({ rate: 0.6, method: complementary });
  const counts = new Map<number, number>();
  const TURNS = 3000;
  for (let turn = 0; turn < TURNS; turn++) {
    const { leftOut } = reuse.turn(2 * turn);
    assert.equal(reuse.turn(2 * turn + 1).leftOut, leftOut);
    for (const index of leftOut) counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  branchesOf(model).forEach(({ index }, place) => {
    const wanted = (0.6 * (place + 1)) / 6;
    // Four standard deviations.
    const bound = 4 * Math.sqrt((wanted * (1 - wanted)) / TURNS);
    assert.ok(Math.abs(counts.get(index)! / TURNS - wanted) < bound, `block ${index}: ${counts.get(index)!} of ${TURNS}, wanted ${wanted}`);
  });
  assert.equal(start({ rate: 0.6 }).reuse.turn(7), reuse.turn(7));
  assert.not.equal(
    [0, 1, 2, 3].map((turn) => start({ rate: 0.6, seed: 2 }).reuse.turn(2 * turn).leftOut),
    [0, 1, 2, 3].map((turn) => reuse.turn(2 * turn).leftOut),
  );
});

test("each control does what its name says", () => {
  const kinds = (method: typeof complementary): string[][] => {
    const { reuse } = start({ rate: 0.9, method });
    return [0, 1, 2, 3].map((updates) => {
      const { step: found, leftOut, trained } = reuse.turn(updates);
      return [found.leavesOut, found.trains, String(found.trains === "all" || [...trained].join() === leftOut.join())];
    });
  };
  assert.equal(kinds(dropOnly), Array(4).fill(["pair", "all", "true"]));
  assert.equal(kinds(vanilla), Array(4).fill(["none", "all", "true"]));
  assert.equal(kinds(complementOnly), Array(4).fill(["none", "left out", "true"]));
  assert.equal(kinds(unrestricted), [
    ["pair", "all", "true"],
    ["none", "all", "true"],
    ["pair", "all", "true"],
    ["none", "all", "true"],
  ]);
  const others = kinds(independent);
  assert.equal(
    others.map(([, trains]) => trains),
    ["all", "as many others", "all", "as many others"],
  );
  assert.ok(others.some(([, , same]) => same === "false"));
});

test("norms of parts that are not trained keep their statistics in every policy that says so", () => {
  for (const norm of ["follow whole nets", "freeze", "follow all"] as const) {
    const training = start({ rate: 0.9, norm });
    const { leftOut } = training.reuse.begin(0);
    assert.ok(leftOut.length > 0);
    let before = state(training);
    const running = (): string[] => changed(before, state(training)).filter((key) => key.endsWith("running_mean"));
    step(training, 0);
    const all = [...before.keys()].filter((key) => key.endsWith("running_mean"));
    const inA = running();
    assert.is(inA.length, norm === "follow whole nets" ? 0 : all.length - 2 * leftOut.length, `${norm}, A`);
    before = state(training);
    training.reuse.begin(1);
    step(training, 1);
    const inB = running();
    assert.is(inB.length, norm === "freeze" ? 2 * leftOut.length : all.length, `${norm}, B`);
  }
});

test("end() gives the model back", () => {
  const training = start({ rate: 0.9 });
  training.reuse.begin(1);
  assert.ok(training.model.parameters().some(({ frozen }) => frozen));
  training.reuse.end();
  assert.not.ok(training.model.parameters().some(({ frozen, requiresGrad }) => frozen || !requiresGrad));
});

test("a masked skip keeps its parameters and their keys; one without a stream is refused", () => {
  const keys = (mask: boolean): string[] => {
    const kind = gated({ exclusive: true, bias: -1 });
    return Object.keys(resnetV2({ depth: 8, width: 4, skip: mask ? masked(kind, new BranchMask()) : kind }).stateDict());
  };
  assert.equal(keys(true), keys(false));
  assert.ok(keys(true).some((key) => key.includes("skip")));
  assert.throws(() => masked(none(), new BranchMask()), /^masked: around "none", which does not read its stream, wanted/);
});

test("impossible rates and nets without such a branch are refused", () => {
  assert.throws(() => start({ rate: 1 }), saying("FeatureReuse: rate 1, wanted at least 0 and below 1"));
  assert.throws(() => start({ rate: -0.1 }), /rate -0.1, wanted at least 0/);
  const mask = new BranchMask();
  const model = resnetV2({ depth: 8, width: 4 });
  assert.throws(
    () => new FeatureReuse(model, branchesOf(model), mask),
    /no branch that may be left out, wanted one block that keeps its shape/,
  );
});

test.run();
