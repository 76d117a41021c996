// Curves of a run or several over epochs or steps: the raw course faint, the smoothed one over it, evaluations with points,
// the last value of each run written at its end.
import { CHART_WIDTH, draw, type ChartSpec } from "./chart.ts";
import { colorOf, dashOf, figure, key, type Drawn, type RunLabel, type Table } from "./figure.ts";
import { html, type Html } from "./html.ts";
import { quantile, sample, smooth, thin, windowFor, type Point } from "./series.ts";

/** One run's part of a figure. */
export interface Curve extends RunLabel {
  /** Every batch; drawn faint, with its smoothed course over it. */
  readonly batches?: readonly Point[];
  /** Drawn as it is. */
  readonly exact?: readonly Point[];
  /** Evaluations. */
  readonly evaluations?: readonly Point[];
}

export interface CurveFigure {
  readonly id: string;
  readonly title: string;
  readonly note?: Html;
  /** `epoch` or `step`. */
  readonly unit: string;
  readonly curves: readonly Curve[];
  readonly format: (value: number) => string;
  /** A vega expression of `datum.value` for the axis. */
  readonly axis: string;
  /** Lowest and highest value of the axis, from those that must be seen. */
  readonly range: (least: number, most: number) => readonly [number, number];
}

const LEFT = 44;
const RIGHT = 50;
const PLOT_WIDTH = CHART_WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = 190;
const LABEL_GAP = 15;
const MOST_POINTS = 240;
/** More evaluations than these are a line without points. */
const MOST_MARKS = 40;
const TABLE_ROWS = 12;

interface Prepared extends RunLabel {
  readonly raw: readonly Point[];
  readonly line: readonly Point[];
  readonly marks: readonly Point[];
}

function prepare({ index, name, batches = [], exact = [], evaluations = [] }: Curve): Prepared {
  const course = batches.length > 0 ? smooth(batches, windowFor(batches.length)) : thin(exact, MOST_POINTS);
  return { index, name, raw: batches, line: course, marks: evaluations.filter(({ y }) => Number.isFinite(y)) };
}

/** A figure of curves, as drawCurves() makes it, for a page. */
export async function curveFigure(curves: CurveFigure): Promise<Html | undefined> {
  return (await drawCurves(curves))?.html;
}

/** A figure of curves; undefined where no run has a finite value. */
export async function drawCurves({ id, title, note, unit, curves, format, axis, range }: CurveFigure): Promise<Drawn | undefined> {
  const prepared = curves.map(prepare);
  const shown = prepared.flatMap(({ line, marks }) => [...(marks.length > 0 ? marks : line)]);
  if (shown.length === 0) return undefined;
  const values = shown.map(({ y }) => y);
  const lines = prepared.flatMap(({ line }) => line.map(({ y }) => y));
  // The first few batches of a curve may lie far off: they are cut rather than let the rest shrink.
  const [low, high] = range(Math.min(...values), Math.max(...(lines.length > 0 ? [quantile(lines, 0.995)] : []), ...values));
  const lastX = Math.max(
    ...prepared.flatMap(({ raw, line, marks }) => [raw, line, marks].flatMap((list) => list.slice(-1).map(({ x }) => x))),
  );
  const description = `${title} by ${unit}. ${prepared.map((each) => describe(each, unit, format)).join(" ")}`;
  const ends = endLabels(prepared, low, high, format);
  const spec: ChartSpec = {
    layer: [
      ...prepared.flatMap((each) => layersOf(each)),
      ...ends.map(({ color, pixel, text }) => ({
        data: { values: [{}] },
        mark: {
          type: "text",
          align: "left",
          baseline: "middle",
          fontSize: 12,
          fontWeight: 600,
          text,
          color,
        },
        encoding: { x: { value: PLOT_WIDTH + 7 }, y: { value: pixel } },
      })),
    ],
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: unit,
        scale: { domain: [0, lastX], nice: false },
        axis: { tickCount: 6, tickMinStep: 1, format: ",d", labelFlush: false },
      },
      y: {
        field: "y",
        type: "quantitative",
        title: null,
        scale: { domain: [low, high], nice: false, zero: false },
        axis: { tickCount: 5, labelExpr: axis, minExtent: LEFT, maxExtent: LEFT },
      },
    },
    padding: { left: 0, right: RIGHT, top: 8, bottom: 0 },
  };
  const body = await draw({ id, title, description, left: LEFT, width: PLOT_WIDTH, height: PLOT_HEIGHT, spec });
  const plain = note && !/[<&]/.test(note.markup) ? note.markup : undefined;
  return {
    html: figure({ title, note, key: key(curves), body, numbers: numbersOf(prepared, unit, format) }),
    picture: { id, title: `${title}${title.includes(" by ") ? "" : `, by ${unit}`}`, key: curves, ...(plain !== undefined && { note: plain }), charts: [{ svg: body }] }, // prettier-ignore
  };
}

