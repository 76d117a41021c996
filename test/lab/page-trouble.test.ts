// What can go wrong around the page: no isolation, a worker or kernels that are not there, files that are no data set.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULTS, type LabSettings } from "../../ts/lab/fields.ts";
import { toHash } from "../../ts/lab/settings.ts";
import { pngDataUrl } from "../../ts/train/png.ts";
import { clickAtStep, digestsOf, ELSEWHERE, executable, expectedDigests, Lab, untilState, WHY } from "./browser.ts";

const SETTINGS: LabSettings = { ...DEFAULTS, against: "nothing", trainSamples: 64, testSamples: 32, width: 4, batchSize: 16, epochs: 1 };

/** A picture of 20 x 24 pixels of one gray. */
function gray(shade: number): Buffer {
  const url = pngDataUrl(new Uint8Array(3 * 20 * 24).fill(shade), 20, 24, 3);
  return Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
}

const test = suite("lab page in trouble");

if (executable === undefined) test.skip(`says what is wrong (${WHY})`, () => undefined);
else {
  let lab: Lab;
  test.before(async () => {
    lab = await Lab.open();
  });
  test.after(() => lab.close());

  test("a page that is not isolated says so and trains on one thread, to the same digest", async () => {
    const { address } = await lab.host();
    const { context, page, complaints } = await lab.look(`${address}#${toHash(SETTINGS)}`);
    assert.is(await page.evaluate(() => crossOriginIsolated), false);
    assert.match((await page.locator(".chip").textContent()) ?? "", "1 thread: this page is not cross-origin isolated");
    await page.getByRole("button", { name: "Train" }).click();
    await untilState(page, "finished");
    assert.equal(await digestsOf(page), await expectedDigests(SETTINGS));
    assert.equal(complaints, []);
    await context.close();
  });

  test("a page from another machine without encryption says what it lacks, trains, and is kept", async () => {
    const { address } = await lab.host();
    const { context, page, complaints } = await lab.look(`${address.replace("localhost", ELSEWHERE)}#${toHash(SETTINGS)}`);
    assert.is(await page.evaluate(() => isSecureContext), false);
    assert.match((await page.locator(".chip").textContent()) ?? "", "without encryption");
    await page.getByRole("button", { name: "Train" }).click();
    await untilState(page, "finished");
    assert.equal(await digestsOf(page), await expectedDigests(SETTINGS));
    await page.reload();
    await page.getByRole("button", { name: "Show" }).waitFor();
    assert.equal(complaints, []);
    await context.close();
  });

  test("a worker, or kernels, that cannot be loaded are named by their address", async () => {
    for (const missing of ["worker.js", "strict.wasm"]) {
      const { address } = await lab.host([missing]);
      const { context, page } = await lab.look(`${address}#${toHash(SETTINGS)}`);
      await page.getByRole("button", { name: "Train" }).click();
      await untilState(page, "failed");
      const said = (await page.getByRole("alert").textContent()) ?? "";
      assert.match(said, `${address}${missing}`);
      // Another try is one button away.
      assert.is(await page.getByRole("button", { name: "Train" }).isEnabled(), true);
      await context.close();
    }
  });

  test("a file of 2 GB and files that are no set are refused with a reason; a folder of pictures is trained on, and kept", async () => {
    const { address } = await lab.serve();
    const folder = mkdtempSync(join(tmpdir(), "perpend-files-"));
    const { context, page, complaints } = await lab.look(`${address}#${toHash({ ...SETTINGS, epochs: 30 })}`);
    const said = async (): Promise<string> => (await page.getByRole("alert").textContent()) ?? "";
    const large = join(folder, "cifar.bin");
    writeFileSync(large, "");
    truncateSync(large, 2_000_000_000);
    await page.setInputFiles("input[name=files]", large);
    assert.match(await said(), "cifar.bin: 2.0 GB, wanted at most 536 MB a file");
    const text = join(folder, "notes.txt");
    writeFileSync(text, "no data");
    await page.setInputFiles("input[name=files]", text);
    await page.waitForFunction(() => document.querySelector("[role=alert]")?.textContent?.includes("notes.txt"));
    assert.match(await said(), "notes.txt: nothing to train on, wanted CIFAR's .bin files or archive");

    for (const [name, shade] of [
      ["dark", 40],
      ["light", 200],
    ] as const) {
      mkdirSync(join(folder, "set", name), { recursive: true });
      for (let i = 0; i < 24; i++) writeFileSync(join(folder, "set", name, `${i}.png`), gray(shade + i));
    }
    await page.setInputFiles("input[name=folder]", join(folder, "set"));
    await page.waitForFunction(() => document.querySelector("[role=alert]") === null);
    assert.is(await page.locator("select[name=dataset]").inputValue(), "image-folder");
    await page.getByRole("button", { name: "Train" }).click();
    await clickAtStep(page, 1, "Pause");
    await untilState(page, "paused");
    // The files are gone from where they were; the browser has its own.
    rmSync(folder, { recursive: true });
    await page.reload();
    await page.getByRole("button", { name: "Go on" }).click();
    await untilState(page, "finished");
    assert.equal(await page.$$eval(".truth", (found) => [...new Set(found.map((each) => each.textContent))].sort()), ["dark", "light"]);
    assert.equal(complaints, []);
    await context.close();
  });
}

test.run();
