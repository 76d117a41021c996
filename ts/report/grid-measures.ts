// What the methods of a grid measured: over time, over depth at the end, and over both.
import { colorScale, cosineScale, drawCells, legend, linearScale, logScale, type CellColumn } from "./cells.ts";
import { drawCurves } from "./curves.ts";
import { figure, type Drawn } from "./figure.ts";
import { MOST_CURVES } from "./grid-figures.ts";
import type { Grid, GridMap, GridProfile, GridRow, Measure } from "./grid.ts";
import { html, type Html } from "./html.ts";
import { formatNumber } from "./numbers.ts";
import { epochOf } from "./run-log.ts";
import type { Point } from "./series.ts";

/** Combinations whose maps one figure takes. */
const MOST_MAPS = 4;

/** A seed's records of one measure. */
const recordsOf = (own: readonly Measure[], measure: string): Measure[] => own.filter((each) => each.measure === measure);

/** Those of the first seed that has any. */
const firstRecords = ({ measures }: GridRow, measure: string): Measure[] =>
  measures.map((own) => recordsOf(own, measure)).find((own) => own.length > 0) ?? [];

/** Over time: the first seed of each combination. */
export async function curveFigures({ curves, rows }: Grid): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  for (const [number, { title, measure, value, log = false }] of curves.entries()) {
    const lines = rows.slice(0, MOST_CURVES).map((row, index) => ({
      index,
      name: row.name,
      exact: firstRecords(row, measure).flatMap(({ step, values }) => {
        if (!(value in values) || (log && !(values[value] > 0))) return [];
        return [{ x: step, y: log ? Math.log10(values[value]) : values[value] }];
      }),
    }));
    const made = await drawCurves({
      id: `measure-${number}`,
      title,
      note: html`The first seed of each.${log && " Log scale."}`,
      unit: "step",
      curves: lines.filter(({ exact }) => exact.length > 1),
      format: log ? (value) => formatNumber(10 ** value) : formatNumber,
      axis: log ? "format(pow(10, datum.value), '.1~g')" : "format(datum.value, '.2~g')",
      range: (low, high) => (log ? [Math.floor(low), Math.ceil(high)] : [Math.min(0, low), high > 0 ? 1.05 * high : 1]),
    });
    if (made !== undefined) drawn.push(made);
  }
  return drawn;
}

/** The mean over seeds of what was measured last, at each place. */
function profileOf({ measures }: GridRow, { measure, value, over }: GridProfile): Point[] {
  const found = new Map<number, number[]>();
  for (const own of measures)
    for (const [place, layer] of (recordsOf(own, measure).at(-1)?.layers ?? []).entries()) {
      const x = over === undefined ? place + 1 : layer[over];
      if (value in layer && x !== undefined) found.set(x, [...(found.get(x) ?? []), layer[value]]);
    }
  return [...found].sort(([a], [b]) => a - b).map(([x, values]) => ({ x, y: values.reduce((sum, each) => sum + each, 0) / values.length }));
}

/** Significant digits that tell values of a range apart. */
function digitsOf(values: readonly number[]): number {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const share = (high - low) / Math.max(Math.abs(low), Math.abs(high));
  return share > 0 && share < 1 ? Math.max(3, Math.min(8, 2 + Math.ceil(-Math.log10(share)))) : 3;
}

/** Over depth, at the end: the mean over seeds. */
export async function profileFigures({ profiles, rows }: Grid): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  for (const [number, profile] of profiles.entries()) {
    const { title, unit, percent = false } = profile;
    const lines = rows.slice(0, MOST_CURVES).map((row, index) => ({ index, name: row.name, evaluations: profileOf(row, profile) }));
    const digits = digitsOf(lines.flatMap(({ evaluations }) => evaluations.map(({ y }) => y)));
    const made = await drawCurves({
      id: `profile-${number}`,
      title,
      note: html`After training, mean over seeds.`,
      unit,
      curves: lines.filter(({ evaluations }) => evaluations.length > 0),
      format: percent ? (value) => `${value.toFixed(1)} %` : (value) => String(Number(value.toPrecision(digits))),
      axis: percent ? "format(datum.value, '.3~g') + ' %'" : `format(datum.value, '.${digits}~g')`,
      range: (low, high) => [Math.max(0, low - 0.1 * (high - low)), high + 0.1 * (high - low || 1)],
    });
    if (made !== undefined) drawn.push(made);
  }
  return drawn;
}

/** Bins of each layer at the end, or layers over time. */
function columnsOf(row: GridRow, { measure, value, bins }: GridMap): CellColumn[] {
  const records = firstRecords(row, measure).filter(({ layers }) => layers.length > 0);
  const last = records.at(-1);
  if (last === undefined) return [];
  if (bins === undefined) {
    const start = row.logs.find((log) => log !== null)?.start;
    return records.map(({ step, layers }) => ({
      x: start ? epochOf(step, start) : step,
      values: layers.map((layer) => layer[value] ?? NaN),
    }));
  }
  const { low = 0, high = bins } = last.values;
  return Array.from({ length: bins }, (_, bin) => ({
    x: low + ((bin + 0.5) / bins) * (high - low),
    values: last.layers.map((layer) => layer[`${value}${bin}`] ?? NaN),
  }));
}

/** Over depth and time, or as distributions by depth: the first seed of each combination. */
export async function mapFigures({ maps, rows }: Grid): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  for (const [number, map] of maps.entries()) {
    const { title, bins, scale: kind } = map;
    const runs = rows.flatMap((row) => {
      const columns = columnsOf(row, map);
      return columns.length > 1 ? [{ name: row.name, columns }] : [];
    });
    const some = runs.slice(0, MOST_MAPS);
    if (some.length === 0) continue;
    const values = some.flatMap(({ columns }) => columns.flatMap((column) => column.values));
    const scale = kind === "cosine" ? cosineScale : kind === "log" ? logScale(values) : linearScale(values);
    const unit = bins === undefined ? "epoch" : "value";
    const charts: { readonly name: string; readonly svg: Html }[] = [];
    for (const [index, { name, columns }] of some.entries()) {
      const depth = Math.max(...columns.map((column) => column.values.length));
      const description = `${title} of ${name}: ${depth} layers by ${unit}.`;
      const id = `map-${number}-${index}`;
      charts.push({ name, svg: await drawCells({ id, title: `${title}, ${name}`, description, columns, scale, unit, whole: bins === undefined }) }); // prettier-ignore
    }
    const words = `Layer by ${unit}: layer 1, the nearest to the image, is on top. ${kind === "log" ? "Log scale. " : ""}The first seed of each.`;
    const panels = charts.map(({ name, svg }) => html`<div>${charts.length > 1 && html`<h4>${name}</h4>`}${svg}</div>`);
    const body = html`<div class="maps">${panels}</div>
      ${legend(scale)}`;
    drawn.push({
      html: figure({ title, note: html`${words}`, body, wide: charts.length > 1 }),
      picture: { id: `map-${number}`, title, key: [], note: words, charts, scale: colorScale(scale) },
    });
  }
  return drawn;
}
