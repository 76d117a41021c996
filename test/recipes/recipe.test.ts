// Recipes as data: grids, scales, and what is refused by name.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chosenRecipes, loadRecipe, recipeFiles, type RecipeFile } from "../../ts/cli/grid/recipe-files.ts";
import { planExperiment } from "../../ts/cli/grid/plan.ts";
import {
  additive,
  dropoutShortcut,
  dropPath,
  expanded,
  linearResNet,
  modulated,
  none,
  onBlocks,
  orthogonal,
  probabilistic,
  recursive,
  resnetV2,
  vit,
} from "../../ts/models/index.ts";
import { SGD, schedule } from "../../ts/optim/index.ts";
import { drawnShapes } from "../../ts/recipes/data-kind.ts";
import { accuracy, bestEpochs, error, lastEpoch } from "../../ts/recipes/evaluate.ts";
import "../../ts/node.ts";
import {
  baselineOf,
  combinationName,
  combinationTitle,
  labelOf,
  recipe,
  varying,
  type Experiment,
  type Recipe,
} from "../../ts/recipes/recipe.ts";
import { reuseNet } from "../../ts/recipes/reuse-net.ts";
import { SCALES, settingAt, shardsOf, type Scales } from "../../ts/recipes/setting.ts";
import { saying } from "../saying.ts";

const test = suite("recipe");

const about = { title: "t", authors: "A", year: 2000, source: "s" };
const scales: Scales = { paper: { epochs: 2, batch: 32, lr: 0.1, seeds: 5 }, desk: { epochs: 1, trainImages: 64 } };
const vary = { depth: [8, 14], skip: [additive(), orthogonal(), none()] } as const;

function made(more: Partial<Recipe<typeof vary>> = {}): Experiment {
  return recipe({
    paper: about,
    title: "made up",
    source: "nowhere",
    expects: "nothing",
    data: drawnShapes(),
    model: ({ depth, skip }, { net, watch }) => resnetV2({ ...net, depth, skip: watch(skip) }),
    vary,
    optimizer: (model) => new SGD(model.parameters()),
    schedule: (_, { setting }) => schedule.constant({ lr: setting.lr }),
    run: scales,
    evaluate: { unit: accuracy, protocol: lastEpoch, against: { skip: "additive" } },
    ...more,
  });
}

const file: RecipeFile = { name: "paper/made-up", paper: "paper", url: new URL("file:///made-up.ts") };

test("a grid has every combination, the last axis fastest", () => {
  const all = made().combinations("desk");
  assert.is(all.length, 6);
  assert.equal(all[1], { depth: "8", skip: "orthogonal" });
  assert.equal(all[3], { depth: "14", skip: "additive" });
  assert.equal(varying(made().axes, all), ["depth", "skip"]);
  assert.equal(varying(made().axes, all.slice(0, 3)), ["skip"]);
  assert.is(combinationName(all[1], ["depth", "skip"]), "8, orthogonal");
  assert.is(combinationTitle(all[1], ["depth", "skip"]), "depth 8, orthogonal");
  assert.is(combinationTitle({ tau: "Infinity" }, ["tau"]), "tau Infinity");
  assert.is(combinationTitle({}, []), "as is");
  assert.equal(baselineOf(all[1], { skip: "additive" }), { depth: "8", skip: "additive" });
  assert.is(baselineOf(all[0], { skip: "additive" }), undefined);
});

test("`where` and `only` leave combinations out", () => {
  const some = made({ where: ({ depth, skip }) => depth === 8 || skip.label !== "none" });
  assert.is(some.combinations("desk").length, 5);
  const one = made({ run: { ...scales, desk: { only: { skip: ["none"], depth: ["14"] } } } });
  assert.equal(one.combinations("desk"), [{ depth: "14", skip: "none" }]);
  assert.is(one.combinations("paper").length, 6);
  assert.throws(
    () => made({ where: () => false }).combinations("desk"),
    saying("recipe made up: no combination at scale desk, wanted at least one"),
  );
});

test("numbers are labels that can be read", () => {
  assert.equal([0, 0.5, 32, 1e-6, 0.001, 0.01, Infinity].map(labelOf), ["0", "0.5", "32", "1e-6", "1e-3", "0.01", "Infinity"]);
});

