// What blocks do to their stream, by depth and over time, as colors on a canvas: the first block on top, training from left to right.
import { useEffect, useRef, useState } from "preact/hooks";
import { formatNumber } from "../../report/numbers.ts";
import type { BlockDiagnostics } from "../../train/index.ts";
import { useDarkMode, useWidth } from "./environment.ts";
import { LEVELS, type LevelScale } from "./level-scale.ts";
import { Numbers, type Table } from "./numbers-table.tsx";
import type { RunView } from "./run-view.ts";
import { Swatch } from "./swatch.tsx";

export type BlockQuantity = Exclude<keyof BlockDiagnostics, "index">;

export interface HeatMapProps {
  readonly title: string;
  readonly note: string;
  readonly quantity: BlockQuantity;
  readonly runs: readonly RunView[];
  readonly scale: LevelScale;
}

const HEIGHT = 132;
const MOST_ROWS = 12;

const blocksOf = ({ diagnostics }: RunView): number => diagnostics.at(-1)?.blocks.length ?? 0;

/** How far a measurement stands for the run: the last one of a run that ended, to its end. */
const reachOf = (run: RunView, step: number): number => (run.end && step === run.diagnostics.at(-1)?.step ? run.step : step);

function paint(canvas: HTMLCanvasElement, width: number, { quantity, scale }: HeatMapProps, run: RunView): void {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.floor(width * ratio);
  canvas.height = Math.floor(HEIGHT * ratio);
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const colors = Array.from({ length: LEVELS }, (_, i) => style.getPropertyValue(`--${scale.name}-${i}`));
  const missing = style.getPropertyValue("--missing");
  const depth = blocksOf(run);
  if (!context || depth === 0 || run.steps === 0) return;
  const x = (step: number): number => Math.floor((canvas.width * Math.min(step, run.steps)) / run.steps);
  const y = (block: number): number => Math.floor((canvas.height * block) / depth);
  let from = 0;
  for (const { step, blocks } of run.diagnostics) {
    const to = x(reachOf(run, step));
    for (const block of blocks) {
      const value = block[quantity];
      context.fillStyle = Number.isFinite(value) ? colors[scale.levelOf(value)] : missing;
      context.fillRect(from, y(block.index), Math.max(1, to - from), y(block.index + 1) - y(block.index));
    }
    from = to;
  }
}

/** The value under the pointer, in words. */
function pointedAt(event: PointerEvent, canvas: HTMLElement, { quantity }: HeatMapProps, run: RunView): string {
  const box = canvas.getBoundingClientRect();
  const step = ((event.clientX - box.left) / box.width) * run.steps;
  const block = Math.floor(((event.clientY - box.top) / box.height) * blocksOf(run));
  const found = run.diagnostics.find((each) => reachOf(run, each.step) >= step)?.blocks[block];
  return found ? `block ${block + 1}, epoch ${(step / run.stepsPerEpoch).toFixed(1)}: ${formatNumber(found[quantity])}` : "";
}

function describe(title: string, run: RunView, quantity: BlockQuantity): string {
  const last = run.diagnostics.at(-1);
  if (!last) return `${title} of ${run.label}: nothing yet.`;
  const values = last.blocks.map((block) => formatNumber(block[quantity]));
  return `${title} of ${run.label} by block and step. At step ${last.step}: ${values[0]} in the first block, ${values.at(-1)} in the last.`;
}

function Map(props: HeatMapProps & { readonly run: RunView; readonly index: number }) {
  const { title, runs, run, index, quantity, scale } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, setPointed] = useState("");
  const width = useWidth(box);
  const dark = useDarkMode();
  useEffect(() => {
    if (canvas.current && width > 0) paint(canvas.current, width, props, run);
  }, [width, dark, run, run.end, run.diagnostics.length, scale.ticks.join(), quantity]);
  return (
    <div class="map">
      {runs.length > 1 && (
        <h3>
          <Swatch run={index} /> {run.label}
        </h3>
      )}
      <div class="map-box" ref={box} style={{ height: `${HEIGHT}px` }}>
        <canvas
          ref={canvas}
          role="img"
          aria-label={describe(title, run, quantity)}
          onPointerMove={(event) => setPointed(pointedAt(event, event.currentTarget, props, run))}
          onPointerLeave={() => setPointed("")}
        />
      </div>
      <p class="pointed" aria-hidden="true">
        {pointed ||
          (blocksOf(run) > 0 ? `block 1 on top, ${blocksOf(run)} at the bottom; epochs 0 to ${run.start?.epochs ?? 0}` : "\u00a0")}
      </p>
    </div>
  );
}

export function Legend({ scale }: { readonly scale: LevelScale }) {
  return (
    <div class="scale">
      <div class="cells" aria-hidden="true">
        {Array.from({ length: LEVELS }, (_, i) => (
          <i key={i} style={{ background: `var(--${scale.name}-${i})` }} />
        ))}
      </div>
      <div class="ticks">
        {scale.ticks.map((tick, i) => (
          <span key={i}>{tick}</span>
        ))}
      </div>
    </div>
  );
}

function tableOf({ runs, quantity }: HeatMapProps): Table {
  const columns = runs.flatMap((run) => {
    const { diagnostics } = run;
    const ends = [...new Set([diagnostics[0], diagnostics.at(-1)])].filter((each) => each !== undefined);
    return ends.map((event) => ({ head: `${run.label}, step ${event.step}`, event }));
  });
  const depth = Math.max(0, ...runs.map(blocksOf));
  const every = Math.max(1, Math.ceil(depth / MOST_ROWS));
  const blocks = Array.from({ length: depth }, (_, i) => i).filter((i) => i % every === 0 || i === depth - 1);
  const cell = (block: BlockDiagnostics | undefined): string => (block ? formatNumber(block[quantity]) : "");
  return {
    head: ["block", ...columns.map(({ head }) => head)],
    rows: blocks.map((i) => [String(i + 1), ...columns.map(({ event }) => cell(event.blocks[i]))]),
  };
}

export function HeatMap(props: HeatMapProps) {
  const { title, note, runs, scale } = props;
  return (
    <figure class="figure">
      <figcaption>
        <h2>{title}</h2>
        <p class="note">{note}</p>
      </figcaption>
      <div class="maps">
        {runs.map((run, index) => (
          <Map key={`${index} ${run.label}`} {...props} run={run} index={index} />
        ))}
      </div>
      <Legend scale={scale} />
      <Numbers of={title} table={() => tableOf(props)} />
    </figure>
  );
}
