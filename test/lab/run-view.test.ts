import { suite } from "uvu";
import * as assert from "uvu/assert";
import { evaluationCurve, trainingCurve } from "../../ts/lab/page/curves.ts";
import { cosineScale, LEVELS, logScale } from "../../ts/lab/page/level-scale.ts";
import { FAMILIES, familyOf } from "../../ts/lab/page/model-choice.ts";
import { RunView } from "../../ts/lab/page/run-view.ts";
import { MODELS } from "../../ts/cli/settings/settings.ts";
import type { RunEvent, RunStartEvent } from "../../ts/train/index.ts";

const test = suite("lab page's numbers");

function start(stepsPerEpoch: number, epochs: number, resumedFrom?: number): RunStartEvent {
  const machine = { cpu: "", cores: 1, memoryBytes: 0, platform: "", architecture: "", runtime: "", engine: "" };
  const plain = {
    name: "run",
    recipe: { batchSize: 10 },
    model: "m",
    parameters: 1,
    machine,
    versions: {},
    shards: 1,
    workers: 0,
    seed: 1,
  };
  return { type: "run-start", ...plain, epochs, stepsPerEpoch, ...(resumedFrom !== undefined && { resumedFrom }) };
}

const step = (number: number, loss = number): RunEvent => ({
  type: "step",
  epoch: 1,
  step: number,
  loss,
  accuracy: 0.5,
  learningRate: 0.1,
  imagesPerSecond: 100,
});

const evaluate = (epoch: number, top1: number): RunEvent => ({ type: "evaluate", epoch, split: "test", loss: 1, top1, top5: 1 });

const steps = (from: number, to: number): RunEvent[] => Array.from({ length: to - from + 1 }, (_, i) => step(from + i));

test("a run that was taken up again counts once", () => {
  const whole = new RunView("run");
  whole.add([start(10, 3), ...steps(1, 10), evaluate(1, 0.3), ...steps(11, 20), evaluate(2, 0.5)]);
  const again = new RunView("run");
  again.add([start(10, 3), ...steps(1, 10), evaluate(1, 0.3), ...steps(11, 17), start(10, 3, 14), ...steps(15, 20), evaluate(2, 0.5)]);
  assert.equal(again.columns, whole.columns);
  assert.equal(again.evaluations, whole.evaluations);
  assert.equal([again.step, again.steps], [20, 30]);
  assert.ok(Math.abs(again.secondsLeft - 1) < 1e-9);
});

test("a curve is a mean over stretches and ends where the run is", () => {
  const view = new RunView("run");
  view.add([start(100, 10), ...steps(1, 1000)]);
  const [x, y] = trainingCurve(view, "loss");
  assert.is(x.length, 200);
  assert.is(x[x.length - 1], 10);
  // Stretches of 5 steps, a mean over 6 of them.
  assert.is(y[0], 3);
  assert.is(y[199], 985.5);
  view.add([evaluate(2, 0.25)]);
  assert.equal(
    evaluationCurve(view, ({ top1 }) => top1),
    [[2], [0.25]],
  );
  assert.equal(trainingCurve(new RunView("none"), "loss"), [[], []]);
});

test("the last stretch of a run that goes on ends at its step", () => {
  const view = new RunView("run");
  view.add([start(100, 10), ...steps(1, 7)]);
  assert.equal(trainingCurve(view, "loss")[0], [0.05, 0.07]);
});

test("scales: ends, middle, and what is no number of theirs", () => {
  const scale = logScale([1, 10, 100, 0, -1, NaN, Infinity]);
  assert.equal(scale.ticks, ["1", "10", "100"]);
  assert.equal([1, 10, 100, 1000, 0, -5].map(scale.levelOf), [0, Math.floor(LEVELS / 2), LEVELS - 1, LEVELS - 1, 0, 0]);
  assert.equal([-1, 0, 1].map(cosineScale.levelOf), [0, 5, 10]);
  assert.is(logScale([]).levelOf(3), 5);
  assert.is(logScale([7]).levelOf(7), 0);
});

test("every model is in one family", () => {
  const all = FAMILIES.flatMap(({ depths }) => depths.map(([, model]) => model));
  assert.equal([...all].sort(), [...MODELS].sort());
  assert.is(familyOf("resnetv2_18").id, "wide");
  assert.is(familyOf("vit_small_patch4").depths[1][0], "small");
});

test.run();
