// The page looks on at a run in a terminal.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RunEvent } from "../../ts/train/index.ts";
import { executable, Lab, untilState, untilStep, WHY } from "./browser.ts";

const test = suite("lab page that looks on");

const machine = { cpu: "a", cores: 1, memoryBytes: 0, platform: "", architecture: "", runtime: "", engine: "" };
const RUN: RunEvent = {
  type: "run-start",
  name: "deep",
  recipe: { batchSize: 8 },
  model: "resnetv2_20",
  parameters: 1234,
  machine,
  versions: {},
  shards: 1,
  workers: 0,
  seed: 1,
  epochs: 2,
  stepsPerEpoch: 4,
  command: "perpend train --lab",
};
const step = (number: number): RunEvent => ({
  type: "step",
  epoch: 1,
  step: number,
  loss: 1 / number,
  accuracy: 0.5,
  learningRate: 0.1,
  imagesPerSecond: 100,
});
const digest = "0123456789abcdef".repeat(4);
const block = { streamNorm2: 2, parallelNorm2: 1, orthogonalNorm2: 1, rhoParallel: 0.5, rhoOrthogonal: 0.5, cosine: 0.7 };

if (executable === undefined) test.skip(`shows a run of a terminal (${WHY})`, () => undefined);
else {
  let lab: Lab;
  test.before(async () => {
    lab = await Lab.open();
  });
  test.after(() => lab.close());

  test("what was before it came, what comes, and the end; nothing to start or pause", async () => {
    const server = await lab.serve(true);
    for (const event of [RUN, step(1), step(2)]) server.publish(event);
    const { context, page, complaints } = await lab.look(server.address);
    await untilStep(page, 2);
    assert.is(await page.locator(".run-name").textContent(), "deep");
    assert.match((await page.locator(".connection").textContent()) ?? "", "looking on");
    assert.is(await page.locator("form").count(), 0);
    assert.equal(await page.$$eval(".runs > .buttons button", (found) => found.map((each) => each.textContent)), ["Download report"]);
    server.publish(step(3));
    server.publish({ type: "diagnostics", step: 3, blocks: [0, 1, 2].map((index) => ({ index, ...block })) });
    server.publish({ type: "evaluate", epoch: 1, split: "test", loss: 0.5, top1: 0.625, top5: 1 });
    await page.waitForFunction(() => document.querySelector(".fact-main dd")?.textContent === "62.5 %");
    assert.match((await page.locator(".map canvas").first().getAttribute("aria-label")) ?? "", "Stream norm by depth of deep");
    server.publish({ type: "run-end", digest, seconds: 1, steps: 3, reason: "max-steps" });
    await untilState(page, "finished");
    await server.close();
    await page.waitForFunction(() => document.querySelector(".connection")?.textContent === "The run in the terminal is over.");
    assert.is(await page.locator(".digest dd").textContent(), digest);
    assert.equal(complaints, []);
    await context.close();
  });
}

test.run();
