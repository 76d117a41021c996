// Draws a vega-lite chart as SVG text, without a DOM. Colors are CSS variables of the page, so one drawing serves light and dark;
// what the drawing does not need is taken out again, which halves its size. vega is heavy: it is loaded at the first chart.
import type { TopLevelSpec } from "vega-lite";
import { html, trusted, type Html } from "./html.ts";

/** Whole width of a drawing, which is scaled to its column: text keeps its size to a fifth from a phone to a desktop. */
export const CHART_WIDTH = 440;

/** A vega-lite specification without the parts that all charts share. */
export type ChartSpec = { readonly [key: string]: unknown };

export interface Chart {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What it shows, in words, for who cannot see it. */
  readonly description: string;
  /** Room for the vertical axis. */
  readonly left: number;
  /** Of the plot, without axes. */
  readonly width: number;
  readonly height: number;
  readonly spec: ChartSpec;
  /** Cells side by side want whole pixels, lines want smooth edges. */
  readonly crisp?: boolean;
}

const FONT_SIZE = 12;
/** Room above the plot: half a line for the highest label. */
const TOP = 8;

const config = {
  background: null,
  font: "inherit",
  aria: false,
  padding: { left: 0, right: 2, top: 4, bottom: 0 },
  view: { stroke: null },
  axis: {
    domainColor: "var(--axis)",
    gridColor: "var(--grid)",
    tickColor: "var(--axis)",
    labelColor: "var(--muted)",
    titleColor: "var(--muted)",
    labelFontSize: FONT_SIZE,
    titleFontSize: FONT_SIZE,
    titleFontWeight: "normal",
    labelPadding: 6,
    tickSize: 4,
  },
  axisY: { domain: false, ticks: false },
  axisX: { grid: false, titlePadding: 8 },
} as const;

/** Draws a chart; the SVG has a title and a description of its own and scales to the width it gets. */
export async function draw({ id, title, description, left, width, height, spec, crisp = false }: Chart): Promise<Html> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const all = { ...spec, width, height, autosize: { type: "pad" }, config } as unknown as TopLevelSpec;
  const { spec: compiled } = vegaLite.compile(all);
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.Error });
  // Counted from 1 in each drawing, whatever was drawn before.
  vega.resetSVGDefIds();
  const svg = await view.toSVG();
  view.finalize();
  // All drawings of a kind are framed alike, however large the labels of their axes came out.
  const whole = Number(/viewBox="0 0 [\d.]+ ([\d.]+)"/.exec(svg)?.[1] ?? height);
  const [x, y] = (/translate\(([\d.]+),([\d.]+)\)/.exec(svg) ?? []).slice(1).map(Number);
  const viewBox = `${x - left} ${y - TOP} ${CHART_WIDTH} ${whole - y + TOP}`;
  const inner = slim(svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>")), id);
  return html`<svg
    class="chart"
    viewBox="${viewBox}"
    role="img"
    aria-labelledby="${id}-title ${id}-description"
    ${crisp && trusted('shape-rendering="crispEdges"')}
  >
    <title id="${id}-title">${title}</title>
    <desc id="${id}-description">${description}</desc>
    ${trusted(inner)}
  </svg>`;
}

/** Takes out what neither shows nor helps, and makes names that vega gives in every drawing unique in the page. */
function slim(svg: string, id: string): string {
  return svg
    .replace(/<path class="(?:background|foreground)"[^>]*\/>/g, (path) => (/fill="|stroke="/.test(path) ? path : ""))
    .replace(/<[a-zA-Z][^<>]*>/g, (tag) =>
      tag
        .replace(/ (?:class|role|aria-[a-z]+|pointer-events|font-family|xmlns:xlink)="[^"]*"/g, "")
        .replace(/ (?:opacity="1"|stroke-width="1"|transform="translate\(0,0\)"|font-weight="normal"|text-anchor="start")/g, "")
        .replace(/ id="(clip\d+|gradient_\d+)"/g, ` id="${id}-$1"`)
        .replace(/url\(#(clip\d+|gradient_\d+)\)/g, `url(#${id}-$1)`)
        .replace(/(?<= (?:d|transform|x|y|x2|y2)="[^"]*)-?\d+\.\d+/g, (number) => String(Number(Number(number).toFixed(1)))),
    )
    .replace(/(?:<g>\s*<\/g>)/g, "")
    .replace(/(?:<g>\s*<\/g>)/g, "");
}
