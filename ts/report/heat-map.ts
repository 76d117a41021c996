// Skip diagnostics as heat maps, block by step: stream norm, cosine, and the branch's parts along and across the stream.
// All runs share one scale of colors, as do the two parts. Cells of one color side by side are drawn as one.
import type { BlockDiagnostics, DiagnosticsEvent } from "../train/events.ts";
import { CHART_WIDTH, draw, type ChartSpec } from "./chart.ts";
import { figure, type RunLabel, type Table } from "./figure.ts";
import { html, trusted, type Html } from "./html.ts";
import { formatNumber } from "./numbers.ts";
import { quantile, sample } from "./series.ts";

export interface Diagnosed extends RunLabel {
  readonly diagnostics: readonly DiagnosticsEvent[];
}

type Quantity = Exclude<keyof BlockDiagnostics, "index">;

interface Panel {
  readonly quantity: Quantity;
  readonly title: string;
  /** What the title means, as a formula. */
  readonly symbol?: Html;
  readonly note: string;
  /** Quantities that share its scale; none means -1 to 1. */
  readonly scale: readonly Quantity[];
}

const panels: readonly Panel[] = [
  {
    quantity: "streamNorm2",
    title: "Stream norm",
    symbol: html`‖<i>x</i>‖²`,
    note: "What the blocks add to. Log scale.",
    scale: ["streamNorm2"],
  },
  {
    quantity: "cosine",
    title: "Cosine of stream and branch",
    note: "1: the branch repeats the stream. −1: it takes from it. 0: it adds something new.",
    scale: [],
  },
  {
    quantity: "parallelNorm2",
    title: "Parallel part",
    symbol: html`‖<i>u</i><sub>∥</sub>‖²`,
    note: "The branch along the stream: dropped by the orthogonal update. Log scale.",
    scale: ["parallelNorm2", "orthogonalNorm2"],
  },
  {
    quantity: "orthogonalNorm2",
    title: "Orthogonal part",
    symbol: html`‖<i>u</i><sub>⊥</sub>‖²`,
    note: "The branch across the stream: always kept. Same scale as the parallel part.",
    scale: ["parallelNorm2", "orthogonalNorm2"],
  },
];

const SEQUENTIAL = 11;
const DIVERGING = 11;
const MOST_COLUMNS = 72;
const MOST_ROWS = 60;
const LEFT = 30;
const RIGHT = 10;
const PLOT_WIDTH = CHART_WIDTH - LEFT - RIGHT;
const TABLE_ROWS = 20;

/** Maps a value to a color. */
interface Scale {
  readonly count: number;
  readonly name: "h" | "d";
  levelOf(value: number): number;
  /** The values at the ends and in the middle. */
  readonly ticks: readonly string[];
}

function logScale(values: readonly number[]): Scale {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map((value) => Math.log10(value));
  const low = logs.length > 0 ? quantile(logs, 0.005) : 0;
  const high = logs.length > 0 ? Math.max(low + 1e-6, quantile(logs, 0.995)) : 1;
  return {
    count: SEQUENTIAL,
    name: "h",
    levelOf: (value) => levelOf(value > 0 ? (Math.log10(value) - low) / (high - low) : 0, SEQUENTIAL),
    ticks: [low, (low + high) / 2, high].map((log) => formatNumber(10 ** log)),
  };
}

const cosineScale: Scale = {
  count: DIVERGING,
  name: "d",
  levelOf: (value) => levelOf((value + 1) / 2, DIVERGING),
  ticks: ["−1", "0", "1"],
};

function levelOf(share: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
}

/** The figures of all runs that have diagnostics. */
export async function heatMaps(runs: readonly Diagnosed[], unit: string, xOf: (run: number, step: number) => number): Promise<Html[]> {
  const figures: Html[] = [];
  for (const { quantity, title, symbol, note, scale: shared } of panels) {
    const values = runs.flatMap(({ diagnostics }) =>
      diagnostics.flatMap(({ blocks }) => blocks.flatMap((block) => shared.map((each) => block[each]))),
    );
    const scale = shared.length > 0 ? logScale(values) : cosineScale;
    const maps: Html[] = [];
    for (const run of runs) {
      const svg = await heatMap(run, quantity, title, scale, unit, (step) => xOf(run.index, step));
      maps.push(html`<div>${runs.length > 1 && html`<h4>${run.name}</h4>`}${svg}</div>`);
    }
    const body = html`<div class="maps">${maps}</div>
      ${legend(scale)}`;
    figures.push(
      figure({
        title: html`${title}${symbol !== undefined && html` ${symbol}`}`,
        note: html`${note}`,
        body,
        numbers: numbersOf(runs, quantity),
        wide: runs.length > 1,
      }),
    );
  }
  return figures;
}

