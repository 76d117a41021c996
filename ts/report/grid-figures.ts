// The drawings of a grid of runs: our numbers beside the paper's, a sweep over numbers, and the course of learning.
import { CHART_WIDTH, draw, type ChartSpec } from "./chart.ts";
import { curveFigure } from "./curves.ts";
import { colorOf, figure, type Table } from "./figure.ts";
import { gridTable, meanCourse, numberText, type Grid, type GridRow } from "./grid.ts";
import { html, type Html } from "./html.ts";
import { formatNumber } from "./numbers.ts";

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
export async function dotFigure(grid: Grid): Promise<Html | undefined> {
  const rows = grid.rows.filter(shown);
  if (rows.length === 0) return undefined;
  const { names, left } = shortNames(rows);
  const width = CHART_WIDTH - left - RIGHT;
  const ours = rows.map(({ mean, spread }, index) => {
    const half = Number.isFinite(spread) ? spread : 0;
    return { row: names[index], mean, low: mean - half, high: mean + half };
  });
  const seeds = rows.flatMap(({ values }, index) => values.flatMap((value) => (value === null ? [] : [{ row: names[index], value }])));
  const papers = rows.flatMap(({ paper }, index) => (paper?.value === undefined ? [] : [{ row: names[index], value: paper.value }]));
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
      x: { type: "quantitative", title: `${grid.unit} %`, scale: { zero: false, nice: true }, axis: { tickCount: 5, grid: true } },
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
  const note = html`Dot and line: our mean and standard deviation; faint: single
  seeds${papers.length > 0 && html`; diamond: the paper's number, at its own scale`}. ${grid.better === "higher" ? "Higher" : "Lower"} is
  better.`;
  return figure({ title: "Ours beside the paper's", note, body, numbers: numbersOf(grid) });
}

/** Results over an axis of numbers. */
export async function sweepFigure(grid: Grid): Promise<Html | undefined> {
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
      { data: { values }, mark: { type: "line", color, strokeWidth: 2 }, encoding: { y: { field: "mean" } } },
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
  const note = html`${grid.unit} in percent, mean and standard deviation over seeds${names.length > 1 && html`: ${names.join("; ")}`}.`;
  return figure({ title: `Over ${sweep}`, note, body });
}

/** The course of learning: the mean over seeds. At most so many combinations, those of the table's top. */
export async function courseFigure(grid: Grid, most = 8): Promise<Html | undefined> {
  const rows = grid.rows.filter(({ logs }) => logs.some((log) => log !== null)).slice(0, most);
  const percent = (share: number): number => (grid.better === "higher" ? share : 1 - share);
  const curves = rows.map(({ name, logs }, index) => ({ index, name, evaluations: meanCourse(logs, percent) }));
  if (curves.every(({ evaluations }) => evaluations.length < 2)) return undefined;
  return curveFigure({
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

/** What the method measured, over time: the first seed of each combination. */
export async function measureFigures(grid: Grid, most = 8): Promise<Html[]> {
  const drawn: Html[] = [];
  for (const [number, { title, measure, value }] of grid.curves.entries()) {
    const curves = grid.rows.slice(0, most).map(({ name, measures }, index) => ({
      index,
      name,
      exact: (measures.find((own) => own.length > 0) ?? []).flatMap((each) =>
        each.measure === measure && value in each.values ? [{ x: each.step, y: each.values[value] }] : [],
      ),
    }));
    const made = await curveFigure({
      id: `measure-${number}`,
      title,
      note: html`The first seed of each.`,
      unit: "step",
      curves: curves.filter(({ exact }) => exact.length > 1),
      format: formatNumber,
      axis: "format(datum.value, '.2~g')",
      range: (low, high) => [Math.min(0, low), high > 0 ? 1.05 * high : 1],
    });
    if (made !== undefined) drawn.push(made);
  }
  return drawn;
}
