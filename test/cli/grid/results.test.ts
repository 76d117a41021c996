// From runs to a table: numbers, differences over the same seeds, and what they say beside the paper.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chosenRecipes, type RecipeFile } from "../../../ts/cli/grid/recipe-files.ts";
import { planExperiment, type Plan } from "../../../ts/cli/grid/plan.ts";
import { gatherGrid, numberOf } from "../../../ts/cli/grid/results.ts";
import { additive, none, orthogonal, resnetV2 } from "../../../ts/models/index.ts";
import { SGD, schedule } from "../../../ts/optim/index.ts";
import { drawnShapes } from "../../../ts/recipes/data-kind.ts";
import { bestEpochs, error, lastEpoch, type Evaluate } from "../../../ts/recipes/evaluate.ts";
import { recipe } from "../../../ts/recipes/recipe.ts";
import { gridMarkdown } from "../../../ts/report/grid-markdown.ts";
import { gridTable, type Grid } from "../../../ts/report/grid.ts";
import { renderGridReport } from "../../../ts/report/grid-report.ts";
import type { RunLog } from "../../../ts/report/run-log.ts";

const test = suite("results");

/** A finished run with these accuracies after its epochs. */
function log(top1: readonly number[], reason: "finished" | "diverged" = "finished"): RunLog {
  const machine = { cpu: "c", cores: 2, memoryBytes: 2 ** 30, platform: "p", architecture: "a", runtime: "r", engine: "e" };
  return {
    start: { type: "run-start", name: "n", recipe: {}, model: "m", parameters: 1, machine, versions: { contract: "2" }, shards: 1, workers: 1, seed: 1, epochs: top1.length, stepsPerEpoch: 2, classes: ["a", "b", "c", "d"] }, // prettier-ignore
    steps: [],
    evaluations: top1.map((value, index) => ({ type: "evaluate", epoch: index + 1, split: "test", loss: 1, top1: value, top5: 1 })),
    diagnostics: [],
    passed: [],
    checkpoints: [],
    end: { type: "run-end", digest: "ab".repeat(32), seconds: 60, steps: 4, reason },
    resumedAt: [],
  };
}

const file: RecipeFile = { name: "paper/made-up", paper: "paper", url: new URL("file:///made-up.ts") };

function planned(evaluate: Partial<Evaluate>, seeds: number): Plan {
  const made = recipe({
    paper: { title: "t", authors: "A, B", year: 2000, source: "s" },
    title: "made up",
    source: "Table 1",
    expects: "nothing",
    data: drawnShapes(),
    model: ({ skip }, { net }) => resnetV2({ ...net, depth: 8, skip }),
    vary: { skip: [additive(), orthogonal(), none()] },
    optimizer: (model) => new SGD(model.parameters()),
    schedule: () => schedule.constant({ lr: 0.1 }),
    run: { paper: { epochs: 2, batch: 8, lr: 0.1, seeds: 3 }, desk: {} },
    evaluate: { unit: error, protocol: lastEpoch, against: { skip: "additive" }, ...evaluate },
  });
  return planExperiment(file, made, { scale: "desk", output: "nowhere", seeds });
}

/** A grid of these last accuracies: rows by skip, columns by seed. */
function gridOf(rows: readonly (readonly (number | undefined)[])[], evaluate: Partial<Evaluate> = {}): Grid {
  const seeds = rows[0].length;
  const plan = planned(evaluate, seeds);
  const logs = plan.runs.map((_, index) => {
    const value = rows[index % 3][Math.floor(index / 3)];
    return value === undefined ? undefined : log([0.1, value]);
  });
  return gatherGrid(plan, logs, "perpend reproduce paper/made-up");
}

const published = [
  { at: { skip: "additive" }, value: 10, spread: 0.1 },
  { at: { skip: "orthogonal" }, value: 9, spread: 0.1 },
  { at: { skip: "none" }, fails: true as const },
];

const verdicts = (grid: Grid): (string | undefined)[] => grid.rows.map(({ difference }) => difference?.verdict);

test("mean and spread over seeds, in the recipe's unit; a run that diverged guesses", () => {
  const grid = gridOf([[0.5, 0.6, 0.7], [0.6, 0.7, 0.8], [0.1, 0.1, 0.1]]); // prettier-ignore
  const [first] = grid.rows;
  assert.ok(Math.abs(first.mean - 40) < 1e-9 && Math.abs(first.spread - 10) < 1e-9);
  assert.is(numberOf(planned({}, 1).experiment.evaluate, log([0.9], "diverged")), 75);
  assert.is(numberOf(planned({ protocol: bestEpochs(1) }, 1).experiment.evaluate, log([0.9, 0.5])), error.of(0.9));
});

