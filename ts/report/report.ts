// The report of a run or a comparison of runs: one HTML file that stands alone, without script and without anything loaded.
import { curveFigure, trainingNote, type CurveFigure } from "./curves.ts";
import { heatMaps, lettersNote } from "./heat-map.ts";
import { html, type Html } from "./html.ts";
import { formatCount, formatLoss, formatNumber, formatPercent } from "./numbers.ts";
import { page, section } from "./page.ts";
import { confusionFigure, samplesFigures, type Sampled } from "./predictions.ts";
import { epochOf, judgedBy, type RunLog } from "./run-log.ts";
import type { Point } from "./series.ts";
import { reproduction, settings, type LabeledRun } from "./settings.ts";
import { summary } from "./summary.ts";

export interface ReportOptions {
  /** By default the names of the runs. */
  readonly title?: string;
}

/** Makes the report of one run, or of several side by side, in the order given. The text is a whole HTML document. */
export async function renderReport(runs: readonly RunLog[], { title }: ReportOptions = {}): Promise<string> {
  if (runs.length === 0) throw new Error("report: 0 runs, wanted at least 1");
  const labeled = label(runs);
  const heading = title ?? titleOf(labeled);
  const sections = [
    section("Learning", await learning(labeled)),
    section("Skip connections", await skips(labeled), lettersNote),
    ...(await predictions(labeled)),
    section("Settings", settings(labeled)),
    section("Machine and digest", reproduction(labeled)),
  ];
  return page({
    brand: runs.length === 1 ? "training report" : `comparison of ${runs.length} runs`,
    title: heading,
    lead: leadOf(labeled),
    content: html`${summary(labeled)} ${sections}`,
  });
}

/** Gives each run its name; one that is taken gets a number. */
function label(runs: readonly RunLog[]): LabeledRun[] {
  const taken = new Map<string, number>();
  return runs.map((run, index) => {
    const times = (taken.get(run.start.name) ?? 0) + 1;
    taken.set(run.start.name, times);
    return { run, label: { index, name: times === 1 ? run.start.name : `${run.start.name} (${times})` } };
  });
}

