// What every figure has beside its drawing: caption, key to the runs, and its numbers as a table.
import { html, trusted, type Html } from "./html.ts";

/** A run as figures refer to it. */
export interface RunLabel {
  /** Place among the runs: its color and its dashes. */
  readonly index: number;
  readonly name: string;
}

/** Colors in the style sheet; more runs begin again with other dashes. */
const COLORS = 8;

/** Runs differ in dashes too, for who does not tell the colors apart. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [9, 3, 2, 3]];

export function colorOf(run: number): string {
  return `var(--run-${run % COLORS})`;
}

export function dashOf(run: number): readonly number[] {
  return DASHES[run % DASHES.length];
}

/** A short piece of the run's line. */
export function swatch(run: number): Html {
  const dash = dashOf(run).join(" ");
  return html`<svg class="swatch" viewBox="0 0 26 10" aria-hidden="true">
    <path
      d="M1,5H25"
      stroke="${colorOf(run)}"
      stroke-width="3"
      stroke-linecap="butt"
      ${dash !== "" && trusted(`stroke-dasharray="${dash}"`)}
    />
  </svg>`;
}

/** Which line is whose; nothing for one run. */
export function key(runs: readonly RunLabel[]): Html {
  if (runs.length < 2) return html``;
  return html`<p class="key">${runs.map(({ index, name }) => html`<span>${swatch(index)}${name}</span> `)}</p>`;
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A table whose first column names the row. */
export function table({ head, rows }: Table): Html {
  return html`<div class="scroll">
    <table class="numbers">
      <thead>
        <tr>
          ${head.map((text) => html`<th scope="col">${text}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, ...values]) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${values.map((value) => html`<td>${value}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

export interface Figure {
  readonly title: string | Html;
  readonly note?: Html;
  readonly key?: Html;
  readonly body: Html;
  /** The numbers behind the drawing. */
  readonly numbers?: Table;
  /** What the table is called. */
  readonly numbersTitle?: string;
  readonly wide?: boolean;
}

/** What a figure is drawn of, for a picture that stands alone. */
export interface Picture {
  /** Unique among the figures of a page. */
  readonly id: string;
  readonly title: string;
  /** Whose lines are whose; none needs fewer than two. */
  readonly key: readonly RunLabel[];
  /** What a reader of the picture alone must know. */
  readonly note?: string;
  /** Drawings by draw(), each with a name where there are several. */
  readonly charts: readonly { readonly name?: string; readonly svg: Html }[];
  readonly scale?: ColorScale;
}

/** What colors mean: names of variables from least to most, and the values at both ends and in the middle. */
export interface ColorScale {
  readonly colors: readonly string[];
  readonly ticks: readonly string[];
}

/** A figure of a page, and the same as a picture. */
export interface Drawn {
  readonly html: Html;
  readonly picture: Picture;
}

export function figure({ title, note, key: keyOf, body, numbers, numbersTitle = "Numbers", wide = false }: Figure): Html {
  return html`<figure class="${wide ? "wide" : ""}">
    <figcaption>
      <h3>${title}</h3>
      ${keyOf}${note !== undefined && html`<p class="note">${note}</p>`}
    </figcaption>
    <div>${body}</div>
    ${
      numbers !== undefined &&
      html`<details>
        <summary>${numbersTitle}</summary>
        ${table(numbers)}
      </details>`
    }
  </figure>`;
}
