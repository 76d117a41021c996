// How a run is stopped and taken up again.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseLog } from "../../../ts/train/log.ts";
import { digestOf, newFolder, perpend, start, TINY } from "../command.ts";

const test = suite("stop");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

test("Ctrl-C finishes the step, saves, and prints a command that goes on from there", async () => {
  const args = ["train", ...TINY, "--epochs", "400", "--sched", "constant", "--output", root, "--experiment", "stopped", "--workers", "2"];
  const running = start([...args, "--log-interval", "5"]);
  await running.said("step 5/");
  running.child.kill("SIGINT");
  const stopped = await running.done;
  assert.is(stopped.code, 130, stopped.stderr);
  const digest = digestOf(stopped);
  const at = Number(/stopped after step (\d+); go on with:/.exec(stopped.stderr)?.[1]);
  assert.ok(at >= 5 && existsSync(join(root, "stopped", "checkpoints", `checkpoint-${at}.safetensors`)));
  const typed = /^ {2}node build\/node\/ts\/cli\/perpend\.js (train --resume .* --workers 2)$/m.exec(stopped.stderr)?.[1];
  assert.ok(typed, stopped.stderr);
  // Gone on with for no step: the very same state.
  const resumed = await perpend(...typed.split(" "), "--max-steps", String(at), "--no-report");
  assert.is(resumed.code, 0, resumed.stderr);
  assert.is(digestOf(resumed), digest);
});

test("Ctrl-C in an evaluation saves the epoch too, and does not wait for the rest", async () => {
  const dir = join(root, "judging");
  const more = ["--width", "16", "--train-samples", "32", "--test-samples", "1500", "--log-interval", "1", "--workers", "0"];
  const running = start(["train", ...TINY, ...more, "--output", root, "--experiment", "judging"]);
  await running.said("step 1/1");
  running.child.kill("SIGTERM");
  const { code, stderr } = await running.done;
  assert.is(code, 130, stderr);
  const { events } = parseLog(readFileSync(join(dir, "log.jsonl"), "utf8"), "log");
  assert.equal(events.map(({ type }) => type).filter((type) => type !== "diagnostics"), ["run-start", "step", "checkpoint", "run-end"]); // prettier-ignore
  assert.ok(existsSync(join(dir, "checkpoints", "checkpoint-1.safetensors")));
  // Taken up in the folder that it is in, even when that is named; a step more than the log has is dropped.
  const steps = ["--max-steps", "2", "--no-report", "--output", root, "--experiment", "judging"];
  const resumed = await perpend("train", "--resume", dir, ...steps);
  assert.is(resumed.code, 0, resumed.stderr);
  assert.ok(existsSync(join(dir, "checkpoints", "checkpoint-2.safetensors")));
  const back = await perpend("train", "--resume", join(dir, "checkpoints", "checkpoint-1.safetensors"), ...steps);
  assert.match(back.stderr, /^going on from step 1: 1 later steps in .*judging are dropped$/m);
  assert.is(digestOf(back), digestOf(resumed));
});

test("a flag that would change the bits of a resumed run is refused with both values", async () => {
  const resume = ["train", "--resume", join(root, "stopped")];
  const cases: [args: string[], message: RegExp][] = [
    [["--lr", "0.5"], /^perpend: --lr: 0\.5, the checkpoint was trained with 0\.1; /],
    [["--model", "resnetv2_14"], /^perpend: --model: resnetv2_14, the checkpoint was trained with resnetv2_8; /],
    [["--fast"], /^perpend: --fast: true, the checkpoint was trained with false; /],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await perpend(...resume, ...args);
    assert.is(code, 2);
    assert.match(stderr, message);
  }
});

test.run();
