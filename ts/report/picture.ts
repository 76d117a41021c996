// A figure as an SVG file that stands alone: title, key, drawings, what its colors mean. Colors are written out for a light ground, and a
// style sheet inside has those for a dark one: so it is readable wherever a page shows it as an image.
import { CHART_WIDTH } from "./chart.ts";
import { colorOf, dashOf, type ColorScale, type Picture, type RunLabel } from "./figure.ts";
import { escapeText } from "./html.ts";
import { colorsByName } from "./style.ts";

const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';
const MARGIN = 16;
const GAP = 24;
const LINE = 17;
/** Width of a letter over the size of its font, generously. */
const LETTER = 0.56;

interface Piece {
  readonly markup: string;
  readonly height: number;
}

/** Words in lines that fit. */
function wrapped(text: string, width: number, size: number): string[] {
  const most = Math.floor(width / (LETTER * size));
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function textPiece(text: string, width: number, { size, color, weight }: { size: number; color: string; weight?: number }): Piece {
  const step = Math.floor(size * 1.4);
  const lines = wrapped(text, width, size);
  const markup = lines.map(
    (line, index) =>
      `<text y="${index * step + size}" font-size="${size}" fill="var(--${color})"${weight ? ` font-weight="${weight}"` : ""}>${escapeText(line)}</text>`,
  );
  return { markup: markup.join(""), height: lines.length * step };
}

/** Whose lines are whose, in as many rows as it takes. */
function keyPiece(key: readonly RunLabel[], width: number): Piece {
  let [x, row] = [0, 0];
  const entries = key.map(({ index, name }) => {
    const own = 32 + LETTER * 12 * name.length + 16;
    if (x > 0 && x + own > width) {
      x = 0;
      row++;
    }
    const dash = dashOf(index).join(" ");
    const at = `transform="translate(${x.toFixed(0)},${row * LINE})"`;
    x += own;
    return `<g ${at}><path d="M0,8H24" stroke="${colorOf(index)}" stroke-width="3" fill="none"${dash && ` stroke-dasharray="${dash}"`}/><text x="32" y="12" font-size="12" fill="var(--ink)">${escapeText(name)}</text></g>`;
  });
  return { markup: entries.join(""), height: (row + 1) * LINE };
}

function scalePiece({ colors, ticks }: ColorScale): Piece {
  const cell = 22;
  const cells = colors.map((name, index) => `<rect x="${index * cell}" width="${cell}" height="10" fill="var(--${name})"/>`);
  const places = [
    { x: 0, anchor: "start" },
    { x: (colors.length * cell) / 2, anchor: "middle" },
    { x: colors.length * cell, anchor: "end" },
  ];
  const labels = ticks.map((tick, index) => `<text x="${places[index].x}" y="24" text-anchor="${places[index].anchor}" font-size="11" fill="var(--muted)">${escapeText(tick)}</text>`); // prettier-ignore
  return { markup: cells.join("") + labels.join(""), height: 28 };
}

/** A drawing by draw(), at its own size. */
function chartPiece(svg: string): Piece {
  const [, , , width, height] = /viewBox="([-\d.]+) ([-\d.]+) ([-\d.]+) ([-\d.]+)"/.exec(svg) ?? [];
  const opened = svg.replace(/^\s*<svg\s+class="chart"/, `<svg width="${width}" height="${height}" overflow="visible"`);
  // The picture has a title of its own.
  const markup = opened.replace(/<title[\s\S]*?<\/desc>/, "").replace(/\s*(?:role|aria-labelledby)="[^"]*"/g, "");
  return { markup, height: Number(height) };
}

/** Drawings, in two columns where there are several. */
function chartsPiece(charts: Picture["charts"]): Piece & { readonly width: number } {
  const columns = charts.length > 1 ? 2 : 1;
  let [y, row] = [0, 0];
  const placed = charts.map(({ name, svg }, index) => {
    const { markup, height } = chartPiece(svg.markup);
    const label = name !== undefined && charts.length > 1 ? textPiece(name, CHART_WIDTH, { size: 12, color: "ink", weight: 600 }) : null;
    const x = (index % columns) * (CHART_WIDTH + GAP);
    const top = y;
    row = Math.max(row, height + (label?.height ?? 0));
    if (index % columns === columns - 1 || index === charts.length - 1) {
      y += row + 12;
      row = 0;
    }
    const inner = label ? `${label.markup}<g transform="translate(0,${label.height})">${markup}</g>` : markup;
    return `<g transform="translate(${x},${top})">${inner}</g>`;
  });
  return { markup: placed.join(""), height: y, width: columns * CHART_WIDTH + (columns - 1) * GAP };
}

/** Variables as colors of the light ground; those of the dark one as a style sheet. */
function colored(markup: string): { readonly markup: string; readonly style: string } {
  const rules = new Map<string, string>();
  const text = markup.replace(/\b(fill|stroke)="var\(--([\w-]+)\)"/g, (_, property: string, name: string) => {
    const [light, dark] = [colorsByName.light.get(name) ?? "#888888", colorsByName.dark.get(name) ?? "#888888"];
    rules.set(`${property} ${light}`, `[${property}="${light}"]{${property}:${dark}}`);
    return `${property}="${light}"`;
  });
  return { markup: text, style: `@media (prefers-color-scheme:dark){${[...rules.values()].join("")}}` };
}

/** The file's text. */
export function pictureFile({ title, key, note, charts, scale }: Picture): string {
  const drawings = chartsPiece(charts);
  const { width } = drawings;
  const pieces: Piece[] = [
    textPiece(title, width, { size: 15, color: "ink", weight: 600 }),
    ...(key.length > 1 ? [keyPiece(key, width)] : []),
    drawings,
    ...(scale ? [scalePiece(scale)] : []),
    ...(note === undefined ? [] : [textPiece(note, width, { size: 11, color: "muted" })]),
  ];
  let y = MARGIN;
  const placed = pieces.map(({ markup, height }) => {
    const at = `<g transform="translate(${MARGIN},${Math.floor(y)})">${markup}</g>`;
    y += height + 8;
    return at;
  });
  const [w, h] = [width + 2 * MARGIN, Math.ceil(y + MARGIN - 8)];
  const ground = `<rect width="${w}" height="${h}" rx="8" fill="var(--surface)"/>`;
  const { markup, style } = colored(ground + placed.join(""));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" font-family='${FONT}' role="img">` +
    `<title>${escapeText(title)}</title><style>${style}</style>${markup}</svg>\n`
  );
}
