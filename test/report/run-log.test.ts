import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collectRun, judgedBy } from "../../ts/report/run-log.ts";
import type { RunEvent, RunStartEvent, StepEvent } from "../../ts/train/events.ts";
import { fakeRun } from "./fake-run.ts";

const test = suite("run log");
const events = fakeRun({ epochs: 3, stepsPerEpoch: 10, images: 2 });
const start = events[0] as RunStartEvent;

test("sorts the events of a run", () => {
  const run = collectRun(events);
  assert.is(run.steps.length, 30);
  assert.is(run.evaluations.length, 3);
  assert.is(run.checkpoints.length, 3);
  assert.is(run.samples?.images.length, 2);
  assert.is(run.end?.steps, 30);
  assert.equal(run.resumedAt, []);
});

test("a run that was killed and taken up again counts each step once", () => {
  const whole = collectRun(events);
  // Killed after step 17, taken up from the checkpoint of step 10, killed after 25, taken up from 20.
  const at = (step: number): number => events.findIndex((event) => event.type === "step" && event.step === step);
  const resumed = (resumedFrom: number, workers: number): RunEvent => ({ ...start, resumedFrom, workers });
  const log = [...events.slice(0, at(18)), resumed(10, 4), ...events.slice(at(11), at(26)), resumed(20, 1), ...events.slice(at(21))];
  const run = collectRun(log);
  assert.equal(run.steps, whole.steps);
  assert.equal(run.evaluations, whole.evaluations);
  assert.equal(run.diagnostics, whole.diagnostics);
  assert.equal(run.checkpoints, whole.checkpoints);
  assert.equal(run.resumedAt, [10, 20]);
  assert.is(run.start.workers, 1);
});

test("a run's time is that of all its sessions, what was lost left out", () => {
  const step = (number: number, seconds: number): RunEvent => ({
    ...(events.find(({ type }) => type === "step") as StepEvent),
    step: number,
    seconds,
  });
  const from = (resumedFrom: number): RunEvent => ({ ...start, resumedFrom });
  const sessions = [start, step(1, 3), step(2, 5), step(3, 9), from(2), step(3, 1), step(4, 2), from(3), step(4, 4)];
  assert.is(collectRun(sessions).seconds, 5 + 1 + 4);
  const end: RunEvent = { type: "run-end", digest: "", seconds: 4.5, steps: 4, reason: "finished" };
  assert.is(collectRun([...sessions, end]).seconds, 5 + 1 + 4.5);
  assert.is(collectRun([start]).seconds, undefined);
});

test("a run that begins anew in the same log forgets the one before", () => {
  const run = collectRun([...events, ...events]);
  assert.is(run.steps.length, 30);
  assert.is(run.evaluations.length, 3);
});

test("is judged by the split of the last evaluation", () => {
  const train: RunEvent = { type: "evaluate", epoch: 1, split: "train", loss: 1, top1: 1, top5: 1 };
  const test: RunEvent = { ...train, split: "test", top1: 0.5 };
  assert.equal(judgedBy(collectRun([start, train, test, train, test])), [test, test]);
});

test("a log without a start is refused", () => {
  assert.throws(() => collectRun(events.slice(1, 3)), /report: 2 events and no run-start/);
});

test.run();
