// perpend train --resume where the log or the digests do not reach the checkpoint: training goes on, and what is missing is named.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseLog } from "../../ts/train/log.ts";
import { digestOf, newFolder, perpend, start, TINY, type Result } from "./command.ts";

const test = suite("holes");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

const train = ["train", ...TINY, "--output", root, "--no-report", "--workers", "0"];
const resume = (name: string): Promise<Result> => perpend("train", "--resume", join(root, name), "--no-report", "--workers", "0");
const eventsOf = (name: string) => parseLog(readFileSync(join(root, name, "log.jsonl")), "log").events;
const evaluationsOf = (name: string): number[][] =>
  eventsOf(name).flatMap((event) => (event.type === "evaluate" ? [[event.epoch, event.step ?? 0, event.top1]] : []));

const whole = perpend(...train, "--experiment", "whole");
// Two epochs of three, and a copy for each test.
await Promise.all([whole, perpend(...train, "--experiment", "begun", "--max-steps", "20")]);

function copy(name: string, file: string, change: (lines: string[]) => string[]): void {
  cpSync(join(root, "begun"), join(root, name), { recursive: true });
  const path = join(root, name, file);
  writeFileSync(path, change(readFileSync(path, "utf8").split("\n")).join("\n"));
}

const step = (line: string): number => Number(/^\{(?:"type":"step","epoch":\d+,)?"step":(\d+),/.exec(line)?.[1] ?? 0);

test("steps and an evaluation that the log lacks are named, with the checkpoint before them", async () => {
  copy("log", "log.jsonl", (lines) =>
    lines.filter((line) => !(step(line) > 12 && step(line) < 16) && step(line) !== 18 && !line.includes('"checkpoint"')),
  );
  const resumed = await resume("log");
  assert.match(
    resumed.stderr,
    /^warning: \S*\/log: log\.jsonl lacks steps 13 to 15 and 18; training goes on without them\. To have them, stop, and go on from step 10: --resume \S*checkpoint-10\.safetensors$/m,
  );
  assert.is(digestOf(resumed), digestOf(await whole));
  assert.equal(evaluationsOf("log"), evaluationsOf("whole"));

  // The way out: from the checkpoint before, nothing is missing, and nothing is warned of.
  copy("out", "log.jsonl", (lines) => lines.filter((line) => step(line) < 13));
  const out = await resume(join("out", "checkpoints", "checkpoint-10.safetensors"));
  assert.not.match(out.stderr, /warning/);
  assert.is(digestOf(out), digestOf(resumed));
  assert.is(eventsOf("out").filter(({ type }) => type === "step").length, 30);
});

test("digests that are missing", async () => {
  copy("digests", "digests.jsonl", (lines) => lines.filter((line) => step(line) !== 4 && step(line) < 19));
  const resumed = await resume("digests");
  assert.match(resumed.stderr, /^warning: \S*\/digests: digests\.jsonl lacks steps 4 and 19 to 20; training goes on without them$/m);
  assert.is(digestOf(resumed), digestOf(await whole));
});

test("a bad line: what stands before it stays, the file is kept aside", async () => {
  copy("bad", "log.jsonl", (lines) => lines.map((line) => (step(line) === 16 ? line.slice(0, 30) : line)));
  const resumed = await resume("bad");
  assert.match(resumed.stderr, /^warning: \S*log\.jsonl: .* in line \d+.*; it is kept as \S*log\.jsonl\.broken$/m);
  assert.match(resumed.stderr, /: log\.jsonl lacks steps 16 to 20; training goes on without them\. To have them, .*checkpoint-10/);
  assert.ok(existsSync(join(root, "bad", "log.jsonl.broken")));
  const steps = eventsOf("bad").flatMap((event) => (event.type === "step" ? [event.step] : []));
  assert.equal(steps, [...Array.from({ length: 15 }, (_, index) => index + 1), ...Array.from({ length: 10 }, (_, index) => index + 21)]);
});

test("intervals that vary, digests that were off and a folder of its own are no holes", async () => {
  const args = ["--no-report", "--workers", "0"];
  const begin = [...train, "--experiment", "varied", "--epochs", "6", "--log-interval", "3", "--eval-interval", "2", "--max-steps", "20"];
  assert.is((await perpend(...begin, "--digest", "off")).code, 0);
  const dir = join(root, "varied");
  const second = await perpend("train", "--resume", dir, ...args, "--log-interval", "7", "--max-steps", "45");
  const third = await perpend("train", "--resume", dir, ...args, "--eval-interval", "3");
  const elsewhere = ["train", "--resume", join(dir, "checkpoints", "checkpoint-45.safetensors"), ...args, "--output", root];
  const fourth = await perpend(...elsewhere, "--experiment", "moved", "--max-steps", "50");
  const fifth = await perpend("train", "--resume", join(root, "moved"), ...args);
  for (const { code, stderr } of [second, third, fourth, fifth]) {
    assert.is(code, 0, stderr);
    assert.not.match(stderr, /warning/);
  }
});

test("stopped while it evaluates an epoch: it has it when it goes on, and once", async () => {
  const name = "stopped";
  const log = join(root, name, "log.jsonl");
  const running = start([...train, "--experiment", name, "--test-samples", "2000"]);
  while (!existsSync(log) || !readFileSync(log, "utf8").includes('"step":20,')) await wait(1);
  running.child.kill("SIGINT");
  const stopped = await running.done;
  assert.is(stopped.code, 130);
  assert.match(stopped.stderr, /^stopped after step 20;/m);
  assert.equal(evaluationsOf(name).map(([epoch]) => epoch), [1]); // prettier-ignore
  const resumed = await resume(name);
  assert.not.match(resumed.stderr, /warning/);
  assert.equal(evaluationsOf(name).map(([epoch, step]) => [epoch, step]), [[1, 10], [2, 20], [3, 30]]); // prettier-ignore
});

test.run();
