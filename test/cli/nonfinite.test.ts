// `perpend train` when a step comes to NaN: it ends with the state before the step saved and the command that goes on, or passes the batch
// over; both ways come to the same run, which verify and diff repeat.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readCheckpoint } from "../../ts/train/node/checkpoint-file.ts";
import { parseLog } from "../../ts/train/log.ts";
import { digestOf, newFolder, start, TINY, type Result } from "./command.ts";
import { digestsOf } from "./recorded.ts";

const test = suite("cli nonfinite");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

/** The bad batches: the third and the last of the second epoch of five. */
const BAD = "7 9";
const PERPEND_TEST_PROGRAM = new URL("./nonfinite-program.ts", import.meta.url).href;
const WHERE = "loss NaN in step 8, first as NaN in the result of poisoned (layer after the input, shard 1)";

/** Runs with the faulty program. */
const faulty = (args: readonly string[], nan = BAD): Promise<Result> => start(args, { PERPEND_TEST_PROGRAM, PERPEND_TEST_NAN: nan }).done;
const train = (name: string, ...more: readonly string[]): Promise<Result> =>
  faulty(["train", ...TINY, "--train-samples", "160", "--epochs", "2", "--no-report", "--output", root, "--experiment", name, ...more]);

const typesOf = (name: string): string[] => {
  const { events } = parseLog(readFileSync(join(root, name, "log.jsonl"), "utf8"), "log");
  return events.map(({ type }) => type).filter((type) => !["step", "diagnostics"].includes(type));
};

test("stopped and gone on with, or passed over at once: one run, which verify and diff repeat", async () => {
  const [stopped, whole] = await Promise.all([
    train("stopped", "--workers", "2"),
    train("whole", "--workers", "0", "--on-nonfinite", "skip"),
  ]);
  const dir = join(root, "stopped");
  assert.is(stopped.code, 1, stopped.stderr);
  assert.ok(stopped.stderr.includes(`perpend: train: ${WHERE}, wanted finite numbers; weights and all else are still those of step 7; `));
  assert.match(stopped.stderr, /^the state after step 7 is saved; go on without this batch, and others like it, with:$/m);
  assert.match(stopped.stderr, /^or begin a new run with a smaller --lr \(it was 0\.1\), more --warmup-epochs or --clip-grad$/m);
  assert.equal(typesOf("stopped"), ["run-start", "evaluate", "checkpoint", "nonfinite", "checkpoint", "run-end"]);
  const { state } = await readCheckpoint(join(dir, "checkpoints", "last.safetensors"));
  assert.equal([state["step"], state["optimizerSteps"]], [7, 7]);
  assert.ok(existsSync(join(dir, "checkpoints", "checkpoint-5.safetensors")));

  // The command as it was printed; with other threads, which change nothing.
  const typed = /^ {2}node --import tsx ts\/cli\/perpend\.ts (train --resume .* --workers 2 --on-nonfinite skip)$/m.exec(
    stopped.stderr,
  )?.[1];
  assert.ok(typed, stopped.stderr);
  const rest = await faulty([...typed.split(" "), "--workers", "1", "--no-report"]);
  assert.is(rest.code, 0, rest.stderr);
  assert.is(whole.code, 0, whole.stderr);
  assert.ok(whole.stderr.includes(`warning: ${WHERE}; batch 7 is passed over\n`), whole.stderr);
  assert.is(digestOf(rest), digestOf(whole));
  const [one, other] = [digestsOf(dir), digestsOf(join(root, "whole"))];
  assert.is(one.steps.size, 8);
  assert.equal(one.skips, other.skips);
  assert.equal(one.skips.map(({ skipped, after, what }) => [skipped, after, what]), [[7, 7, "loss"], [9, 8, "loss"]]); // prettier-ignore
  assert.is(one.steps.get(8)?.chain, other.steps.get(8)?.chain);
  assert.equal(typesOf("whole"), [
    "run-start",
    "evaluate",
    "checkpoint",
    "nonfinite",
    "nonfinite",
    "evaluate",
    "checkpoint",
    "samples",
    "run-end",
  ]);

  // Taken up where a checkpoint lies before the bad batch: each is told once.
  const back = await faulty(["train", "--resume", join(root, "whole", "checkpoints", "checkpoint-5.safetensors"), "--workers", "0", "--no-report"]); // prettier-ignore
  assert.is(digestOf(back), digestOf(whole));
  assert.is(typesOf("whole").filter((type) => type === "nonfinite").length, 2);
  assert.equal(digestsOf(join(root, "whole")).skips, other.skips);

  const [same, sound, last, diff, mistaken] = await Promise.all([
    faulty(["verify", dir, "--workers", "2"]),
    faulty(["verify", dir, "--workers", "0"], "9"),
    faulty(["verify", dir, "--workers", "0", "--from", "7"], "7"),
    faulty(["diff", dir, join(root, "whole")]),
    faulty(["train", "--resume", dir, "--on-nonfinite", "leave"]),
  ]);
  assert.match(same.stdout, /^identical: steps 1 to 8 /, same.stderr);
  assert.is(sound.code, 1);
  assert.match(sound.stdout, /^different: step 8, batches that were passed over before it\n {2}recorded {2}7 \(loss\)\n {2}now {7}none\n$/);
  assert.is(last.code, 1);
  assert.match(last.stdout, /^different: step 9, batches that were passed over before it\n {2}recorded {2}9 \(loss\)\n {2}now {7}none\n$/);
  assert.match(diff.stdout, /^identical: 8 steps/, diff.stdout);
  assert.is(mistaken.code, 2);
  assert.match(mistaken.stderr, /^perpend: --on-nonfinite: "leave", wanted stop or skip$/m);
});

test.run();
