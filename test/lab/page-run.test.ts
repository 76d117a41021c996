// The page in a browser: two runs side by side, watched, paused, resumed, taken home, to the digests that a terminal comes to.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { aboutOf } from "../../ts/cli/settings/checkpoint-about.ts";
import { DEFAULTS, type LabSettings } from "../../ts/lab/fields.ts";
import { runsOf, toHash } from "../../ts/lab/settings.ts";
import { decodeCheckpoint } from "../../ts/train/index.ts";
import { clickAtStep, digestsOf, executable, expectedDigests, Lab, untilState, WHY } from "./browser.ts";

const SETTINGS: LabSettings = { ...DEFAULTS, trainSamples: 160, testSamples: 48, width: 4, batchSize: 16, epochs: 16 };
const STEPS = 160;

const test = suite("lab page");

if (executable === undefined) test.skip(`trains in a browser (${WHY})`, () => undefined);
else {
  let lab: Lab;
  test.before(async () => {
    lab = await Lab.open();
  });
  test.after(() => lab.close());

  test("two runs: progress, pause, resume, checkpoint, report, the terminal's digests", async () => {
    const { address } = await lab.serve();
    const { context, page, complaints } = await lab.look(`${address}#${toHash(SETTINGS)}`);
    assert.is(await page.evaluate(() => crossOriginIsolated), true);
    assert.equal(await page.$$eval(".run-name", (found) => found.map((each) => each.textContent)), ["additive", "orthogonal"]);
    const shift = await page.evaluate(() => {
      const seen = { sum: 0 };
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) seen.sum += (entry as PerformanceEntry & { value: number }).value;
      }).observe({ type: "layout-shift", buffered: true });
      Object.assign(window, { shift: seen });
      return seen.sum;
    });
    assert.is(shift, 0);

    // By keyboard alone.
    await page.getByRole("button", { name: "Train" }).focus();
    await page.keyboard.press("Enter");
    await clickAtStep(page, 2, "Pause");
    await untilState(page, "paused");
    assert.is(await page.locator("select[name=model]").isDisabled(), true);
    const paused = await page.$$eval("progress", (found) => found.map((each) => each.value));
    assert.ok(
      paused.every((step) => step >= 2 && step < STEPS),
      paused.join(),
    );
    assert.match((await page.getByRole("status").textContent()) ?? "", "additive paused");

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download checkpoint of orthogonal" }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^resnetv2_8-orthogonal-step-\d+\.safetensors$/);
    const checkpoint = decodeCheckpoint(new Uint8Array(readFileSync(await download.path())), "download");
    assert.equal(aboutOf(checkpoint, "download").settings, runsOf(SETTINGS)[1].settings);
    assert.is(checkpoint.state["optimizerSteps"], paused[1]);

    await page.getByRole("button", { name: "Resume" }).click();
    await untilState(page, "finished");
    assert.equal(await digestsOf(page), await expectedDigests(SETTINGS));
    assert.is(await page.$$eval(".samples img", (found) => found.length), 16);
    assert.is(await page.evaluate(() => (window as unknown as { shift: { sum: number } }).shift.sum < 0.02), true);

    const [report] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download report" }).click()]);
    const html = readFileSync(await report.path(), "utf8");
    assert.match(html, "Additive and orthogonal");
    assert.match(html, "<svg");

    // What charts show is there as numbers, and what pictures show in words.
    await page.locator(".figure", { hasText: "Loss" }).locator("summary").click();
    const rows = page.locator(".figure", { hasText: "Loss" }).locator("tbody tr");
    await rows.first().waitFor();
    assert.is(await rows.count(), SETTINGS.epochs);
    assert.is(await page.locator("canvas[aria-label*='in the first block']").count(), 4);
    assert.equal(complaints, []);
    await context.close();
  });

  test("by keyboard alone: train, pause, resume, stop; the focus is never lost, and what was stopped is not called finished", async () => {
    const { address } = await lab.serve();
    const { context, page, complaints } = await lab.look(`${address}#${toHash({ ...SETTINGS, epochs: 1000, against: "nothing" })}`);
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? "");
    const shows = (text: string) => page.getByRole("button", { name: text, exact: true }).waitFor();
    await page.getByRole("button", { name: "Train" }).focus();
    for (const [before, after] of [
      ["Train", "Pause"],
      ["Pause", "Resume"],
      ["Resume", "Pause"],
    ]) {
      assert.is(await focused(), before);
      if (before !== "Train") await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 0);
      await page.keyboard.press("Enter");
      await shows(after);
    }
    await page.keyboard.press("Tab");
    assert.is(await focused(), "Stop");
    await page.keyboard.press("Enter");
    await shows("Go on");
    assert.is(await focused(), "Train again");
    const stoppedAt = await page.$eval("progress", (bar) => bar.value);
    await page.keyboard.press("Tab");
    assert.is(await focused(), "Go on");
    await page.keyboard.press("Enter");
    await shows("Stop");
    assert.is(await focused(), "Pause");
    await page.waitForFunction((before) => (document.querySelector("progress")?.value ?? 0) > before, stoppedAt);
    await page.getByRole("button", { name: "Stop" }).click();
    await shows("Go on");
    await page.reload();
    assert.match((await page.locator(".banner").textContent()) ?? "", /additive stopped at step \d+ of \d+\. Training anew forgets it\./);
    assert.equal(complaints, []);
    await context.close();
  });

  test("one run takes a team of threads where there are several, and comes to the same digest", async () => {
    const alone: LabSettings = { ...SETTINGS, against: "nothing", skip: "orthogonal", epochs: 2 };
    const { address } = await lab.serve();
    const { context, page, complaints } = await lab.look(`${address}#${toHash(alone)}`);
    const threads = await page.evaluate(() => navigator.hardwareConcurrency);
    assert.match((await page.locator(".chip").textContent()) ?? "", `${threads} thread`);
    await page.getByRole("button", { name: "Train" }).click();
    await untilState(page, "finished");
    assert.equal(await digestsOf(page), await expectedDigests(alone));
    assert.equal(complaints, []);
    await context.close();
  });

  test("on a phone nothing is wider than the screen, and what is touched has the size of a finger", async () => {
    const { address } = await lab.serve();
    const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
    const { context, page, complaints } = await lab.look(address, phone);
    assert.is(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    const small = await page.$$eval("button, select, input:not([type=file]), .button, summary", (found) =>
      found.flatMap((each) => {
        const { height } = each.getBoundingClientRect();
        return height > 0 && height < 40 ? [`${each.outerHTML.slice(0, 60)}: ${height}`] : [];
      }),
    );
    assert.equal(small, []);
    assert.equal(complaints, []);
    await context.close();
  });

  test("an address is the settings, and what is wrong with a number is said beside it", async () => {
    const { address } = await lab.serve();
    const { context, page, complaints } = await lab.look(`${address}#epochs=3&against=nothing&model=resnetv2_20&speed=9`);
    assert.is(await page.locator("input[name=epochs]").inputValue(), "3");
    assert.is(await page.locator("select[name=model]").inputValue(), "resnetv2_20");
    assert.is(await page.locator(".card").count(), 1);
    assert.match((await page.locator(".notice").textContent()) ?? "", "speed: no such setting");
    await page.getByLabel("Batch size").fill("none");
    assert.is(await page.getByLabel("Batch size").getAttribute("aria-invalid"), "true");
    assert.match((await page.locator(".problem").textContent()) ?? "", "wanted a whole number from 1 to 4096");
    await page.getByLabel("Batch size").fill("32");
    await page.getByLabel("Compared with").selectOption("orthogonal");
    assert.is(new URL(page.url()).hash, "#model=resnetv2_20&epochs=3&batchSize=32");
    assert.is(await page.locator(".card").count(), 2);
    // Every control has a name.
    const nameless = await page.$$eval("button, input, select, summary", (found) =>
      found.filter((each) => !(each.textContent ?? "").trim() && !(each as HTMLInputElement).labels?.length).map((each) => each.outerHTML),
    );
    assert.equal(nameless, []);
    const summaries = await page.$$eval("summary", (found) => found.map((each) => each.textContent));
    assert.is(new Set(summaries).size, summaries.length, summaries.join("; "));
    assert.equal(complaints, []);
    await context.close();
  });
}

test.run();
