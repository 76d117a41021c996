// The command line killed by SIGKILL in mid-run, with workers at work: the same command resumed comes to the digest of a run that nobody
// killed, and its log has every step once.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseLog } from "../../ts/train/log.ts";
import { digestOf, newFolder, perpend, start, TINY } from "./command.ts";

const test = suite("killed command");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

test("a killed run goes on from its folder", async () => {
  const args = ["train", ...TINY, "--epochs", "12", "--output", root, "--no-report", "--log-interval", "1"];
  const whole = perpend(...args, "--experiment", "whole", "--workers", "0");
  const killed = start([...args, "--experiment", "killed", "--workers", "2"]);
  await killed.said("epoch 2/12  step 4/10");
  killed.child.kill("SIGKILL");
  assert.is((await killed.done).code, null);
  const folder = join(root, "killed");
  // Whatever the kill left of a line is cut off.
  const resumed = start(["train", "--resume", folder, "--no-report", "--workers", "1", "--log-interval", "1"]);
  await resumed.said("epoch 7/12  step 2/10");
  resumed.child.kill("SIGKILL");
  assert.is((await resumed.done).code, null);
  const last = await perpend("train", "--resume", folder, "--no-report", "--workers", "0");
  assert.is(last.code, 0, last.stderr);
  assert.match(last.stderr, /^going on from .*checkpoint-\d+0\.safetensors$/m);
  assert.is(digestOf(last), digestOf(await whole));
  const { events, truncatedLine } = parseLog(readFileSync(join(folder, "log.jsonl")), "log");
  assert.is(truncatedLine, undefined);
  assert.equal(events.flatMap((event) => (event.type === "step" ? [event.step] : [])), Array.from({ length: 120 }, (_, index) => index + 1)); // prettier-ignore
});

test.run();
