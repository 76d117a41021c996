// Costs before a run: they follow the model, and what does not fit is refused with what would.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkMemory, costOf, expectedOptions, roomFor, timedStep } from "../../../ts/cli/grid/cost.ts";
import { loadRecipe, recipeFiles } from "../../../ts/cli/grid/recipe-files.ts";
import { DataLoader, digest, LocalPool, shapes } from "../../../ts/node.ts";
import * as program from "../../workers/program.ts";

const test = suite("cost");

async function load(name: string) {
  const file = recipeFiles().find((each) => each.name === name);
  assert.ok(file, name);
  const experiment = await loadRecipe(file);
  const setting = { ...experiment.setting("desk"), depth: 20 };
  const [choice] = experiment.combinations("desk");
  return { experiment, options: expectedOptions(experiment, name, choice, "desk", setting) };
}

test("FLOPs of a run: three forward passes an image and epoch, one an image judged", async () => {
  const { experiment, options } = await load("recursive-skip/forms");
  const once = costOf(experiment, { ...options, setting: { ...options.setting, epochs: 1 } }, "desk");
  const { epochs, trainImages = 0, batch } = options.setting;
  const all = costOf(experiment, options, "desk");
  assert.is(all.flops, epochs * once.flops);
  assert.is(all.steps, epochs * Math.ceil(trainImages / batch));
  // ResNet-20 of half the width: a quarter of 81.1 MFLOP but for stem and head.
  const perImage = once.flops / (3 * trainImages + (options.setting.testImages ?? 0));
  assert.ok(Math.abs(perImage / 1e6 - 81.1 / 4) < 1, `${perImage}`);
});

test("a run that does not fit is refused, with recomputation where that is enough", async () => {
  const { experiment, options } = await load("recursive-skip/forms");
  const cost = costOf(experiment, options, "desk");
  checkMemory("r", experiment, options, cost, "desk", cost.bytes);
  assert.throws(
    () => checkMemory("r", experiment, options, cost, "desk", cost.bytes - 1),
    /^r: a step takes [\d,]+ MiB of memory, here are [\d,]+ MiB; wanted --checkpoint-blocks 1, which takes [\d,]+ MiB and 1\.4 times as long, or --scale smoke$/,
  );
  assert.throws(() => checkMemory("r", experiment, options, cost, "desk", 1000), /here are 1 MiB; wanted --scale smoke$/);
  assert.throws(() => checkMemory("r", experiment, options, cost, "paper", 1000), /wanted --scale desk$/);
});

test("room is what the machine, its limit and a WebAssembly memory have", () => {
  assert.is(roomFor(1000), 1000);
  assert.ok(roomFor(2 ** 50) <= 2 ** 32);
});

test("a step is timed with weights that stay: a net of a rate too high does not diverge in it", async () => {
  const pool = new LocalPool(program);
  const before = digest(pool.model);
  const loader = new DataLoader(shapes({ count: 16, seed: 3 }), { batchSize: 16 });
  for await (const batch of loader.epoch(0)) assert.ok((await timedStep(pool, batch)) > 0);
  const weights = pool.model.parameters().map((each) => [...each.toArray()]);
  const fresh = new LocalPool(program).model.parameters().map((each) => [...each.toArray()]);
  assert.equal(weights, fresh);
  assert.is.not(digest(pool.model), before); // running statistics moved: steps were made
});

test.run();