function titleOf(runs: readonly LabeledRun[]): string {
  const names = runs.map(({ label: { name } }) => name);
  const text = names.length <= 3 ? names.join(names.length === 2 ? " and " : ", ") : `${names[0]} and ${names.length - 1} other runs`;
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** What all runs share, in a sentence. */
function leadOf(runs: readonly LabeledRun[]): string {
  const shared = (pick: (run: RunLog) => string | undefined): string | undefined => {
    const first = pick(runs[0].run);
    return runs.every(({ run }) => pick(run) === first) ? first : undefined;
  };
  const model = shared(({ start }) => start.model);
  const dataset = shared(({ start }) => start.dataset);
  const epochs = shared(({ start }) => `${start.epochs} ${start.epochs === 1 ? "epoch" : "epochs"}`);
  const seed = shared(({ start }) => `seed ${start.seed}`);
  const day = shared(({ start }) => start.startedAt?.slice(0, 10));
  const what = [model, dataset].filter((text) => text !== undefined).join(" on ");
  return [what, epochs, seed, day].filter((text) => text !== undefined && text !== "").join(", ");
}

/** Epochs where every run has at least two, else steps. */
function axisOf(runs: readonly LabeledRun[]): { unit: string; xOf: (run: RunLog, step: number) => number } {
  const byEpoch = runs.every(({ run: { start } }) => start.stepsPerEpoch > 0 && start.epochs >= 2);
  return byEpoch ? { unit: "epoch", xOf: (run, step) => epochOf(step, run.start) } : { unit: "step", xOf: (_, step) => step };
}

async function learning(runs: readonly LabeledRun[]): Promise<Html | undefined> {
  const { unit, xOf } = axisOf(runs);
  const steps = (pick: (step: RunLog["steps"][number]) => number) => (run: RunLog) =>
    run.steps.map((step): Point => ({ x: xOf(run, step.step), y: pick(step) }));
  const evaluations = (pick: (event: RunLog["evaluations"][number]) => number) => (run: RunLog) =>
    judgedBy(run).map((each): Point => ({ x: xOf(run, each.step ?? each.epoch * run.start.stepsPerEpoch), y: pick(each) }));
  const held = runs.some(({ run }) => run.evaluations.length > 0);
  const each = (parts: { [part in "batches" | "exact" | "evaluations"]?: (run: RunLog) => Point[] }) =>
    runs.map(({ label, run }) => ({
      ...label,
      batches: parts.batches?.(run),
      exact: parts.exact?.(run),
      evaluations: parts.evaluations?.(run),
    }));
  const figures: CurveFigure[] = [
    {
      id: "accuracy",
      title: "Accuracy",
      note: held ? trainingNote : undefined,
      unit,
      curves: each({ batches: steps((step) => step.accuracy), evaluations: evaluations((event) => event.top1) }),
      format: (value) => formatPercent(value),
      axis: "format(datum.value * 100, '.3~g') + ' %'",
      range: (least) => [Math.max(0, Math.floor(10 * least) / 10), 1],
    },
    {
      id: "loss",
      title: "Loss",
      note: held ? trainingNote : undefined,
      unit,
      curves: each({ batches: steps((step) => step.loss), evaluations: evaluations((event) => event.loss) }),
      format: formatLoss,
      axis: "format(datum.value, '.3~g')",
      range: (least, most) => [Math.min(0, least), most > 0 ? 1.02 * most : 1],
    },
    {
      id: "rate",
      title: "Learning rate",
      unit,
      curves: each({ exact: steps((step) => step.learningRate) }),
      format: formatNumber,
      axis: "format(datum.value, '.2~g')",
      range: (_, most) => [0, most > 0 ? 1.05 * most : 1],
    },
    {
      id: "speed",
      title: "Images per second",
      unit,
      curves: each({ batches: steps((step) => step.imagesPerSecond) }),
      format: formatCount,
      axis: "format(datum.value, ',d')",
      range: (_, most) => [0, most > 0 ? 1.1 * most : 1],
    },
  ];
  const drawn: Html[] = [];
  for (const each of figures) {
    const done = await curveFigure(each);
    if (done !== undefined) drawn.push(done);
  }
  return drawn.length === 0 ? html`<p class="note">The log has no step yet.</p>` : html`<div class="figures">${drawn}</div>`;
}

async function skips(runs: readonly LabeledRun[]): Promise<Html | undefined> {
  const diagnosed = runs.filter(({ run }) => run.diagnostics.some(({ blocks }) => blocks.length > 0));
  if (diagnosed.length === 0) return undefined;
  const { unit, xOf } = axisOf(runs);
  const maps = await heatMaps(
    diagnosed.map(({ label, run }) => ({ ...label, diagnostics: run.diagnostics.filter(({ blocks }) => blocks.length > 0) })),
    unit,
    (index, step) => xOf(runs[index].run, step),
  );
  return html`<div class="figures">${maps}</div>`;
}

async function predictions(runs: readonly LabeledRun[]): Promise<Html[]> {
  const several = runs.length > 1;
  const sampled: Sampled[] = [];
  const confusions: Html[] = [];
  for (const { label, run } of runs) {
    const { classes } = run.start;
    if (run.samples !== undefined && run.samples.images.length > 0) sampled.push({ ...label, samples: run.samples, classes });
    const last = judgedBy(run)
      .filter(({ confusion = [] }) => confusion.length > 0)
      .at(-1);
    if (last !== undefined) confusions.push(await confusionFigure(label, last, classes, several));
  }
  const sections: Html[] = [];
  if (sampled.length > 0) sections.push(section("Sample images", html`<div class="figures">${samplesFigures(sampled)}</div>`));
  if (confusions.length > 0) sections.push(section("Confusion", html`<div class="figures">${confusions}</div>`));
  return sections;
}