test("differences are of the same seeds, and their direction is the paper's or not", () => {
  const same = gridOf([[0.5, 0.6, 0.7], [0.61, 0.7, 0.81], [0.1, 0.21, 0.3]], { published }); // prettier-ignore
  assert.equal(verdicts(same), [undefined, "same", "same"]);
  const { difference } = same.rows[1];
  assert.ok(difference && Math.abs(difference.paired.mean + 32 / 3) < 1e-9 && difference.paper === -1);
  const opposite = gridOf([[0.5, 0.6, 0.7], [0.4, 0.5, 0.61], [0.6, 0.7, 0.8]], { published }); // prettier-ignore
  assert.equal(verdicts(opposite), [undefined, "opposite", "opposite"]);
  const unclear = gridOf([[0.5, 0.6, 0.7], [0.6, 0.59, 0.7], [0.4, 0.61, 0.7]], { published }); // prettier-ignore
  assert.equal(verdicts(unclear), [undefined, "not shown", "not shown"]);
  const otherWay = gridOf([[0.5, 0.6, 0.7], [0.4, 0.61, 0.6], [0.6, 0.59, 0.9]], { published }); // prettier-ignore
  assert.equal(verdicts(otherWay), [undefined, "not shown", "not shown"]);
  assert.equal(verdicts(gridOf([[0.5], [0.6], [0.7]], { published })), [undefined, "one seed", "one seed"]);
});

test("a paper's difference within its spread is none; words stand where there is no number", () => {
  const close = published.map((each) => (each.fails ? each : { ...each, spread: 2 }));
  assert.equal(verdicts(gridOf([[0.5, 0.6], [0.5, 0.61], [0.1, 0.1]], { published: close })).slice(0, 2), [undefined, "alike"]); // prettier-ignore
  assert.equal(verdicts(gridOf([[0.5, 0.6], [0.6, 0.7], [0.1, 0.1]], { published: close }))[1], "differs"); // prettier-ignore
  const claims = [{ at: { skip: "none" }, is: "worse" as const, unverified: "hearsay" }];
  const grid = gridOf([[0.5, 0.6], [0.6, 0.71], [0.1, 0.19]], { claims }); // prettier-ignore
  assert.equal(verdicts(grid), [undefined, "paper says nothing", "same"]);
  assert.is(gridTable(grid).rows[2][5], "worse *");
});

test("gaps stay gaps", () => {
  const grid = gridOf([[0.5, 0.6], [undefined, 0.7], [undefined, undefined]], { published }); // prettier-ignore
  assert.equal(verdicts(grid), [undefined, "one seed", "no runs"]);
  assert.equal(gridTable(grid).rows[2].slice(1, 4), ["–", "0/2", "fails"]);
});

test("Markdown and HTML tell all of it, with text escaped", async () => {
  const grid = { ...gridOf([[0.5, 0.6], [0.6, 0.71], [0.1, 0.19]], { published }), title: "a <b>" }; // prettier-ignore
  const markdown = gridMarkdown(grid);
  assert.match(markdown, /^## a \\<b\\>\n\nA et al\. 2000, Table 1 \(s\)\. Expected: nothing\n/);
  assert.match(markdown, /\n\| orthogonal +\| 34\.50 ± 7\.78 \| +2\/2 \| +9\.00 ± 0\.10 \| +−10\.50 \| +−1\.00 \| +same \|\n/);
  assert.match(markdown, /- orthogonal against additive: paired t\(1\): p = 0\.030; 2 of 2 seeds agree/);
  assert.is(markdown.match(/`(?:ab){32}`/g)?.length, 6);
  const report = await renderGridReport(grid);
  assert.match(report, /^<!doctype html>/);
  assert.ok(report.includes("a &lt;b&gt;") && !report.includes("a <b>"));
  assert.is(report.match(/<figure/g)?.length, 2);
});

test("every recipe's published numbers and claims are found by a row of its grid", async () => {
  const { loadRecipe } = await import("../../../ts/cli/grid/recipe-files.ts");
  for (const each of chosenRecipes("identity-mappings")) {
    const experiment = await loadRecipe(each);
    const plan = planExperiment(each, experiment, { scale: "paper", output: "nowhere", seeds: 1 });
    const grid = gatherGrid(plan, plan.runs.map(() => undefined), ""); // prettier-ignore
    const numbers = grid.rows.filter(({ paper }) => paper !== undefined).length;
    assert.is(numbers, experiment.evaluate.published?.length, each.name);
  }
});

test.run();