test("desk differs from paper, smoke from desk", () => {
  assert.equal(settingAt("r", scales, "paper"), scales.paper);
  assert.equal(settingAt("r", scales, "desk"), { epochs: 1, batch: 32, lr: 0.1, seeds: 5, trainImages: 64 });
  const { epochs, batch, trainImages, seeds } = settingAt("r", scales, "smoke");
  assert.equal([epochs, batch, trainImages, seeds], [1, 8, 16, 1]);
  assert.is(shardsOf({ ...scales.paper, batch: 64, bnGroup: 32 }), 2);
});

test("labels that are not on their axis are refused", () => {
  const only = { ...scales, desk: { only: { skip: ["ortogonal"] } } };
  assert.throws(() => made({ run: only }), saying("recipe made up: run.desk.only names skip ortogonal, wanted additive, orthogonal, none"));
  const evaluate = { unit: accuracy, protocol: lastEpoch, against: { kind: "additive" } };
  assert.throws(() => made({ evaluate }), saying("recipe made up: evaluate.against names the axis kind, wanted depth, skip"));
  const published = [{ at: { depth: "9" }, value: 1 }];
  assert.throws(() => made({ evaluate: { ...evaluate, against: {}, published } }), saying("names depth 9, wanted 8, 14"));
});

const refused: readonly (readonly [setting: Partial<Scales["paper"]>, message: string])[] = [
  [{ shards: 33 }, "r: 33 shards for a batch of 32 images, wanted at most one an image"],
  [{ trainImages: 16 }, "r: a batch of 32 of 16 training images, wanted at most 16"],
  [{ bnGroup: 64 }, "r: bnGroup 64 of a batch of 32, wanted at most 32"],
  [{ epochs: 1.5 }, "r: epochs 1.5, wanted a whole number of at least 0"],
  [{ width: 0 }, "r: width 0, wanted a whole number of at least 1"],
  [{ lr: -1 }, "r: learning rate -1, wanted a number of at least 0"],
];

for (const [setting, message] of refused)
  test(`refused: ${message}`, () => {
    const run: Scales = { ...scales, paper: { ...scales.paper, ...setting } };
    assert.throws(() => settingAt("r", run, "paper"), saying(message));
  });

const optionsOf = (experiment: Experiment, choice: Record<string, string>) => ({
  recipe: "r",
  choice,
  setting: experiment.setting("smoke"),
  classes: 10,
  image: { height: 32, width: 32, channels: 3 },
  seed: 1,
  updatesPerEpoch: 2,
  observeEvery: 0,
});

/** Models that cannot be, by what is refused. */
const impossible: Readonly<Record<string, Recipe<typeof vary>["model"]>> = {
  "cifarLayout: depth 21, wanted 6n+2 with n of at least 1": (_, { net }) => resnetV2({ ...net, depth: 21 }),
  "recursive: lambda 0, wanted a whole number of at least 1": (_, { net }) => resnetV2({ ...net, depth: 8, skip: recursive(0) }),
  "recursive: lambda 1.5, wanted a whole number of at least 1": (_, { net }) => resnetV2({ ...net, depth: 8, skip: recursive(1.5) }),
  "expanded: lambda 0, wanted a finite number other than 0": (_, { net }) => resnetV2({ ...net, depth: 8, skip: expanded(0) }),
  "probabilistic: pi 1.2, wanted a probability from 0 to 1": (_, { net }) => resnetV2({ ...net, depth: 8, skip: probabilistic(1.2) }),
  "probabilistic: pi -0.1, wanted a probability from 0 to 1": (_, { net }) => resnetV2({ ...net, depth: 8, skip: probabilistic(-0.1) }),
  "probabilistic: pi NaN, wanted a probability from 0 to 1": (_, { net }) => resnetV2({ ...net, depth: 8, skip: probabilistic(NaN) }),
  "dropPath: rate 1, wanted": (_, { net }) => resnetV2({ ...net, depth: 8, skip: dropPath(1) }),
  "dropoutShortcut: p 1, wanted at least 0 and below 1": (_, { net }) => resnetV2({ ...net, depth: 8, skip: dropoutShortcut({ p: 1 }) }),
  "orthogonal: eps -1, wanted a finite number of at least 0": (_, { net }) => resnetV2({ ...net, depth: 8, skip: orthogonal({ eps: -1 }) }),
  "onBlocks: block 7 of a model with 3 blocks, wanted 0 to 2": (_, { net }) => resnetV2({ ...net, depth: 8, skip: onBlocks([7], orthogonal()) }),
  "modulation: tau 0.5, wanted at least 1": (_, { net }) => modulated(resnetV2({ ...net, depth: 8 }), { tau: 0.5 }),
  "FeatureReuse: rate 1, wanted at least 0 and below 1": (_, run) => reuseNet({ depth: 14, rate: 1 }, run),
  "vit: images of 32x32 in patches of 5, wanted a patch that divides both": (_, { net }) => vit({ ...net, size: 32, patch: 5, heads: 2 }),
  "linearResNet: depth 0, wanted a whole number of at least 1": (_, { net: { classes } }) => linearResNet({ depth: 0, classes }),
}; // prettier-ignore

