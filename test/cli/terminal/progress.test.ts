import { PassThrough } from "node:stream";
import picocolors from "picocolors";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatBar, type ProgressState } from "../../../ts/cli/terminal/progress-line.ts";
import { createProgress, type ProgressStream } from "../../../ts/cli/terminal/progress.ts";
import type { RunEvent } from "../../../ts/train/events.ts";

const test = suite("progress");

const start: RunEvent = {
  type: "run-start",
  name: "orthogonal",
  recipe: {},
  model: "resnetv2-20",
  parameters: 272_474,
  machine: { cpu: "c", cores: 2, memoryBytes: 1, platform: "p", architecture: "a", runtime: "r", engine: "e" },
  versions: {},
  shards: 8,
  workers: 2,
  seed: 1,
  epochs: 3,
  stepsPerEpoch: 40,
  dataset: "CIFAR-10",
};

const step = (number: number, loss = 1): RunEvent => ({
  type: "step",
  epoch: Math.floor((number - 1) / 40) + 1,
  step: number,
  loss,
  accuracy: 0.5,
  learningRate: 0.1,
  imagesPerSecond: 1234.5,
});

const evaluated: RunEvent = { type: "evaluate", epoch: 1, split: "test", loss: 0.61, top1: 0.784, top5: 0.981, seconds: 65 };
const ended: RunEvent = { type: "run-end", digest: "0".repeat(64), seconds: 3725, steps: 120, reason: "finished" };

/** A stream that remembers; with `columns` it says it is a terminal. */
function fake(columns?: number): { stream: ProgressStream; text: () => string } {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns });
  return { stream, text: () => chunks.join("") };
}

/** What is left on the screen once the control sequences were obeyed. */
function screen(text: string): string[] {
  const lines = [""];
  let column = 0;
  for (const piece of text.match(/\x1b\[[?\d;]*[A-Za-z]|\x1b[78]|\n|\r|[^\x1b\n\r]+/g) ?? []) {
    const last = lines.length - 1;
    if (piece === "\n") {
      lines.push("");
      column = 0;
    } else if (piece === "\r" || /^\x1b\[1?G$/.test(piece)) column = 0;
    else if (piece === "\x1b[0K") lines[last] = lines[last].slice(0, column);
    else if (piece === "\x1b[2K") lines[last] = "";
    else if (!piece.startsWith("\x1b")) {
      lines[last] = lines[last].slice(0, column) + piece + lines[last].slice(column + piece.length);
      column += piece.length;
    }
  }
  return lines;
}

test("without a terminal it writes plain lines, one every so many seconds, and no control character", () => {
  const { stream, text } = fake();
  let time = 0;
  const progress = createProgress({ stream, now: () => time, everySeconds: 10 });
  progress.handle(start);
  for (let number = 1; number <= 40; number++) {
    progress.handle(step(number));
    time += 1000;
  }
  progress.handle(evaluated);
  progress.handle(ended);
  progress.stop();
  assert.equal(text().split("\n"), [
    "orthogonal · resnetv2-20 · 272,474 parameters · CIFAR-10 · 2 workers",
    "epoch 1/3  step 11/40  loss 1.000  acc 50.0 %  1,234 img/s  left 1:49",
    "epoch 1/3  step 21/40  loss 1.000  acc 50.0 %  1,234 img/s  left 1:39",
    "epoch 1/3  step 31/40  loss 1.000  acc 50.0 %  1,234 img/s  left 1:29",
    "epoch 1/3  test loss 0.610  top-1 78.4 %  top-5 98.1 %  1:05",
    "finished: 120 steps in 1:02:05",
    "",
  ]);
});

test("a line every so many steps, and a resumed run says so", () => {
  const { stream, text } = fake();
  const progress = createProgress({ stream, now: () => 0, everySteps: 20 });
  progress.handle({ ...start, resumedFrom: 1300, workers: 1 });
  for (let number = 41; number <= 80; number++) progress.handle(step(number, number === 41 ? NaN : 2));
  const lines = text().split("\n");
  assert.is(lines[0], "orthogonal · resnetv2-20 · 272,474 parameters · CIFAR-10 · 1 worker · from step 1,300");
  assert.match(lines[1], /^epoch 2\/3 {2}step 20\/40 {2}loss 2\.000/);
  assert.match(lines[2], /^epoch 2\/3 {2}step 40\/40/);
  assert.is(lines.length, 4);
});

test("a loss that is not finite is shown as it is", () => {
  const { stream, text } = fake();
  const progress = createProgress({ stream, everySteps: 1 });
  progress.handle(start);
  progress.handle(step(1, NaN));
  assert.match(text(), /loss NaN/);
});

test("on a terminal the bar makes room for lines and is gone at the end, with the cursor back", () => {
  const { stream, text } = fake(100);
  const listeners = process.listenerCount("exit");
  const progress = createProgress({ stream, color: false });
  progress.handle(start);
  for (let number = 1; number <= 40; number++) progress.handle(step(number));
  assert.match(screen(text()).join("\n"), /\nepoch 1\/3 {2}━*─* +\d+\/40 {2}loss 1\.000 {2}acc 50\.0 % {2}1,234 img\/s/);
  progress.message("saved");
  progress.handle(evaluated);
  for (let number = 41; number <= 50; number++) progress.handle(step(number));
  progress.message("still going");
  assert.match(screen(text()).at(-1) ?? "", /^epoch 2\/3/);
  progress.stop();
  progress.stop();
  assert.equal(screen(text()), [
    "orthogonal · resnetv2-20 · 272,474 parameters · CIFAR-10 · 2 workers",
    "saved",
    "epoch 1/3  test loss 0.610  top-1 78.4 %  top-5 98.1 %  1:05",
    "still going",
    "",
  ]);
  const [hidden, shown] = ["\x1b[?25l", "\x1b[?25h"].map((code) => text().split(code).length);
  assert.ok(hidden > 1);
  assert.is(hidden, shown);
  assert.ok(text().lastIndexOf("\x1b[?7h") > text().lastIndexOf("\x1b[?7l"));
  assert.is(process.listenerCount("exit"), listeners);
});

test("the bar fits every width, and keeps the epoch and the loss longest", () => {
  const colors = picocolors.createColors(false);
  const state: ProgressState = {
    epoch: 7,
    epochs: 164,
    stepInEpoch: 133,
    stepsPerEpoch: 390,
    loss: 0.4321,
    accuracy: 0.8512,
    imagesPerSecond: 512.3,
    secondsLeft: 3750,
  };
  for (let columns = 0; columns <= 200; columns++) assert.ok(formatBar(state, columns, colors).length <= columns, `${columns} columns`);
  assert.is(
    formatBar(state, 200, colors),
    `epoch   7/164  ${"━".repeat(8)}${"─".repeat(16)}  133/390  loss 0.432  acc 85.1 %  512 img/s  left 1:02:30`,
  );
  assert.match(formatBar(state, 60, colors), /^epoch +7\/164 .*loss 0\.432 .*left 1:02:30$/);
  assert.match(formatBar(state, 30, colors), /^epoch +7\/164 {2}loss 0\.432$/);
  assert.is(formatBar({ ...state, secondsLeft: undefined, stepsPerEpoch: 0 }, 25, colors), "epoch   7/164  loss 0.432");
  // Color adds no width.
  assert.is(formatBar(state, 70, picocolors.createColors(true)).replace(/\x1b\[\d+m/g, ""), formatBar(state, 70, colors));
});

test.run();
