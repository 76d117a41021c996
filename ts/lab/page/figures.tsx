// The drawings of all runs: accuracy, loss, stream norm, cosine, speed.
import { useMemo } from "preact/hooks";
import { formatCount, formatLoss, formatNumber, formatPercent } from "../../report/numbers.ts";
import { evaluationCurve, trainingCurve, type Quantity } from "./curves.ts";
import { HeatMap } from "./heat-map.tsx";
import { cosineScale, logScale } from "./level-scale.ts";
import { LiveChart, type Series } from "./live-chart.tsx";
import type { Table } from "./numbers-table.tsx";
import { Predictions } from "./predictions.tsx";
import type { RunView } from "./run-view.ts";

function trainingSeries(views: readonly RunView[], quantity: Quantity): Series[] {
  return views.map((view, run) => ({ label: view.label, run, curve: trainingCurve(view, quantity) }));
}

/** Means of single epochs, by epoch. */
function byEpoch(
  views: readonly RunView[],
  epochs: number,
  parts: readonly (readonly [string, (view: RunView, epoch: number) => string])[],
): Table {
  const done = Math.min(epochs, Math.max(0, ...views.map(({ step, stepsPerEpoch }) => Math.floor(step / stepsPerEpoch))));
  return {
    head: ["epoch", ...views.flatMap(({ label }) => parts.map(([name]) => `${label}, ${name}`))],
    rows: Array.from({ length: done }, (_, i) => [String(i + 1), ...views.flatMap((view) => parts.map(([, text]) => text(view, i + 1)))]),
  };
}

/** The top of the loss's axis: the highest point, but where an evaluation is far off, not much above the lines. */
function lossTop(series: readonly Series[]): number {
  const highest = (points: boolean): number =>
    Math.max(0, ...series.filter((each) => (each.points ?? false) === points).flatMap(({ curve: [, y] }) => y.filter(Number.isFinite)));
  const lines = highest(false);
  return 1.05 * Math.min(Math.max(lines, highest(true)), 1.6 * lines) || 1;
}

/** The first place in a list that grows whose value is above this one. */
function above(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

const meanOf =
  (quantity: Quantity, format: (value: number) => string) =>
  ({ columns, stepsPerEpoch }: RunView, epoch: number): string => {
    const own = columns[quantity].slice(above(columns.step, (epoch - 1) * stepsPerEpoch), above(columns.step, epoch * stepsPerEpoch));
    return own.length === 0 ? "" : format(own.reduce((sum, value) => sum + value, 0) / own.length);
  };

export function Figures({ views, epochs }: { readonly views: readonly RunView[]; readonly epochs: number }) {
  const made = views.map(({ columns }) => columns.step.length).join();
  const judged = views.map(({ evaluations }) => evaluations.length).join();
  const measured = views.map(({ diagnostics }) => diagnostics.length).join();
  const tests = (pick: (view: RunView) => Series["curve"]): Series[] =>
    views.map((view, run) => ({ label: `${view.label}, test`, run, points: true, curve: pick(view) }));
  const accuracy = useMemo(
    () => [...trainingSeries(views, "accuracy"), ...tests((view) => evaluationCurve(view, ({ top1 }) => top1))],
    [views, made, judged],
  );
  const loss = useMemo(
    () => [...trainingSeries(views, "loss"), ...tests((view) => evaluationCurve(view, (event) => event.loss))],
    [views, made, judged],
  );
  const speed = useMemo(() => trainingSeries(views, "imagesPerSecond"), [views, made]);
  const norms = useMemo(
    () => logScale(views.flatMap(({ diagnostics }) => diagnostics.flatMap(({ blocks }) => blocks.map((block) => block.streamNorm2)))),
    [views, measured],
  );
  const tested = (pick: (event: RunView["evaluations"][number]) => string) => (view: RunView, epoch: number) => {
    const found = view.evaluations.find((event) => event.epoch === epoch);
    return found ? pick(found) : "";
  };
  return (
    <div class="figures">
      <LiveChart
        title="Accuracy"
        note="Lines: batches in training. Points: images kept apart, after each epoch."
        series={accuracy}
        epochs={epochs}
        format={(value) => formatPercent(value, 0)}
        range={() => [0, 1]}
        numbers={() =>
          byEpoch(views, epochs, [
            ["training", meanOf("accuracy", formatPercent)],
            ["test", tested(({ top1 }) => formatPercent(top1))],
          ])
        }
      />
      <LiveChart
        title="Loss"
        note="Cross-entropy of the same. Points far above the lines are in the numbers alone."
        series={loss}
        epochs={epochs}
        format={(value) => (value < 1000 ? value.toFixed(2) : formatNumber(value))}
        range={() => [0, lossTop(loss)]}
        numbers={() =>
          byEpoch(views, epochs, [
            ["training", meanOf("loss", formatLoss)],
            ["test", tested((event) => formatLoss(event.loss))],
          ])
        }
      />
      <HeatMap
        title="Stream norm by depth"
        note="Squared norm of what enters each block’s addition, over the whole run. Log scale."
        quantity="streamNorm2"
        runs={views}
        scale={norms}
      />
      <HeatMap
        title="Cosine of stream and branch"
        note="1: the branch repeats the stream. −1: it takes from it. 0: it adds something new."
        quantity="cosine"
        runs={views}
        scale={cosineScale}
      />
      <Predictions views={views} />
      <LiveChart
        wide
        title="Images per second"
        note="Speed of training on this machine, without evaluations."
        series={speed}
        epochs={epochs}
        format={formatCount}
        range={(_, most) => [0, most > 0 ? 1.1 * most : 100]}
        numbers={() => byEpoch(views, epochs, [["images/s", meanOf("imagesPerSecond", formatCount)]])}
      />
    </div>
  );
}
