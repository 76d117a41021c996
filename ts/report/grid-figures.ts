// The drawings of a grid of runs: our numbers beside the paper's, a sweep over numbers, and the course of learning.
import { CHART_WIDTH, draw, type ChartSpec } from "./chart.ts";
import { drawCurves } from "./curves.ts";
import { colorOf, dashOf, figure, key, type Drawn, type Table } from "./figure.ts";
import { gridTable, meanCourse, numberText, trainingCourse, type Grid, type GridRow } from "./grid.ts";
import { html } from "./html.ts";
import { formatLoss } from "./numbers.ts";

const RIGHT = 16;
const ROW = 26;
const LETTER = 6.2;
const MOST_LEFT = 190;

const shown = ({ mean }: GridRow): boolean => Number.isFinite(mean);

function numbersOf(grid: Grid): Table {
  return gridTable(grid);
}

/** Names that fit beside the plot. */
function shortNames(rows: readonly GridRow[]): { readonly names: readonly string[]; readonly left: number } {
  const most = Math.floor(MOST_LEFT / LETTER);
  const names = rows.map(({ name }, index) => (name.length > most ? `${name.slice(0, most - 4)}… ${index + 1}` : name));
  return { names, left: Math.min(MOST_LEFT, 14 + LETTER * Math.max(...names.map(({ length }) => length))) };
}

/** Mean and spread of each combination, single seeds faint, the paper's number as a ring. */
export async function dotFigure(grid: Grid): Promise<Drawn | undefined> {
  const rows = grid.rows.filter(shown);
  if (rows.length === 0) return undefined;
  const { names, left } = shortNames(rows);
  const width = CHART_WIDTH - left - RIGHT;
  const ours = rows.map(({ mean, spread }, index) => {
    const half = Number.isFinite(spread) ? spread : 0;
    return { row: names[index], mean, low: mean - half, high: mean + half };
  });
  const seeds = rows.flatMap(({ values }, index) => values.flatMap((value) => (value === null ? [] : [{ row: names[index], value }])));
  const published = rows.flatMap(({ paper }, index) => (paper?.value === undefined ? [] : [{ row: names[index], value: paper.value }]));
  // Numbers of another scale altogether would leave ours no room; the table has them.
  const span = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
  const own = [...ours.flatMap(({ low, high }) => [low, high]), ...seeds.map(({ value }) => value)];
  const papers = span([...own, ...published.map(({ value }) => value)]) <= 4 * Math.max(2, span(own)) ? published : [];
  const y = { field: "row", type: "nominal", sort: null, title: null, axis: { grid: true, labelLimit: 0, minExtent: left - 8, maxExtent: left - 8 } }; // prettier-ignore
  const layer: ChartSpec[] = [
    { data: { values: seeds }, mark: { type: "point", filled: true, size: 22, color: "var(--muted)", opacity: 0.5 }, encoding: { x: { field: "value" } } }, // prettier-ignore
    { data: { values: ours }, mark: { type: "rule", strokeWidth: 2.5, color: colorOf(0) }, encoding: { x: { field: "low" }, x2: { field: "high" } } }, // prettier-ignore
    { data: { values: ours }, mark: { type: "point", filled: true, size: 70, color: colorOf(0), opacity: 1 }, encoding: { x: { field: "mean" } } }, // prettier-ignore
    ...(papers.length > 0
      ? [{ data: { values: papers }, mark: { type: "point", shape: "diamond", size: 60, strokeWidth: 2, color: colorOf(1) }, encoding: { x: { field: "value" } } }] // prettier-ignore
      : []),
  ];
  const spec: ChartSpec = {
    layer,
    encoding: {
      x: {
        type: "quantitative",
        title: `${grid.unit} %`,
        scale: { zero: false, nice: true },
        axis: { tickCount: 5, grid: true, format: ".4~g" },
      },
      y,
    },
  };
  const description = rows
    .map(
      ({ name, mean, spread, paper }) =>
        `${name}: ${numberText(mean, spread)}${paper?.value === undefined ? "" : `, the paper ${paper.value}`}.`,
    )
    .join(" ");
  const body = await draw({ id: "dots", title: grid.title, description, left, width, height: ROW * rows.length, spec });
  const words = `Dot and line: our mean and standard deviation; faint: single seeds${papers.length > 0 ? "; diamond: the paper's number, at its own scale" : ""}. ${grid.better === "higher" ? "Higher" : "Lower"} is better.`; // prettier-ignore
  const title = papers.length > 0 ? "Ours beside the paper's" : "All combinations";
  return {
    html: figure({ title, note: html`${words}`, body, numbers: numbersOf(grid) }),
    picture: { id: "dots", title: grid.title, key: [], note: words, charts: [{ svg: body }] },
  };
}

