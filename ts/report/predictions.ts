// What a model says of images: samples with its predictions, the confusion of classes, and the pairs confused most.
import type { EvaluateEvent, SamplesEvent } from "../train/events.ts";
import { CHART_WIDTH, draw, type ChartSpec } from "./chart.ts";
import { figure, key, swatch, table, type RunLabel, type Table } from "./figure.ts";
import { html, type Html } from "./html.ts";
import { formatCount, formatPercent } from "./numbers.ts";

const PNG = /^data:image\/png;base64,[A-Za-z0-9+/]+={0,2}$/;
const MOST_IMAGES = 48;
const LEVELS = 11;
/** More classes than these get no names and numbers in the drawing. */
const MOST_NAMED = 20;
const MOST_PAIRS = 6;
const MOST_LETTERS = 14;

export function className(classes: readonly string[] | undefined, label: number): string {
  return classes?.[label] ?? (label < 0 ? "nothing" : `class ${label}`);
}

export interface Sampled extends RunLabel {
  readonly samples: SamplesEvent;
  readonly classes?: readonly string[];
}

/** Sample images with what they were taken for, in words and with a sign, not by color alone. Runs that saw the same images share them. */
export function samplesFigures(runs: readonly Sampled[]): Html[] {
  const groups: Sampled[][] = [];
  for (const run of runs) {
    const same = groups.find(
      ([{ samples }]) => samples.images.join() === run.samples.images.join() && samples.labels.join() === run.samples.labels.join(),
    );
    if (same !== undefined) same.push(run);
    else groups.push([run]);
  }
  return groups.map((group) => samplesFigure(group, runs.length > 1));
}

function samplesFigure(runs: readonly Sampled[], several: boolean): Html {
  const { samples, classes } = runs[0];
  const tiles = samples.images.slice(0, MOST_IMAGES).map((image, i) => {
    const truth = className(classes, samples.labels[i]);
    const picture = PNG.test(image)
      ? html`<img src="${image}" alt="${truth}" width="80" height="80" />`
      : html`<span class="no-image">no image</span>`;
    return html`<li>
      ${picture}<span class="truth">${truth}</span>
      ${runs.map((run) => guessOf(run, i, several))}
    </li>`;
  });
  const scores = runs.map(({ name, samples: { labels, predictions } }) => {
    const right = labels.filter((label, i) => label === predictions[i]).length;
    return `${several ? `${name}: ` : ""}${right} of ${labels.length} right`;
  });
  return figure({
    title: scores.join(", "),
    key: key(runs),
    note: html`Under each image what it is, then what it was taken for and with which probability.`,
    body: html`<ul class="samples">
      ${tiles}
    </ul>`,
    wide: true,
  });
}

function guessOf({ index, samples: { labels, predictions, probabilities }, classes }: Sampled, i: number, several: boolean): Html {
  const right = labels[i] === predictions[i];
  return html`<span class="guess ${right ? "right" : "wrong"}"
    >${several && swatch(index)}<b aria-hidden="true">${right ? "✓" : "✗"}</b
    ><span class="hidden">${right ? "right: " : "wrong: "}</span> ${(!right || !several) && className(classes, predictions[i])}
    <small>${formatPercent(probabilities[i], 0)}</small></span
  >`;
}

function shorten(name: string): string {
  return name.length <= MOST_LETTERS ? name : `${name.slice(0, MOST_LETTERS - 1)}…`;
}

interface Pair {
  readonly truth: number;
  readonly guess: number;
  readonly count: number;
  readonly share: number;
}

interface ConfusionCell {
  readonly truth: string;
  readonly guess: string;
  readonly text: string;
  readonly fill: string;
  readonly ink: string;
}

