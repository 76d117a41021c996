// Skip diagnostics as heat maps, block by step: stream norm, cosine, and the branch's parts along and across the stream.
// All runs share one scale of colors, as do the two parts.
import type { BlockDiagnostics, DiagnosticsEvent } from "../train/events.ts";
import { colorScale, cosineScale, drawCells, legend, logScale, type Scale } from "./cells.ts";
import { figure, type Drawn, type RunLabel, type Table } from "./figure.ts";
import { html, trusted, type Html } from "./html.ts";
import { formatNumber } from "./numbers.ts";
import { sample } from "./series.ts";

export interface Diagnosed extends RunLabel {
  readonly diagnostics: readonly DiagnosticsEvent[];
}

type Value = (block: BlockDiagnostics) => number;

interface Panel {
  readonly id: string;
  readonly of: Value;
  readonly title: string;
  /** What the title means, as a formula. */
  readonly symbol?: Html;
  readonly note: string;
  /** Values that share its scale; none means -1 to 1. */
  readonly scale: readonly Value[];
}

const streamNorm2: Value = (block) => block.streamNorm2;
const parallelNorm2: Value = (block) => block.parallelNorm2;
const orthogonalNorm2: Value = (block) => block.orthogonalNorm2;
// Of the means, as the mean of ratios is that of the few positions where a stream is next to 0.
const parallelRatio: Value = (block) => block.parallelNorm2 / block.streamNorm2;
const orthogonalRatio: Value = (block) => block.orthogonalNorm2 / block.streamNorm2;

const panels: readonly Panel[] = [
  {
    id: "streamNorm2",
    of: streamNorm2,
    title: "Stream norm",
    symbol: html`‖<i>x</i>‖²`,
    note: "What the blocks add to. Log scale.",
    scale: [streamNorm2],
  },
  {
    id: "cosine",
    of: (block) => block.cosine,
    title: "Cosine of stream and branch",
    note: "1: the branch repeats the stream. −1: it takes from it. 0: it adds something new.",
    scale: [],
  },
  {
    id: "parallelNorm2",
    of: parallelNorm2,
    title: "Parallel part",
    symbol: html`‖<i>u</i><sub>∥</sub>‖²`,
    note: "The branch along the stream: dropped by the orthogonal update. Log scale.",
    scale: [parallelNorm2, orthogonalNorm2],
  },
  {
    id: "orthogonalNorm2",
    of: orthogonalNorm2,
    title: "Orthogonal part",
    symbol: html`‖<i>u</i><sub>⊥</sub>‖²`,
    note: "The branch across the stream: always kept. Same scale as the parallel part.",
    scale: [parallelNorm2, orthogonalNorm2],
  },
];

const ratioPanels: readonly Panel[] = [
  {
    id: "parallelRatio",
    of: parallelRatio,
    title: "Parallel part over the stream",
    symbol: html`‖<i>u</i><sub>∥</sub>‖² / ‖<i>x</i>‖²`,
    note: "Log scale.",
    scale: [parallelRatio, orthogonalRatio],
  },
  {
    id: "orthogonalRatio",
    of: orthogonalRatio,
    title: "Orthogonal part over the stream",
    symbol: html`‖<i>u</i><sub>⊥</sub>‖² / ‖<i>x</i>‖²`,
    note: "How much of its stream a block renews. Same scale as the parallel part.",
    scale: [parallelRatio, orthogonalRatio],
  },
];

const TABLE_ROWS = 20;

/** The figures of all runs that have diagnostics, for a page. */
export async function heatMaps(runs: readonly Diagnosed[], unit: string, xOf: (run: number, step: number) => number): Promise<Html[]> {
  return (await drawHeatMaps(runs, unit, xOf)).map(({ html: made }) => made);
}

/** The figures of all runs that have diagnostics; with `ratios` of the branch's parts over the stream too. */
export async function drawHeatMaps(
  runs: readonly Diagnosed[],
  unit: string,
  xOf: (run: number, step: number) => number,
  { ratios = false }: { readonly ratios?: boolean } = {},
): Promise<Drawn[]> {
  const figures: Drawn[] = [];
  for (const { id, of, title, symbol, note, scale: shared } of ratios ? [...panels, ...ratioPanels] : panels) {
    const values = runs.flatMap(({ diagnostics }) =>
      diagnostics.flatMap(({ blocks }) => blocks.flatMap((block) => shared.map((each) => each(block)))),
    );
    const scale = shared.length > 0 ? logScale(values) : cosineScale;
    const charts: { readonly name: string; readonly svg: Html }[] = [];
    for (const run of runs)
      charts.push({ name: run.name, svg: await heatMap(run, id, of, title, scale, unit, (step) => xOf(run.index, step)) });
    const maps = charts.map(({ name, svg }) => html`<div>${runs.length > 1 && html`<h4>${name}</h4>`}${svg}</div>`);
    const body = html`<div class="maps">${maps}</div>
      ${legend(scale)}`;
    figures.push({
      picture: { id, title, key: [], note: `Block by ${unit}. ${note}`, charts, scale: colorScale(scale) },
      html: figure({
        title: html`${title}${symbol !== undefined && html` ${symbol}`}`,
        note: html`${note}`,
        body,
        numbers: numbersOf(runs, of),
        wide: runs.length > 1,
      }),
    });
  }
  return figures;
}

async function heatMap(
  run: Diagnosed,
  id: string,
  of: Value,
  title: string,
  scale: Scale,
  unit: string,
  xOf: (step: number) => number,
): Promise<Html> {
  const columns = run.diagnostics.map(({ step, blocks }) => ({ x: xOf(step), values: blocks.map(of) }));
  const depth = Math.max(1, ...columns.map(({ values }) => values.length));
  return drawCells({
    id: `${id}-${run.index}`,
    title: `${title}, ${run.name}`,
    description: `${title} of ${run.name} by block, ${depth} of them, and ${unit}. ${describe(run, of)}`,
    columns,
    scale,
    unit,
  });
}

function describe({ diagnostics }: Diagnosed, of: Value): string {
  const [first, last] = [diagnostics[0], diagnostics[diagnostics.length - 1]];
  const end = (event: DiagnosticsEvent): string => {
    const values = event.blocks.map(of);
    return values.length === 0
      ? "nothing"
      : `${formatNumber(values[0])} in the first block and ${formatNumber(values[values.length - 1])} in the last`;
  };
  return `At step ${first.step} it is ${end(first)}, at step ${last.step} ${end(last)}.`;
}

function numbersOf(runs: readonly Diagnosed[], of: Value): Table {
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
      ...columns.map(({ event }) => (block < event.blocks.length ? formatNumber(of(event.blocks[block])) : "")),
    ]),
  };
}

/** What the letters stand for. */
export const lettersNote = trusted(
  "<i>x</i> is the stream that enters a block’s addition and <i>u</i> what its branch puts out, split into a part along <i>x</i> and a part " +
    "at right angles to it. Block 1, the nearest to the image, is on top; training goes from left to right; means over a batch.",
);
