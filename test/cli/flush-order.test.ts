// Log, digests and measures are on the disk before a checkpoint of the same step is: no power cut leaves a checkpoint without them.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { newFolder, start, TINY } from "./command.ts";

const test = suite("order of flushing");
const root = newFolder();
test.after(() => rmSync(root, { recursive: true, force: true }));

/** Runs `perpend ...args`, and returns the names of its .jsonl files and how often checkpoints came after them. */
async function traced(name: string, args: readonly string[]): Promise<Map<string, number>> {
  const trace = join(root, name);
  const environment = {
    NODE_OPTIONS: `--import tsx --import ${new URL("flush-trace.ts", import.meta.url).href}`,
    PERPEND_TEST_TRACE: trace,
  };
  const { code, stderr } = await start([...args, "--output", root, "--workers", "0"], environment).done;
  assert.is(code, 0, stderr);
  const counts = new Map<string, number>();
  for (const line of readFileSync(trace, "utf8").trimEnd().split("\n")) {
    const [checkpoint, file, size, flushed] = line.split(" ");
    assert.is(flushed, size, `${checkpoint}: ${file}`);
    assert.ok(Number(size) > 0);
    counts.set(file, (counts.get(file) ?? 0) + 1);
  }
  return counts;
}

test("train", async () => {
  const counts = await traced("train", ["train", ...TINY, "--no-report"]);
  assert.equal([...counts].sort(), [["digests.jsonl", 3], ["log.jsonl", 3]]); // prettier-ignore
});

test("reproduce", async () => {
  const counts = await traced("reproduce", ["reproduce", "orthonormality-modulation/residual", "--scale", "smoke"]);
  const files = ["digests.jsonl", "log.jsonl", "measures.jsonl"];
  assert.equal([...counts.keys()].sort(), files);
  assert.ok(files.every((file) => counts.get(file) === counts.get("log.jsonl")));
});

test.run();