for (const [message, model] of Object.entries(impossible))
  test(`refused by name: ${message}`, () => {
    const wrong = made({ model });
    let found = "";
    try {
      wrong.createModel(optionsOf(wrong, { depth: "8", skip: "none" }));
    } catch (error) {
      found = (error as Error).message;
    }
    assert.ok(found.startsWith("recipe made up (depth 8, skip none): "), found);
    assert.ok(found.includes(message), found);
  });

test("choices that are not on their axis are refused", () => {
  const experiment = made();
  assert.throws(
    () => experiment.createModel(optionsOf(experiment, { depth: "21", skip: "none" })),
    saying("recipe made up: depth 21, wanted one of 8, 14"),
  );
});

test("runs go seed by seed into folders of their own", () => {
  const plan = planExperiment(file, made(), { scale: "desk", output: "out", seeds: 2 });
  assert.is(plan.runs.length, 12);
  assert.equal(plan.runs.slice(5, 7).map(({ name }) => name), ["depth 14, none, seed 1", "depth 8, additive, seed 2"]); // prettier-ignore
  assert.is(new Set(plan.runs.map(({ folder }) => folder.dir)).size, 12);
});

test("protocols", () => {
  const found = [0.1, 0.5, 0.4].map((top1, index) => ({ epoch: index + 1, loss: 1, top1 }));
  assert.is(lastEpoch.of(found), 0.4);
  assert.is(bestEpochs(2).of(found), 0.45);
  assert.ok(Math.abs(error.of(0.4) - 60) < 1e-9);
});

test("unknown papers and experiments are refused with the nearest", () => {
  const files: readonly RecipeFile[] = ["orthogonal-update/eps", "orthogonal-update/pi", "recursive-skip/forms"].map((name) => ({
    name,
    paper: name.split("/")[0],
    url: file.url,
  }));
  assert.is(chosenRecipes("orthogonal-update", files).length, 2);
  assert.is(chosenRecipes("recursive-skip/forms", files).length, 1);
  assert.throws(
    () => chosenRecipes("ortogonal-update", files),
    /is no paper, wanted orthogonal-update, recursive-skip \(did you mean orthogonal-update\?\)/,
  );
  assert.throws(
    () => chosenRecipes("orthogonal-update/esp", files),
    saying(
      '"orthogonal-update/esp" is no experiment of orthogonal-update, wanted orthogonal-update/eps, orthogonal-update/pi (did you mean orthogonal-update/eps?)',
    ),
  );
});

test("every recipe states what it is, its smallest scale has a baseline to compare with, and its scales can be run", async () => {
  const files = recipeFiles();
  assert.ok(files.length > 10);
  for (const each of files) {
    const experiment = await loadRecipe(each);
    assert.ok(experiment.title.length > 5 && experiment.expects.length > 10, each.name);
    for (const scale of SCALES) {
      const combinations = experiment.combinations(scale);
      const { against } = experiment.evaluate;
      const hasBaseline = combinations.some((labels) => Object.entries(against).every(([axis, label]) => labels[axis] === label));
      assert.ok(hasBaseline, `${each.name} at ${scale}: no baseline among ${combinations.length} combinations`);
    }
    assert.ok(experiment.setting("smoke").epochs <= 2);
    assert.ok((experiment.setting("desk").trainImages ?? Infinity) <= 10_000, each.name);
    assert.ok(experiment.setting("desk").epochs <= 10, each.name);
  }
});

test.run();