function legend({ count, name, ticks }: Scale): Html {
  const cells = Array.from({ length: count }, (_, level) => html`<i style="background:var(--${name}-${level})"></i>`);
  return html`<div class="scale">
    <div class="cells" aria-hidden="true">${cells}</div>
    <div class="ticks">${ticks.map((tick) => html`<span>${tick}</span>`)}</div>
  </div>`;
}

interface Cell {
  readonly from: number;
  readonly to: number;
  readonly top: number;
  readonly bottom: number;
  readonly color: string;
}

async function heatMap(
  run: Diagnosed,
  quantity: Quantity,
  title: string,
  scale: Scale,
  unit: string,
  xOf: (step: number) => number,
): Promise<Html> {
  const columns = sample(run.diagnostics, MOST_COLUMNS);
  const depth = Math.max(1, ...columns.map(({ blocks }) => blocks.length));
  const rows = Math.min(depth, MOST_ROWS);
  // A column reaches from halfway to the one before to halfway to the one after.
  const at = columns.map(({ step }) => xOf(step));
  const edges = at.map((x, i) => (i === 0 ? x - (at.length > 1 ? (at[1] - x) / 2 : 0.5) : (at[i - 1] + x) / 2));
  edges.push(at.length > 1 ? at[at.length - 1] + (at[at.length - 1] - at[at.length - 2]) / 2 : at[0] + 0.5);
  const cells: Cell[] = [];
  for (let row = 0; row < rows; row++) {
    const [first, last] = [Math.floor((row * depth) / rows), Math.floor(((row + 1) * depth) / rows)];
    let open: Cell | undefined;
    columns.forEach(({ blocks }, i) => {
      const part = blocks.slice(first, last).map((block) => block[quantity]);
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
        axis: { tickCount: 5, tickMinStep: 1, format: ",d" },
      },
      x2: { field: "to" },
      y: {
        field: "top",
        type: "quantitative",
        title: null,
        scale: { domain: [0.5, bottom], reverse: true, nice: false, zero: false },
        axis: { values: blockTicks(depth), grid: false, format: "d", minExtent: LEFT, maxExtent: LEFT },
      },
      y2: { field: "bottom" },
      fill: { field: "color", type: "nominal", scale: { domain: colors, range: colors }, legend: null },
    },
    padding: { left: 0, right: RIGHT, top: 4, bottom: 0 },
  };
  const id = `${quantity}-${run.index}`;
  const description = `${title} of ${run.name} by block, ${depth} of them, and ${unit}. ${describe(run, quantity)}`;
  return draw({
    id,
    title: `${title}, ${run.name}`,
    description,
    left: LEFT,
    width: PLOT_WIDTH,
    height: rows * rowHeight,
    spec,
    crisp: true,
  });
}

/** First and last block, and round numbers between. */
function blockTicks(depth: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100].find((each) => depth / each <= 9) ?? 200;
  const between = Array.from({ length: Math.floor(depth / step) }, (_, i) => (i + 1) * step);
  return [1, ...between.filter((block) => block > 1 && block <= depth - step / 2), ...(depth > 1 ? [depth] : [])];
}

function describe({ diagnostics }: Diagnosed, quantity: Quantity): string {
  const [first, last] = [diagnostics[0], diagnostics[diagnostics.length - 1]];
  const end = (event: DiagnosticsEvent): string => {
    const values = event.blocks.map((block) => block[quantity]);
    return values.length === 0
      ? "nothing"
      : `${formatNumber(values[0])} in the first block and ${formatNumber(values[values.length - 1])} in the last`;
  };
  return `At step ${first.step} it is ${end(first)}, at step ${last.step} ${end(last)}.`;
}

function numbersOf(runs: readonly Diagnosed[], quantity: Quantity): Table {
  const depth = Math.max(...runs.flatMap(({ diagnostics }) => diagnostics.map(({ blocks }) => blocks.length)));
  const columns = runs.flatMap(({ name, diagnostics }) => {
    const ends = diagnostics.length > 1 ? [diagnostics[0], diagnostics[diagnostics.length - 1]] : diagnostics;
    return ends.map((event) => ({ label: `${name}, step ${event.step}`, event }));
  });
  const blocks = sample(
    Array.from({ length: depth }, (_, i) => i),
    TABLE_ROWS,
  );
  return {
    head: ["block", ...columns.map(({ label }) => label)],
    rows: blocks.map((block) => [
      String(block + 1),
      ...columns.map(({ event }) => (block < event.blocks.length ? formatNumber(event.blocks[block][quantity]) : "")),
    ]),
  };
}

/** What the letters stand for. */
export const lettersNote = trusted(
  "<i>x</i> is the stream that enters a block’s addition and <i>u</i> what its branch puts out, split into a part along <i>x</i> and a part " +
    "at right angles to it. Block 1, the nearest to the image, is on top; training goes from left to right; means over a batch.",
);
