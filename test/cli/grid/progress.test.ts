// The display over all runs of a grid: what is left follows the work, not the number of runs.
import { PassThrough } from "node:stream";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ProgressStream } from "../../../ts/cli/terminal/progress.ts";
import { createGridProgress } from "../../../ts/cli/grid/progress.ts";
import type { RunEvent } from "../../../ts/train/events.ts";

const test = suite("grid progress");

const start: RunEvent = {
  type: "run-start",
  name: "a",
  recipe: {},
  model: "m",
  parameters: 1,
  machine: { cpu: "c", cores: 2, memoryBytes: 1, platform: "p", architecture: "a", runtime: "r", engine: "e" },
  versions: {},
  shards: 1,
  workers: 1,
  seed: 1,
  epochs: 2,
  stepsPerEpoch: 5,
};

const step = (number: number): RunEvent => ({
  type: "step",
  epoch: Math.floor((number - 1) / 5) + 1,
  step: number,
  loss: 1,
  accuracy: 0.5,
  learningRate: 0.1,
  imagesPerSecond: 10,
});

const end: RunEvent = { type: "run-end", digest: "0".repeat(64), seconds: 1, steps: 10, reason: "finished" };
const runs = [
  { name: "small", work: 10, steps: 10 },
  { name: "large", work: 30, steps: 10 },
];

/** A stream that remembers; with `columns` it says it is a terminal. */
function fake(columns?: number): { stream: ProgressStream; text: () => string } {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns });
  return { stream, text: () => chunks.join("") };
}

test("plain lines: share and time left by work", () => {
  const { stream, text } = fake();
  let time = 0;
  const progress = createGridProgress(runs, undefined, { stream, everySeconds: 0, now: () => time });
  progress.begin(0);
  progress.handle(start);
  for (let number = 1; number <= 10; number++) {
    time += 1000;
    progress.handle(step(number));
  }
  progress.handle(end);
  // A unit of work took a second.
  const lines = text().trimEnd().split("\n");
  assert.is(lines[9], "run 1/2  small  epoch 2/2  loss 1.000  acc 50.0 %  25.0 % of all  left 0:30");
  progress.begin(1);
  progress.handle(start);
  time += 3000;
  progress.handle(step(1));
  assert.match(text(), /run 2\/2 {2}large {2}epoch 1\/2 .* 32\.5 % of all {2}left 0:27\n$/);
});

test("what was done before counts as done, and takes no time", () => {
  const { stream, text } = fake();
  const progress = createGridProgress(runs, 2, { stream, everySeconds: 0, now: () => 0 });
  progress.skip(0);
  progress.begin(1);
  progress.handle({ ...start, resumedFrom: 5 });
  progress.handle(step(5));
  assert.match(text(), /62\.5 % of all {2}left 0:30\n$/);
});

test("a terminal's line fits its width, and the cursor comes back", () => {
  for (const columns of [120, 80, 40, 12]) {
    const { stream, text } = fake(columns);
    const progress = createGridProgress(runs, 2, { stream, now: () => 0 });
    progress.begin(0);
    progress.handle(start);
    progress.handle(step(1));
    progress.message("a line of its own");
    progress.stop();
    const shown = text().replace(/\x1b\[[?\d;]*[A-Za-z]|\x1b[78]/g, "\n");
    assert.ok(
      shown.split(/[\r\n]/).every((line) => line.length < Math.max(columns, "a line of its own".length + 1)),
      `${columns}: ${JSON.stringify(shown)}`,
    );
    assert.match(shown, /run 1\/2/);
    assert.ok(text().includes("\x1b[?25h"));
  }
});

test.run();
