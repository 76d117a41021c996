import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Row, Unit } from "../../bench/suite/rows.ts";
import { reachedTargets, targetsTable } from "../../bench/suite/targets.ts";

const targets = suite("bench targets");

const row = (name: string, value: number, unit: Unit, ceilingShare: number | null = null, runtime = "node 20.20.2"): Row => ({
  ...{ name, value, unit, threads: 2, runtime, ceilingShare },
});

const only = (rows: readonly Row[]) => {
  const reached = reachedTargets(rows);
  assert.is(reached.length, 1);
  return reached[0];
};

targets("the worst row counts, by its share where that is what is wanted", () => {
  const gemm = only([
    row("gemm_nn_256", 50, "GFLOP/s", 0.85),
    row("gemm_nt_512", 40, "GFLOP/s", 0.79),
    row("gemm_tn_64", 9, "GFLOP/s", 0.1),
  ]);
  assert.equal(gemm, {
    ...{ work: "GEMM 256 to 2048, NN, TN, NT", wanted: ">= 80 %", worst: "79 %", at: "gemm_nt_512, 2 threads, GFLOP/s" },
    ...{ met: false, rows: [1, 2] },
  });
  assert.is(only([row("gemm_nn_2048", 50, "GFLOP/s", 0.8)]).met, true);
});

targets("from Node 24 on twice as much is wanted", () => {
  assert.is(only([row("gemm_nn_2048", 50, "GFLOP/s", 1.5, "node 24.21.0")]).met, false);
  assert.is(only([row("gemm_nn_2048", 50, "GFLOP/s", 1.6, "node 24.21.0")]).met, true);
  assert.is(only([row("conv_3x3_64to64_8x8_b32_input_gradient", 50, "GFLOP/s", 1.4, "node 25.0.0")]).wanted, ">= 150 %");
});

targets("less is better for times and memory", () => {
  const skip = only([
    row("orthogonal_over_additive_resnet20_b128", 1.03, "time ratio"),
    row("orthogonal_over_additive_resnet110_b32", 1.08, "time ratio"),
    row("orthogonal_over_additive_resnet20_b128_cpu", 1.5, "time ratio"),
  ]);
  assert.equal([skip.wanted, skip.worst, skip.met, ...skip.rows], ["<= 6.0 % more", "8.0 % more", false, 1, 2]);
  assert.is(only([row("peak_memory_resnet20_b128_orthogonal", 499, "MB")]).met, true);
  assert.is(only([row("peak_memory_resnet110_b128", 1701, "MB")]).met, false);
  assert.is(only([row("growth_depth_218_over_20", 1.09, "time ratio")]).met, true);
  assert.is(only([row("start_first_step_local", 601, "ms")]).met, false);
});

targets("only the shapes that are meant, and gradients apart", () => {
  const ratios = ["forward", "input_gradient", "weight_gradient"].map((pass) =>
    row(`winograd_over_direct_3x3_16to16_32x32_b32_${pass}`, pass === "weight_gradient" ? 1.5 : 2, "speed ratio"),
  );
  const reached = reachedTargets([...ratios, row("winograd_over_direct_3x3_512to512_4x4_b8_forward", 0.5, "speed ratio")]);
  assert.equal(
    reached.map(({ worst, met, rows }) => [worst, met, ...rows]),
    [
      ["2.00x", true, 2, 2],
      ["1.50x", true, 1, 1],
    ],
  );
  assert.equal(reachedTargets([row("conv_3x3s2_16to32_32x32_b32_forward", 9, "GFLOP/s", 0.1)]), []);
});

targets("as a table", () => {
  const text = targetsTable(reachedTargets([row("workers_2_over_1_resnet20_b128", 1.7, "speed ratio")]));
  assert.match(
    text,
    /\| two workers over one \| workers_2_over_1_resnet20_b128, 2 threads, speed ratio \| >= 1\.80x \| 1\.70x \| +0 of 1 \|$/,
  );
});

targets.run();
