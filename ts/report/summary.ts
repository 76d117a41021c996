// The headline numbers of a run, or of several side by side.
import type { RunEndEvent } from "../train/events.ts";
import { colorOf, swatch, type RunLabel } from "./figure.ts";
import { html, trusted, type Html } from "./html.ts";
import { formatCount, formatLoss, formatPercent, formatSpan } from "./numbers.ts";
import { judgedBy, type RunLog } from "./run-log.ts";
import { quantile } from "./series.ts";

export interface Headline {
  /** Share of images classified right at the end, held out where the run was evaluated. */
  readonly accuracy: number;
  readonly best: number;
  readonly bestEpoch: number;
  readonly loss: number;
  /** `test`, or `training` where nothing was held out. */
  readonly split: string;
  readonly seconds: number;
  /** Median over the steps. */
  readonly imagesPerSecond: number;
  readonly steps: number;
}

/** The numbers that a run is told by; NaN where the log does not say. */
export function headlineOf(run: RunLog): Headline {
  const evaluations = judgedBy(run);
  const last = evaluations.at(-1);
  const best = evaluations.reduce((most, each) => (most === undefined || each.top1 > most.top1 ? each : most), evaluations.at(0));
  const tail = run.steps.slice(-Math.max(1, Math.floor(run.steps.length / 20)));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const accuracy = last?.top1 ?? mean(tail.map((step) => step.accuracy));
  return {
    accuracy,
    best: best?.top1 ?? accuracy,
    bestEpoch: best?.epoch ?? 0,
    loss: last?.loss ?? mean(tail.map((step) => step.loss)),
    split: last?.split ?? "training",
    seconds: run.seconds ?? NaN,
    imagesPerSecond: quantile(run.steps.map((step) => step.imagesPerSecond), 0.5), // prettier-ignore
    steps: run.end?.steps ?? run.steps.at(-1)?.step ?? 0,
  };
}

const reasons: { readonly [reason in RunEndEvent["reason"]]: string } = {
  finished: "",
  stopped: "Stopped by hand",
  "max-steps": "Ended at its step limit",
  diverged: "Diverged",
};

/** What a reader must know before the numbers: a run that did not end as planned. */
function statusOf(run: RunLog): string {
  const planned = Math.floor(run.start.epochs * run.start.stepsPerEpoch);
  const done = headlineOf(run).steps;
  const at = `at step ${formatCount(done)} of ${formatCount(planned)}`;
  const bad = run.steps.find((step) => !Number.isFinite(step.loss));
  const parts: string[] = [];
  if (run.end === undefined) parts.push(`Not finished: the log ends ${at}.`);
  else if (run.end.reason !== "finished") parts.push(`${reasons[run.end.reason]} ${at}.`);
  if (bad !== undefined) parts.push(`The loss is not a number from step ${formatCount(bad.step)} on.`);
  if (run.passed.length > 0) {
    const steps = run.passed.length === 1 ? "One step" : `${formatCount(run.passed.length)} steps`;
    parts.push(`${steps} came to NaN or infinity and were passed over, the first where step ${formatCount(run.passed[0].step)} would be.`);
  }
  if (run.resumedAt.length > 0) parts.push(`Resumed after ${run.resumedAt.map((step) => `step ${formatCount(step)}`).join(", ")}.`);
  return parts.join(" ");
}

function facts(run: RunLog, headline: Headline): [name: string, value: string, more: string][] {
  const { accuracy, best, bestEpoch, loss, seconds, imagesPerSecond, split, steps } = headline;
  const all: [string, string, string][] = [];
  if (best > accuracy) all.push(["Best accuracy", formatPercent(best, 2), `epoch ${bestEpoch}`]);
  if (steps > 0) all.push([split === "training" ? "Training loss" : "Held-out loss", formatLoss(loss), ""]);
  if (Number.isFinite(seconds)) all.push(["Time", formatSpan(seconds), ""]);
  if (Number.isFinite(imagesPerSecond)) all.push(["Speed", formatCount(imagesPerSecond), "images/s"]);
  all.push(["Parameters", formatCount(run.start.parameters), ""]);
  all.push(["Steps", formatCount(steps), `${run.start.epochs} epochs`]);
  return all;
}

/** Percentage points against the first run. */
function difference(headline: Headline, first: Headline, name: string): Html {
  const points = 100 * (headline.accuracy - first.accuracy);
  if (!Number.isFinite(points) || headline.split !== first.split) return html``;
  const sign = points > 0 ? "+" : points < 0 ? "−" : "±";
  return html`, <b>${sign}${Math.abs(points).toFixed(2)}</b> points against ${name}`;
}

/** A card for each run. */
export function summary(runs: readonly { readonly label: RunLabel; readonly run: RunLog }[]): Html {
  const headlines = runs.map(({ run }) => headlineOf(run));
  const cards = runs.map(({ label, run }, i) => {
    const headline = headlines[i];
    const status = statusOf(run);
    return html`<article class="card" style="${trusted(`--run:${colorOf(label.index)}`)}">
      ${runs.length > 1 && html`<h2>${swatch(label.index)}${label.name}</h2>`}
      <p class="big">
        <strong>${formatPercent(headline.accuracy, 2)}</strong>
        <span>${headline.split} accuracy${i > 0 && difference(headline, headlines[0], runs[0].label.name)}</span>
      </p>
      <dl>
        ${facts(run, headline).map(
          ([name, value, more]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}${more !== "" && html` <small>${more}</small>`}</dd>
            </div>`,
        )}
      </dl>
      ${status !== "" && html`<p class="status">${status}</p>`}
    </article>`;
  });
  return html`<section class="cards ${runs.length === 1 ? "single" : ""}" aria-label="Summary">${cards}</section>`;
}