/** Rows are true classes, columns predictions; the color is the share of the row, its square root so that errors show. */
export async function confusionFigure(
  { index, name }: RunLabel,
  { confusion = [], split, epoch }: EvaluateEvent,
  classes: readonly string[] | undefined,
  several: boolean,
): Promise<Html> {
  const count = confusion.length;
  const named = count <= MOST_NAMED;
  const totals = confusion.map((row) => row.reduce((sum, value) => sum + value, 0));
  // Names twice in a list are one to a band scale: the number keeps them apart.
  const labels = confusion.map((_, i) => className(classes, i));
  const bands = labels.map((label, i) => `${String(i).padStart(3, "0")} ${shorten(label)}`);
  const cells: ConfusionCell[] = [];
  const pairs: Pair[] = [];
  confusion.forEach((row, truth) => {
    row.forEach((value, guess) => {
      const share = totals[truth] > 0 ? value / totals[truth] : 0;
      const level = value === 0 ? 0 : Math.max(1, Math.min(LEVELS - 1, Math.floor(Math.sqrt(share) * LEVELS)));
      if (truth !== guess && value > 0) pairs.push({ truth, guess, count: value, share });
      if (!named && value === 0) return;
      const text = value === 0 ? "" : String(value);
      const ink = level > 5 ? "var(--on-strong)" : "var(--ink)";
      cells.push({ truth: bands[truth], guess: bands[guess], text, fill: `var(--h-${level})`, ink });
    });
  });
  pairs.sort((a, b) => b.share - a.share || a.truth - b.truth || a.guess - b.guess);
  const right = confusion.reduce((sum, row, i) => sum + row[i], 0);
  const total = totals.reduce((sum, value) => sum + value, 0);
  const description =
    `${split} images of ${count} classes after epoch ${epoch}, ${formatCount(right)} of ${formatCount(total)} right. ` +
    pairs
      .slice(0, 3)
      .map((pair) => `${labels[pair.truth]} taken for ${labels[pair.guess]} ${pair.count} times.`)
      .join(" ");
  const longest = Math.min(MOST_LETTERS, Math.max(...labels.map((label) => label.length)));
  const left = named ? 14 + 6.4 * longest : 6;
  const size = CHART_WIDTH - left - 4;
  const fills = [...new Set(cells.map(({ fill }) => fill))];
  const inks = [...new Set(cells.map(({ ink }) => ink))];
  const axis = { labelExpr: "slice(datum.label, 4)", labelLimit: 2 * left, domain: false, ticks: false, labels: named, title: null };
  const spec: ChartSpec = {
    data: { values: cells },
    encoding: {
      x: { field: "guess", type: "nominal", scale: { domain: bands, paddingInner: named ? 0.06 : 0 }, axis: { ...axis, labelAngle: -45 } },
      y: {
        field: "truth",
        type: "nominal",
        scale: { domain: bands, paddingInner: named ? 0.06 : 0 },
        axis: { ...axis, minExtent: left, maxExtent: left },
      },
    },
    layer: [
      {
        mark: { type: "rect", cornerRadius: named ? 2 : 0 },
        encoding: { fill: { field: "fill", type: "nominal", scale: { domain: fills, range: fills }, legend: null } },
      },
      ...(named
        ? [
            {
              mark: { type: "text", fontSize: count <= 10 ? 11 : 8 },
              encoding: {
                text: { field: "text" },
                fill: { field: "ink", type: "nominal", scale: { domain: inks, range: inks }, legend: null },
              },
            },
          ]
        : []),
    ],
    resolve: { scale: { fill: "independent" } },
    padding: { left: 0, right: 4, top: 4, bottom: 0 },
  };
  const id = `confusion-${index}`;
  const svg = await draw({ id, title: `Confusion, ${name}`, description, left, width: size, height: size, spec, crisp: !named });
  const worst: Table = {
    head: ["is", "taken for", "images", "of the class"],
    rows: pairs
      .slice(0, MOST_PAIRS)
      .map((pair) => [labels[pair.truth], labels[pair.guess], formatCount(pair.count), formatPercent(pair.share)]),
  };
  const matrix = {
    title: several ? name : `${formatCount(total)} ${split} images`,
    note: html`Row: what it is. Column: what it was taken for.
    ${several && `${formatCount(total)} ${split} images after`}${!several && "After"} epoch ${epoch}.`,
    body: svg,
  };
  if (several) return figure({ ...matrix, numbers: worst, numbersTitle: "Most often confused" });
  return html`${figure(matrix)}${figure({ title: "Most often confused", body: table(worst) })}`;
}