/** Results over an axis of numbers. */
export async function sweepFigure(grid: Grid): Promise<Drawn | undefined> {
  const { sweep } = grid;
  if (sweep === undefined) return undefined;
  const rows = grid.rows.filter((row) => shown(row) && Number.isFinite(Number(row.labels[sweep])));
  if (rows.length < 2) return undefined;
  const others = (row: GridRow): string => grid.axes.filter((axis) => axis !== sweep).map((axis) => row.labels[axis]).join(", "); // prettier-ignore
  const names = [...new Set(rows.map(others))];
  const points = rows.map((row) => {
    const half = Number.isFinite(row.spread) ? row.spread : 0;
    return {
      at: Number(row.labels[sweep]),
      series: names.indexOf(others(row)),
      mean: row.mean,
      low: row.mean - half,
      high: row.mean + half,
    };
  });
  const places = points.map(({ at }) => at).sort((a, b) => a - b);
  const log = places[0] > 0 && places[places.length - 1] / places[0] > 50;
  const left = 44;
  const layer = names.flatMap((_, series): ChartSpec[] => {
    const values = points.filter((point) => point.series === series);
    const color = colorOf(series);
    return [
      { data: { values }, mark: { type: "line", color, strokeWidth: 2, strokeDash: dashOf(series) }, encoding: { y: { field: "mean" } } }, // prettier-ignore
      { data: { values }, mark: { type: "rule", color, strokeWidth: 2 }, encoding: { y: { field: "low" }, y2: { field: "high" } } },
      { data: { values }, mark: { type: "point", filled: true, color, size: 50, opacity: 1 }, encoding: { y: { field: "mean" } } },
    ];
  });
  const spec: ChartSpec = {
    layer,
    encoding: {
      x: { field: "at", type: "quantitative", title: sweep, scale: log ? { type: "log" } : { type: "linear", zero: false }, axis: { values: [...new Set(places)], format: "~g" } }, // prettier-ignore
      y: { type: "quantitative", title: null, scale: { zero: false }, axis: { tickCount: 5, minExtent: left, maxExtent: left } },
    },
  };
  const description = rows.map(({ name, mean, spread }) => `${name}: ${numberText(mean, spread)}.`).join(" ");
  const body = await draw({ id: "sweep", title: `${grid.unit} by ${sweep}`, description, left, width: CHART_WIDTH - left - RIGHT, height: 190, spec }); // prettier-ignore
  const words = `${grid.unit} in percent, mean and standard deviation over seeds.`;
  const series = names.map((name, index) => ({ index, name }));
  return {
    html: figure({ title: `Over ${sweep}`, note: html`${words}`, key: key(series), body }),
    picture: {
      id: "sweep",
      title: `${grid.unit[0].toUpperCase()}${grid.unit.slice(1)} over ${sweep}`,
      key: series,
      note: words,
      charts: [{ svg: body }],
    },
  };
}

/** Combinations whose curves one figure takes: those of the table's top. */
export const MOST_CURVES = 8;

/** The course of learning: the mean over seeds. */
export async function courseFigure(grid: Grid): Promise<Drawn | undefined> {
  const rows = grid.rows.filter(({ logs }) => logs.some((log) => log !== null)).slice(0, MOST_CURVES);
  const percent = (share: number): number => (grid.better === "higher" ? share : 1 - share);
  const curves = rows.map(({ name, logs }, index) => ({ index, name, evaluations: meanCourse(logs, percent) }));
  if (curves.every(({ evaluations }) => evaluations.length < 2)) return undefined;
  return drawCurves({
    id: "course",
    title: `Held-out ${grid.unit} by epoch`,
    note: html`Mean over seeds.`,
    unit: "epoch",
    curves,
    format: (value) => `${(100 * value).toFixed(1)} %`,
    axis: "format(datum.value * 100, '.3~g') + ' %'",
    range: (low, high) => [Math.max(0, low - 0.02), Math.min(1, high + 0.02)],
  });
}

/** A curve that goes so many times as high as the calmest one is cut: it diverges, and would flatten the others. */
const CUT = 2;

/** Training loss, smoothed: the first seed of each that was run. */
export async function trainingFigure(grid: Grid): Promise<Drawn | undefined> {
  const rows = grid.rows.filter(({ logs }) => logs.some((log) => log !== null)).slice(0, MOST_CURVES);
  const curves = rows.map(({ name, logs }, index) => ({ index, name, exact: trainingCourse(logs) }));
  if (curves.every(({ exact }) => exact.length < 4)) return undefined;
  const peaks = curves.filter(({ exact }) => exact.length > 0).map(({ exact }) => Math.max(...exact.map(({ y }) => y)));
  const most = CUT * Math.min(...peaks);
  return drawCurves({
    id: "training",
    title: "Training loss by epoch",
    note: peaks.some((peak) => peak > most)
      ? html`The first seed of each, smoothed; cut above ${formatLoss(most)}.`
      : html`The first seed of each, smoothed.`,
    unit: "epoch",
    curves,
    format: formatLoss,
    axis: "format(datum.value, '.2~g')",
    range: (low, high) => [Math.max(0, 0.9 * low), high > 0 ? 1.05 * Math.min(high, most) : 1],
  });
}
