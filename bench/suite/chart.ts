// Draws rows as one SVG file: images a second of nets, shares of the ceiling of kernels, growth of the time of a step. What was not
// measured is left out.
import type { TopLevelSpec } from "vega-lite";
import type { Row } from "./rows.ts";

const WIDTH = 420;

/** Told apart by the color-blind too; as in reports. */
const COLORS = ["#0a66ab", "#c04a00", "#00785a", "#9b3f86"];

const config = {
  background: "#ffffff",
  font: "system-ui, sans-serif",
  view: { stroke: null },
  axis: {
    domainColor: "#c9c7c1",
    gridColor: "#eeece8",
    tickColor: "#c9c7c1",
    labelColor: "#1d1f23",
    titleColor: "#5f636b",
    labelLimit: 480,
  },
  title: { anchor: "start", frame: "group", fontSize: 13, color: "#1d1f23" },
  range: { category: COLORS },
} as const;

type Panel = { readonly [key: string]: unknown };

const threads = { field: "threads", type: "nominal", title: "threads" } as const;

function training(rows: readonly Row[]): Panel[] {
  const values = rows
    .filter(({ unit }) => unit === "images/s")
    .map(({ name, value, threads: count }) => ({ name: name.replace(/^train_/, ""), value, threads: count }));
  if (values.length === 0) return [];
  return [
    {
      title: "training steps, images a second",
      data: { values },
      width: WIDTH,
      height: { step: 14 },
      mark: "bar",
      encoding: {
        y: { field: "name", type: "nominal", sort: null, title: null },
        yOffset: threads,
        x: { field: "value", type: "quantitative", title: null },
        color: { ...threads, legend: { orient: "top" } },
      },
    },
  ];
}

function kernels(rows: readonly Row[]): Panel[] {
  const values = rows
    .filter(({ unit, ceilingShare }) => unit === "GFLOP/s" && ceilingShare !== null)
    .map(({ name, ceilingShare }) => ({ name, share: ceilingShare }));
  if (values.length === 0) return [];
  const y = { field: "name", type: "nominal", sort: null, title: null } as const;
  return [
    {
      title: "kernels, share of the ceiling of 128-bit multiply-adds",
      data: { values },
      width: WIDTH,
      height: { step: 14 },
      layer: [
        {
          mark: { type: "bar", color: COLORS[0] },
          encoding: { y, x: { field: "share", type: "quantitative", title: null, axis: { format: "%" } } },
        },
        { mark: { type: "rule", color: "#1d1f23", strokeDash: [4, 3] }, encoding: { x: { datum: 1 } } },
      ],
    },
  ];
}

function growth(rows: readonly Row[]): Panel[] {
  return ["depth", "batch"].flatMap((what) => {
    const pattern = new RegExp(`^growth_${what}_(\\d+)$`);
    const values = rows.flatMap(({ name, value }) => {
      const found = pattern.exec(name);
      return found === null ? [] : [{ x: Number(found[1]), value }];
    });
    if (values.length < 2) return [];
    return [
      {
        title: `time of one image in one layer by ${what}, microseconds`,
        data: { values },
        width: WIDTH,
        height: 140,
        mark: { type: "line", point: true, color: COLORS[0] },
        encoding: {
          x: {
            ...{ field: "x", type: "quantitative", title: what, scale: { type: "log", base: 2 } },
            axis: { values: values.map(({ x }) => x), grid: false },
          },
          y: { field: "value", type: "quantitative", title: null, scale: { zero: true } },
        },
      },
    ];
  });
}

/** The panels of what was measured. */
export function panelsOf(rows: readonly Row[]): Panel[] {
  return [...training(rows), ...kernels(rows), ...growth(rows)];
}

/** An SVG file. Error: no rows that can be drawn. */
export async function benchChart(rows: readonly Row[]): Promise<string> {
  const panels = panelsOf(rows);
  if (panels.length === 0) throw new Error(`bench: none of ${rows.length} rows can be drawn, training steps, kernels or growth are wanted`);
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const { spec } = vegaLite.compile({
    vconcat: panels,
    spacing: 24,
    resolve: { scale: { x: "independent" } },
    config,
  } as unknown as TopLevelSpec);
  const view = new vega.View(vega.parse(spec), { renderer: "none", logLevel: vega.Error });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}
