// One recipe of each paper runs, is taken up again, and makes a table.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recipeFiles } from "../../ts/cli/grid/recipe-files.ts";
import { openKind } from "../../ts/cli/grid/plan.ts";
import { gatherGrid } from "../../ts/cli/grid/results.ts";
import { examineDone } from "../../ts/cli/grid/run.ts";
import { gridTable } from "../../ts/report/grid.ts";
import { planSmoke, smokeRun } from "./smoke.ts";

/** The recipe of each paper, and which of its combinations. */
const CHOSEN: Readonly<Record<string, readonly number[]>> = {
  "feature-reuse/arms": [6],
  "identity-mappings/shortcuts": [1],
  "orthogonal-update/skip-kinds": [0, 1],
  "orthonormality-modulation/plain-44": [3],
  "recursive-skip/forms": [3],
};

const test = suite("recipes");
const root = mkdtempSync(join(tmpdir(), "perpend-recipes-"));
const files = recipeFiles();
test.after(() => rmSync(root, { recursive: true, force: true }));

test("every paper has a recipe here", () => {
  assert.equal([...new Set(files.map(({ paper }) => paper))], [...new Set(Object.keys(CHOSEN).map((name) => name.split("/")[0]))]);
});

for (const [name, combinations] of Object.entries(CHOSEN))
  test(`${name} runs to its end`, async () => {
    const file = files.find((each) => each.name === name);
    assert.ok(file, name);
    const plan = await planSmoke(file, root);
    const logs = plan.runs.map(() => undefined) as Parameters<typeof gatherGrid>[1][number][];
    for (const index of combinations) {
      const log = await smokeRun(plan, index);
      assert.is(log?.end?.reason, "finished");
      assert.is(log?.end?.steps, plan.setting.epochs * Math.ceil((plan.setting.trainImages ?? 0) / plan.setting.batch));
      logs[index] = log;
    }
    const grid = gatherGrid(plan, logs, "a test");
    const { head, rows } = gridTable(grid);
    assert.is(rows.length, plan.combinations.length);
    assert.ok(rows.every((row) => row.length === head.length));
    for (const index of combinations) assert.match(rows[index][1], /^\d+\.\d\d$/);
  });

test("a run that was done before nets were examined is examined from its checkpoint, to the same numbers", async () => {
  const file = files.find(({ name }) => name === "feature-reuse/arms");
  assert.ok(file);
  const plan = await planSmoke(file, root);
  const run = plan.runs[6];
  await smokeRun(plan, 6);
  const path = join(run.folder.dir, "measures.jsonl");
  const whole = readFileSync(path, "utf8");
  assert.match(whole, /^\{"measure":"deletion","whole":[\d.]+,"layers":\[\{"accuracy":/);
  assert.is(whole.trim().split("\n").length, 3);
  const splits = await openKind(run.data, plan.setting, "nowhere");
  const before = readFileSync(run.folder.log, "utf8");
  rmSync(path);
  await examineDone(plan, run, splits, () => {});
  assert.is(readFileSync(path, "utf8"), whole);
  // Not once more.
  await examineDone(plan, run, splits, () => assert.unreachable());
  assert.is(readFileSync(path, "utf8"), whole);
  assert.is(readFileSync(run.folder.log, "utf8"), before);
});

test("a run that was stopped goes on to the same weights, and one that is done is not run again", async () => {
  const file = files.find(({ name }) => name === "orthogonal-update/skip-kinds");
  assert.ok(file);
  const whole = await smokeRun(await planSmoke(file, root), 1);
  const plan = await planSmoke(file, join(root, "stopped"));
  const stop = new AbortController();
  const first = await smokeRun(plan, 1, { signal: stop.signal, tell: (event) => event.type === "step" && stop.abort() });
  assert.is(first, undefined);
  const steps: number[] = [];
  const second = await smokeRun(plan, 1, { tell: (event) => event.type === "step" && steps.push(event.step) });
  assert.equal(steps, [2]);
  assert.is(second?.end?.digest, whole?.end?.digest);
  const again = await smokeRun(plan, 1, { tell: () => assert.unreachable("a run that was done ran again") });
  assert.is(again?.end?.digest, whole?.end?.digest);
  const recipe = JSON.parse(readFileSync(plan.runs[1].folder.recipe, "utf8")) as { readonly settings: { readonly seed: number } };
  assert.is(recipe.settings.seed, 1);
});

test("two workers compute the same bits as the calling thread", async () => {
  const file = files.find(({ name }) => name === "orthogonal-update/skip-kinds");
  assert.ok(file);
  const alone = await smokeRun(await planSmoke(file, root), 1);
  const team = await smokeRun(await planSmoke(file, join(root, "team")), 1, { workers: 2 });
  assert.is(team?.end?.digest, alone?.end?.digest);
});

test("a run whose loss is no number ends as diverged, which is a result", async () => {
  const file = files.find(({ name }) => name === "orthogonal-update/skip-kinds");
  assert.ok(file);
  const usual = await planSmoke(file, join(root, "diverged"));
  const plan = { ...usual, setting: { ...usual.setting, lr: 1e38 } };
  const log = await smokeRun(plan, 0);
  assert.is(log?.end?.reason, "diverged");
  await smokeRun(plan, 0, { tell: () => assert.unreachable("a run that had diverged ran again") });
});

test("a folder of another setting is refused", async () => {
  const file = files.find(({ name }) => name === "orthogonal-update/skip-kinds");
  assert.ok(file);
  const plan = await planSmoke(file, root);
  await smokeRun(plan, 0);
  let message = "";
  try {
    await smokeRun({ ...plan, setting: { ...plan.setting, lr: 0.5 } }, 0);
  } catch (error) {
    message = (error as Error).message;
  }
  assert.match(message, /a run with setting .*"lr":0\.1.*now it is .*"lr":0\.5.*; wanted another --output/);
});

test.run();
