// Maps of cells, rows by columns, whose colors are values: scales of colors, their legends, and the drawing. Cells of one color side by
// side are drawn as one.
import { CHART_WIDTH, draw, type ChartSpec } from "./chart.ts";
import type { ColorScale } from "./figure.ts";
import { html, type Html } from "./html.ts";
import { formatNumber } from "./numbers.ts";
import { quantile, sample } from "./series.ts";

const LEVELS = 11;
const MOST_COLUMNS = 72;
const MOST_ROWS = 60;
const LEFT = 30;
const RIGHT = 10;
const PLOT_WIDTH = CHART_WIDTH - LEFT - RIGHT;

/** Maps a value to a color. */
export interface Scale {
  readonly name: "h" | "d";
  levelOf(value: number): number;
  /** The values at the ends and in the middle. */
  readonly ticks: readonly string[];
}

function levelOf(share: number): number {
  return Math.max(0, Math.min(LEVELS - 1, Math.floor(share * LEVELS)));
}

/** By the logarithm, from the least to the largest but for the outermost half percent; what is 0 or less counts as the least. */
export function logScale(values: readonly number[]): Scale {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map((value) => Math.log10(value));
  const low = logs.length > 0 ? quantile(logs, 0.005) : 0;
  const high = logs.length > 0 ? Math.max(low + 1e-6, quantile(logs, 0.995)) : 1;
  return {
    name: "h",
    levelOf: (value) => levelOf(value > 0 ? (Math.log10(value) - low) / (high - low) : 0),
    ticks: [low, (low + high) / 2, high].map((log) => formatNumber(10 ** log)),
  };
}

/** By the value, as logScale. */
export function linearScale(values: readonly number[]): Scale {
  const known = values.filter((value) => Number.isFinite(value));
  const low = known.length > 0 ? quantile(known, 0.005) : 0;
  const high = known.length > 0 ? Math.max(low + 1e-12, quantile(known, 0.995)) : 1;
  return {
    name: "h",
    levelOf: (value) => levelOf((value - low) / (high - low)),
    ticks: [low, (low + high) / 2, high].map(formatNumber),
  };
}

/** From -1 to 1. */
export const cosineScale: Scale = { name: "d", levelOf: (value) => levelOf((value + 1) / 2), ticks: ["−1", "0", "1"] };

export function colorScale({ name, ticks }: Scale): ColorScale {
  return { colors: Array.from({ length: LEVELS }, (_, level) => `${name}-${level}`), ticks };
}

/** What the colors mean. */
export function legend(scale: Scale): Html {
  const { colors, ticks } = colorScale(scale);
  return html`<div class="scale">
    <div class="cells" aria-hidden="true">${colors.map((color) => html`<i style="background:var(--${color})"></i>`)}</div>
    <div class="ticks">${ticks.map((tick) => html`<span>${tick}</span>`)}</div>
  </div>`;
}

export interface CellColumn {
  readonly x: number;
  /** From the top row down. */
  readonly values: readonly number[];
}

export interface CellMap {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly columns: readonly CellColumn[];
  readonly scale: Scale;
  /** What x is. */
  readonly unit: string;
  /** x are whole numbers. */
  readonly whole?: boolean;
}

interface Cell {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly bottom: number;
  readonly color: string;
}

/** A map. Columns that are too many are left out, rows that are too many stand for the mean of several. */
export async function drawCells({ id, title, description, columns: all, scale, unit, whole = true }: CellMap): Promise<Html> {
  const columns = sample(all, MOST_COLUMNS);
  const depth = Math.max(1, ...columns.map(({ values }) => values.length));
  const rows = Math.min(depth, MOST_ROWS);
  // A column reaches from halfway to the one before to halfway to the one after.
  const at = columns.map(({ x }) => x);
  const edges = at.map((x, i) => (i === 0 ? x - (at.length > 1 ? (at[1] - x) / 2 : 0.5) : (at[i - 1] + x) / 2));
  edges.push(at.length > 1 ? at[at.length - 1] + (at[at.length - 1] - at[at.length - 2]) / 2 : at[0] + 0.5);
  const cells: Cell[] = [];
  for (let row = 0; row < rows; row++) {
    const [first, last] = [Math.floor((row * depth) / rows), Math.floor(((row + 1) * depth) / rows)];
    let open: Cell | undefined;
    columns.forEach(({ values }, i) => {
      const part = values.slice(first, last);
      const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
      const color = Number.isFinite(mean) ? `var(--${scale.name}-${scale.levelOf(mean)})` : "var(--missing)";
      if (open !== undefined && open.color === color) open = { ...open, to: edges[i + 1] };
      else {
        if (open !== undefined) cells.push(open);
        open = { from: edges[i], to: edges[i + 1], top: first + 0.5, bottom: last + 0.5, color };
      }
    });
    if (open !== undefined) cells.push(open);
  }
  const rowHeight = Math.max(3.5, Math.min(16, 200 / rows));
  // Neighbors overlap by half a pixel, or rounding leaves gaps between them.
  const [right, bottom] = [edges[edges.length - 1], depth + 0.5];
  const [overX, overY] = [(right - edges[0]) / (2 * PLOT_WIDTH), depth / (2 * rows * rowHeight)];
  const drawn = cells.map((cell) => ({ ...cell, to: Math.min(right, cell.to + overX), bottom: Math.min(bottom, cell.bottom + overY) }));
  const colors = [...new Set(cells.map(({ color }) => color))];
  const spec: ChartSpec = {
    data: { values: drawn },
    mark: { type: "rect" },
    encoding: {
      x: {
        field: "from",
        type: "quantitative",
        title: unit,
        scale: { domain: [edges[0], right], nice: false, zero: false },
        axis: whole ? { tickCount: 5, tickMinStep: 1, format: ",d" } : { tickCount: 5, format: "~g" },
      },
      x2: { field: "to" },
      y: {
        field: "top",
        type: "quantitative",
        title: null,
        scale: { domain: [0.5, bottom], reverse: true, nice: false, zero: false },
        axis: { values: rowTicks(depth), grid: false, format: "d", minExtent: LEFT, maxExtent: LEFT },
      },
      y2: { field: "bottom" },
      fill: { field: "color", type: "nominal", scale: { domain: colors, range: colors }, legend: null },
    },
    padding: { left: 0, right: RIGHT, top: 4, bottom: 0 },
  };
  return draw({ id, title, description, left: LEFT, width: PLOT_WIDTH, height: rows * rowHeight, spec, crisp: true });
}

/** First and last row, and round numbers between. */
function rowTicks(depth: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100].find((each) => depth / each <= 9) ?? 200;
  const between = Array.from({ length: Math.floor(depth / step) }, (_, i) => (i + 1) * step);
  return [1, ...between.filter((row) => row > 1 && row <= depth - step / 2), ...(depth > 1 ? [depth] : [])];
}
