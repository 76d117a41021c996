// perpend train --lab: the events of a run, from its server.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { digestOf, newFolder, start, TINY } from "../cli/command.ts";

const test = suite("perpend train --lab");

const page = fileURLToPath(new URL("../../build/lab/index.html", import.meta.url));
if (!existsSync(page)) test.skip("serves a run (skipped: no page in build/lab, npm run build:lab makes it)", () => undefined);
else {
  test("perpend train --lab serves the run's events until it ends, and changes no bit", async () => {
    const run = start(["train", ...TINY, "--workers", "0", "--lab", "--no-report", "--output", newFolder()]);
    let said = "";
    run.child.stderr?.on("data", (text: string) => (said += text));
    await run.said("run folder");
    const address = /the run as it happens: (http:\/\/localhost:\d+\/)\n/.exec(said)?.[1] ?? "";
    const events = await (await fetch(`${address}events`)).text();
    assert.match(events, '"type":"run-start"');
    assert.is([...events.matchAll(/"type":"step"/g)].length, 30);
    const result = await run.done;
    assert.match(events, `"digest":"${digestOf(result)}"`);
    const plain = start(["train", ...TINY, "--workers", "0", "--no-report", "--output", newFolder()]);
    assert.is(digestOf(result), digestOf(await plain.done));
  });

  test("perpend train --resume shows the steps before, too; --lab-host serves other devices", async () => {
    const output = newFolder();
    const half = await start([
      "train",
      ...TINY,
      "--workers",
      "0",
      "--max-steps",
      "12",
      "--no-report",
      "--output",
      output,
      "--experiment",
      "a",
    ]).done;
    assert.is(half.code, 0, half.stderr);
    const run = start(["train", "--resume", join(output, "a"), "--workers", "0", "--lab-host", "0.0.0.0", "--no-report"]);
    let said = "";
    run.child.stderr?.on("data", (text: string) => (said += text));
    await run.said("run folder");
    const address = /the run as it happens: (http:\/\/localhost:\d+\/)(?: http:\/\/[\d.]+:\d+\/)*\n/.exec(said)?.[1] ?? "";
    const events = await (await fetch(`${address}events`)).text();
    const steps = [...events.matchAll(/"type":"step","epoch":\d+,"step":(\d+)/g)].map(([, step]) => Number(step));
    assert.equal(
      steps,
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
    assert.is([...events.matchAll(/"type":"run-start"/g)].length, 2);
    assert.is((await run.done).code, 0);
  });
}

test.run();