function layersOf({ index, raw, line, marks }: Prepared): ChartSpec[] {
  const color = colorOf(index);
  const strokeDash = dashOf(index);
  const layers: ChartSpec[] = [];
  const hasMarks = marks.length > 0;
  if (raw.length > line.length / 2 && raw.length > 0) {
    layers.push({ data: { values: thin(raw, MOST_POINTS) }, mark: { type: "line", clip: true, color, strokeWidth: 1, opacity: 0.16 } });
  }
  if (line.length > 0) {
    const mark = { type: "line", clip: true, color, strokeDash, strokeWidth: hasMarks ? 1.25 : 2, opacity: hasMarks ? 0.75 : 1 };
    layers.push({ data: { values: raw.length > 0 ? sample(line, MOST_POINTS) : line }, mark });
  }
  if (hasMarks) {
    layers.push({ data: { values: thin(marks, MOST_POINTS) }, mark: { type: "line", color, strokeDash, strokeWidth: 2.25 } });
    if (marks.length <= MOST_MARKS) {
      const shape = ["circle", "square", "triangle-up", "diamond"][index % 4];
      layers.push({
        data: { values: marks },
        mark: { type: "point", filled: true, color, opacity: 1, size: shape === "circle" ? 34 : 30, shape },
      });
    }
  }
  return layers;
}

/** The value that a run ends with. */
function lastOf({ line, marks }: Prepared): Point | undefined {
  return marks.at(-1) ?? line.at(-1);
}

interface EndLabel {
  readonly color: string;
  readonly text: string;
  readonly pixel: number;
}

/** Where the last values are written: at the curve's end, moved apart where they would overlap. */
function endLabels(runs: readonly Prepared[], low: number, high: number, format: (value: number) => string): EndLabel[] {
  const labels = runs.flatMap((run) => {
    const last = lastOf(run);
    if (last === undefined) return [];
    const pixel = high > low ? PLOT_HEIGHT * (1 - (last.y - low) / (high - low)) : PLOT_HEIGHT / 2;
    return [{ color: colorOf(run.index), text: format(last.y), pixel: Math.max(0, Math.min(PLOT_HEIGHT, pixel)) }];
  });
  // Runs that end alike, as schedules do, share one label.
  const [first, ...others] = labels;
  if (others.length > 0 && others.every(({ text, pixel }) => text === first.text && Math.abs(pixel - first.pixel) < 1)) {
    return [{ ...first, color: "var(--muted)" }];
  }
  labels.sort((a, b) => a.pixel - b.pixel);
  const most = Math.floor(PLOT_HEIGHT / LABEL_GAP) + 1;
  if (labels.length > most) return [];
  // What overlaps moves by half of it each way, until nothing does.
  for (let round = 0; round < 50; round++) {
    for (let i = 1; i < labels.length; i++) {
      const short = LABEL_GAP - (labels[i].pixel - labels[i - 1].pixel);
      if (short > 0) {
        labels[i - 1].pixel = Math.max(0, labels[i - 1].pixel - short / 2);
        labels[i].pixel = Math.min(PLOT_HEIGHT, labels[i].pixel + short / 2);
      }
    }
  }
  return labels;
}

function describe(run: Prepared, unit: string, format: (value: number) => string): string {
  const last = lastOf(run);
  if (last === undefined) return `${run.name} has no values.`;
  const points = run.marks.length > 0 ? run.marks : run.line;
  return `${run.name} goes from ${format(points[0].y)} to ${format(last.y)} at ${unit} ${Number(last.x.toFixed(1))}.`;
}

/** The numbers at a dozen places: those of the evaluations where there are any. */
function numbersOf(runs: readonly Prepared[], unit: string, format: (value: number) => string): Table {
  const columns = runs.flatMap(({ name, line, marks }) => {
    const both = line.length > 0 && marks.length > 0;
    return [
      ...(line.length > 0 ? [{ label: both ? `${name}, training` : name, points: line }] : []),
      ...(marks.length > 0 ? [{ label: both ? `${name}, held out` : name, points: marks }] : []),
    ];
  });
  const coarsest = [...columns].sort((a, b) => a.points.length - b.points.length)[0];
  const places = sample(coarsest.points, TABLE_ROWS).map(({ x }) => x);
  return {
    head: [unit, ...columns.map(({ label }) => label)],
    rows: places.map((x) => [String(Number(x.toFixed(2))), ...columns.map(({ points }) => valueAt(points, x, format))]),
  };
}

function valueAt(points: readonly Point[], x: number, format: (value: number) => string): string {
  let nearest = points[0];
  for (const point of points) if (Math.abs(point.x - x) < Math.abs(nearest.x - x)) nearest = point;
  const gap = points.length > 1 ? (points[points.length - 1].x - points[0].x) / (points.length - 1) : 0;
  return Math.abs(nearest.x - x) <= Math.max(gap, 1e-9) ? format(nearest.y) : "";
}

/** What thin and thick lines mean, where a figure has both. */
export const trainingNote = html`Thin: training batches, smoothed. Thick: held-out images.`;
