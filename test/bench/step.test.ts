import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ratiosOf, rowsOf } from "../../bench/step.ts";
import { isChosen, type Plan } from "../../bench/suite/plan.ts";
import { stepOperations, type Trained } from "../../bench/suite/training.ts";

const steps = suite("bench steps");

const trained = (name: string, workers: number, medians: readonly number[], cpuTimes = medians): Trained => ({
  ...{ name: `${name} ${workers}`, medians, cpuTimes, best: Math.min(...medians), cpu: 1, bound: [1, 1, 1] },
  ...{ peakMemory: 400, path: "plain", ceilingShare: 0.5 },
  training: { name, workers, batch: 128, options: {} },
});

const variants = [
  trained("net_local", 0, [390, 400, 410]),
  trained("net_orthogonal_local", 0, [440, 440, 440], [408, 408, 408]),
  trained("net", 1, [420, 420, 420]),
  trained("net", 2, [200, 240, 205]),
  trained("net_orthogonal", 2, [220, 240, 215]),
];

steps("images a second and memory, by name and threads", () => {
  const rows = variants
    .flatMap(rowsOf)
    .map(({ name, threads, unit, value, best }) => [name, threads, unit, Math.round(value), Math.round(best)]);
  assert.equal(rows.slice(0, 2), [
    ["train_net_local", 1, "images/s", 320, 328],
    ["peak_memory_net_local", 1, "MB", 400, 400],
  ]);
  assert.equal(
    rows.filter(([name]) => name === "train_net"),
    [
      ["train_net", 1, "images/s", 305, 305],
      ["train_net", 2, "images/s", 624, 640],
    ],
  );
});

steps("ratios of what was measured in turn", () => {
  const rows = ratiosOf("net", variants).map(({ name, threads, unit, value }) => [name, threads, unit, Number(value.toFixed(2))]);
  assert.equal(rows, [
    ["team_of_1_over_local_net", 1, "speed ratio", 0.95],
    ["workers_2_over_1_net", 2, "speed ratio", 2.05],
    ["orthogonal_over_additive_net_local", 1, "time ratio", 1.1],
    ["orthogonal_over_additive_net_local_cpu", 1, "time ratio", 1.02],
    ["orthogonal_over_additive_net", 2, "time ratio", 1.05],
    ["orthogonal_over_additive_net_cpu", 2, "time ratio", 1.05],
  ]);
});

steps("what was not measured gives no ratio", () => {
  assert.equal(ratiosOf("net", [variants[0]]), []);
  assert.equal(ratiosOf("other", variants), []);
});

steps("operations of a step are three forward passes, whatever the skip", () => {
  // ResNet-20 for 32x32 images: 40.6 million multiply-adds, the figure of He et al. 2016 for its layers.
  const one = stepOperations({ options: { depth: 20, skip: "additive" }, batch: 1 });
  assert.ok(Math.abs(one / 3 / 2 / 40.6e6 - 1) < 0.01, String(one / 6));
  assert.is(stepOperations({ options: { depth: 20, skip: "orthogonal" }, batch: 128 }), 128 * one);
});

steps("a filter takes what has one of its parts", () => {
  const plan: Plan = { quick: false, rounds: null, filter: ["gemm", "train_resnet20"], workers: null, wasm: null };
  const chosen = ["train_resnet20_b128", "gemm_nn_64", "conv", "train_resnet110_b32"].filter((name) => isChosen(plan, name));
  assert.equal(chosen, ["train_resnet20_b128", "gemm_nn_64"]);
  assert.ok(isChosen({ ...plan, filter: [] }, "conv"));
});

steps.run();
