// What outlives a page: a run that was under way when it closed, and the page itself where there is no network.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULTS, type LabSettings } from "../../ts/lab/fields.ts";
import { toHash } from "../../ts/lab/settings.ts";
import { clickAtStep, digestsOf, executable, expectedDigests, Lab, untilState, untilStep, WHY } from "./browser.ts";

const SETTINGS: LabSettings = { ...DEFAULTS, trainSamples: 160, testSamples: 48, width: 4, batchSize: 16, epochs: 16 };

const test = suite("lab page that closes");

if (executable === undefined) test.skip(`goes on after it was closed (${WHY})`, () => undefined);
else {
  let lab: Lab;
  let expected: readonly string[];
  test.before(async () => {
    lab = await Lab.open();
    expected = await expectedDigests(SETTINGS);
  });
  test.after(() => lab.close());

  test("a run goes on where a closed page left it, and another page does not take it meanwhile", async () => {
    const { address } = await lab.serve();
    const hash = `${address}#${toHash(SETTINGS)}`;
    const { context, page, complaints } = await lab.look(hash);
    await page.getByRole("button", { name: "Train" }).click();
    await clickAtStep(page, 1, "Pause");
    await untilState(page, "paused");
    const other = await context.newPage();
    await other.goto(hash);
    await other.waitForSelector(".card");
    await page.getByRole("button", { name: "Resume" }).click();
    await untilStep(page, 3);
    assert.is(await other.locator(".banner").count(), 0);
    await other.close();

    await page.close();
    const again = await context.newPage();
    await again.goto(address);
    assert.match((await again.locator(".banner").textContent()) ?? "", /additive at step \d+ of 160, orthogonal at step \d+ of 160/);
    await again.getByRole("button", { name: "Go on" }).click();
    await untilState(again, "finished");
    assert.equal(await digestsOf(again), expected);
    assert.is(new URL(again.url()).hash, `#${toHash(SETTINGS)}`);

    // A run that had ended is shown again, with all it had to show.
    await again.reload();
    await again.getByRole("button", { name: "Show" }).click();
    await untilState(again, "finished");
    assert.equal(await digestsOf(again), expected);
    assert.is(await again.$$eval(".samples img", (found) => found.length), 16);
    await again.reload();
    await again.getByRole("button", { name: "Forget" }).click();
    // It goes when all is forgotten.
    await again.locator(".banner").waitFor({ state: "detached" });
    await again.reload();
    await again.waitForSelector(".card");
    assert.is(await again.locator(".banner").count(), 0);
    assert.equal(complaints, []);
    await context.close();
  });

  test("the command line's page is kept, too: it opens when the command has ended", async () => {
    const { address, close } = await lab.serve();
    const { context, page } = await lab.look(`${address}#${toHash(SETTINGS)}`, { serviceWorkers: "allow" });
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await close();
    await page.reload();
    await page.waitForSelector(".card");
    assert.is(await page.evaluate(() => crossOriginIsolated), true);
    await context.close();
  });

  test("a static host without headers: the service worker isolates the page, and keeps it when the host is gone", async () => {
    const { address, close } = await lab.host();
    const { context, page, complaints } = await lab.look(`${address}#${toHash(SETTINGS)}`, { serviceWorkers: "allow" });
    await page.waitForFunction(() => crossOriginIsolated);
    await close();
    await page.reload();
    await page.waitForSelector(".card");
    assert.is(await page.evaluate(() => crossOriginIsolated), true);
    await page.getByRole("button", { name: "Train" }).click();
    await untilState(page, "finished");
    assert.equal(await digestsOf(page), expected);
    // The network is gone: the browser says so of what it asked for.
    assert.equal(
      complaints.filter((text) => !text.includes("ERR_CONNECTION_REFUSED")),
      [],
    );
    await context.close();
  });
}

test.run();
