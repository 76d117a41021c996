// A line chart that follows runs while they go on: uPlot, with the colors of the page, a line of text for the pointer, and a table.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { Curve } from "./curves.ts";
import { useDarkMode, useWidth } from "./environment.ts";
import { Numbers, type Table } from "./numbers-table.tsx";
import { Swatch } from "./swatch.tsx";

export interface Series {
  readonly label: string;
  /** Place of the run: its color and its dashes. */
  readonly run: number;
  readonly curve: Curve;
  /** Points instead of a line. */
  readonly points?: boolean;
}

export interface LiveChartProps {
  readonly title: string;
  readonly note: string;
  readonly series: readonly Series[];
  /** Epochs of the whole run. */
  readonly epochs: number;
  readonly format: (value: number) => string;
  readonly range: (least: number, most: number) => [number, number];
  readonly numbers: () => Table;
  /** Over all columns. */
  readonly wide?: boolean;
}

const HEIGHT = 220;
const DASHES: readonly number[][] = [[], [6, 4]];

const css = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** All curves over one axis. Points above it are left out: they would be drawn by half. */
function joined({ series, range }: LiveChartProps): uPlot.AlignedData {
  if (series.every(({ curve }) => curve[0].length === 0)) return [[], ...series.map(() => [])];
  const [, top] = range(0, 0);
  return uPlot.join(series.map(({ curve: [x, y], points }) => [[...x], points ? y.map((value) => (value > top ? null : value)) : [...y]]));
}

/** Hundreds of points must not hide the lines. */
const pointsOf = (epochs: number): { readonly size: number; readonly width: number } =>
  epochs <= 50 ? { size: 8, width: 2 } : { size: 4, width: 1 };

function optionsOf(latest: { readonly current: LiveChartProps }, width: number, onPointer: (text: string) => void): uPlot.Options {
  const { series, epochs, format } = latest.current;
  const axis = { stroke: css("--muted"), grid: { stroke: css("--grid"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [10, 12, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false },
    scales: {
      x: { time: false, range: [0, Math.max(epochs, 0.01)] },
      y: { range: (_chart, least, most) => latest.current.range(least ?? 0, most ?? 0) },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, values: (_chart, values) => values.map(String) },
      { ...axis, size: 52, values: (_chart, values) => values.map(format) },
    ],
    series: [
      {},
      ...series.map(({ label, run, points = false }): uPlot.Series => {
        const color = css(`--run-${run}`);
        if (points) return { label, stroke: color, paths: () => null, points: { show: true, ...pointsOf(epochs), fill: css("--surface") } };
        return { label, stroke: color, width: 2, dash: DASHES[run] ?? [], spanGaps: true, points: { show: false } };
      }),
    ],
    hooks: {
      setCursor: [
        (chart) => {
          const { idx } = chart.cursor;
          if (idx === null || idx === undefined) return onPointer("");
          const parts = series.flatMap(({ label }, i) => {
            const value = chart.data[i + 1]?.[idx];
            return typeof value === "number" ? [`${label} ${format(value)}`] : [];
          });
          onPointer(`epoch ${chart.data[0][idx].toFixed(2)}: ${parts.join(", ")}`);
        },
      ],
    },
  };
}

export function LiveChart(props: LiveChartProps) {
  const { title, note, series, epochs, numbers, wide = false } = props;
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const chart = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState("");
  const width = useWidth(box);
  const dark = useDarkMode();
  const shape = series.map(({ label, run, points = false }) => `${label}${run}${String(points)}`).join();
  useEffect(() => {
    if (!box.current || width === 0) return;
    const made = new uPlot(optionsOf(latest, width, setPointed), joined(latest.current), box.current);
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
  }, [width, dark, shape, epochs]);
  useEffect(() => chart.current?.setData(joined(props)));
  const runs = series.filter(({ points = false }) => !points);
  const last = series.flatMap(({ label, curve: [, y] }) => (y.length > 0 ? [`${label}: ${props.format(y[y.length - 1])}`] : []));
  return (
    <figure class={wide ? "figure wide" : "figure"}>
      <figcaption>
        <h2>{title}</h2>
        <p class="note">{note}</p>
        {runs.length > 1 && (
          <p class="key" aria-hidden="true">
            {runs.map(({ label, run }) => (
              <span key={run}>
                <Swatch run={run} /> {label}
              </span>
            ))}
          </p>
        )}
      </figcaption>
      <div
        class="plot"
        style={{ height: `${HEIGHT}px` }}
        ref={box}
        role="img"
        aria-label={`${title} by epoch. ${last.length > 0 ? `Now ${last.join("; ")}.` : "Nothing yet."}`}
      />
      <p class="pointed" aria-hidden="true">
        {pointed || "\u00a0"}
      </p>
      <Numbers of={title} table={numbers} />
    </figure>
  );
}
