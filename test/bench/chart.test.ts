import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchChart, panelsOf } from "../../bench/suite/chart.ts";
import type { Row, Unit } from "../../bench/suite/rows.ts";

const chart = suite("bench chart");

const row = (name: string, value: number, unit: Unit, threads = 1, ceilingShare: number | null = null): Row => ({
  ...{ name, value, unit, threads, runtime: "node 20.20.2", ceilingShare },
});

const training = [row("train_resnet20_b128", 190, "images/s"), row("train_resnet20_b128", 326, "images/s", 2)];
const kernel = row("conv_3x3", 52, "GFLOP/s", 1, 0.8);
const growth = [row("growth_depth_20", 150, "us"), row("growth_depth_56", 155, "us")];

chart("a panel for each thing that was measured", () => {
  assert.is(panelsOf([...training, kernel, ...growth]).length, 3);
  assert.is(panelsOf(training).length, 1);
  assert.is(panelsOf([row("peak_memory", 400, "MB"), growth[0]]).length, 0);
});

chart("is an SVG file with the names, and bars as long as their values", async () => {
  const svg = await benchChart([...training, kernel]);
  assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(svg, />resnet20_b128</);
  assert.match(svg, />conv_3x3</);
  const bars = [...svg.matchAll(/aria-label="value: (\d+); name: resnet20_b128; [^>]* d="M0,[\d.]+h([\d.]+)v/g)];
  const widths = bars.map(([, value, width]) => Number(width) / Number(value));
  assert.is(widths.length, 2);
  assert.ok(Math.abs(widths[0] / widths[1] - 1) < 0.01, widths.join(" "));
});

chart("nothing to draw is an error", async () => {
  let said = "";
  await benchChart([row("peak_memory", 400, "MB")]).catch((error: Error) => (said = error.message));
  assert.is(said, "bench: none of 1 rows can be drawn, training steps, kernels or growth are wanted");
});

chart.run();
