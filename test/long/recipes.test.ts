// Every recipe, every combination of its smoke scale.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { recipeFiles } from "../../ts/cli/grid/recipe-files.ts";
import { planSmoke, smokeRun } from "../recipes/smoke.ts";

const test = suite("all recipes");
const root = mkdtempSync(join(tmpdir(), "perpend-recipes-"));
const files = recipeFiles();
test.after(() => rmSync(root, { recursive: true, force: true }));

test("there are recipes", () => assert.ok(files.length > 10, `${files.length} recipes`));

for (const file of files)
  test(file.name, async () => {
    const plan = await planSmoke(file, root);
    for (const [index, run] of plan.runs.entries()) {
      const log = await smokeRun(plan, index);
      assert.is(log?.end?.reason, "finished", `${run.name}: ${log?.end?.reason}`);
      assert.ok(Number.isFinite(log?.evaluations.at(-1)?.loss), run.name);
    }
  });

test.run();
