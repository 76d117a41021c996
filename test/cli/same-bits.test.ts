// The same digest with any number of workers, with and without recomputation, and for a run that was stopped and taken up again with
// another number of workers.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseLog } from "../../ts/train/log.ts";
import { digestOf, newFolder, perpend, TINY } from "./command.ts";

const test = suite("same bits");
const output = newFolder();
const SETTINGS = [...TINY, "--skip", "orthogonal", "--model-ema", "--no-report", "--output", output];

const run = async (experiment: string, workers: number, steps: number, ...more: readonly string[]): Promise<string> =>
  digestOf(
    await perpend("train", ...SETTINGS, "--experiment", experiment, "--workers", String(workers), "--max-steps", String(steps), ...more),
  );

test.after(() => rmSync(output, { recursive: true, force: true }));

test("30 steps give one digest with 0 to 4 workers, and stopped at 13 and resumed with others", async () => {
  const digests = new Map<string, string>();
  const lanes = [
    [0, 4],
    [1, 2, 3],
  ].map(async (counts) => {
    for (const workers of counts) {
      const more = workers % 2 === 0 ? ["--checkpoint-blocks", "1"] : [];
      digests.set(`${workers} workers`, await run(`w${workers}`, workers, 30, ...more));
    }
  });
  await Promise.all(lanes);
  assert.is(digests.size, 5);

  const part = await run("part", 3, 13);
  assert.not.ok([...digests.values()].includes(part));
  const folder = join(output, "part");
  const rest = await perpend("train", "--resume", folder, "--max-steps", "30", "--workers", "0", "--no-report", "--checkpoint-blocks", "2");
  digests.set("resumed", digestOf(rest));
  assert.is(new Set(digests.values()).size, 1, JSON.stringify([...digests], null, 1));

  // The log goes on where it was.
  const { events } = parseLog(readFileSync(join(folder, "log.jsonl"), "utf8"), "log");
  assert.equal(
    events.flatMap((event) => (event.type === "step" ? [event.step] : [])),
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
  const starts = events.filter((event) => event.type === "run-start");
  assert.equal(
    starts.map(({ resumedFrom, workers }) => [resumedFrom, workers]),
    [
      [undefined, 3],
      [13, 0],
    ],
  );
});

test.run();
