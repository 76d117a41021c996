// The page that every report is: head, styles, title, footer. It runs no script and loads nothing.
import { html, trusted, type Html } from "./html.ts";
import { style } from "./style.ts";

export interface Page {
  /** What kind of report it is, beside the name of the library. */
  readonly brand: string;
  readonly title: string;
  readonly lead: string;
  readonly content: Html;
}

/** A part with a heading; nothing where it has no content. */
export function section(title: string, content: Html | undefined, intro?: Html): Html {
  if (content === undefined) return html``;
  return html`<section>
    <h2>${title}</h2>
    ${intro !== undefined && html`<p class="intro">${intro}</p>`} ${content}
  </section>`;
}

/** A whole HTML document. */
export function page({ brand, title, lead, content }: Page): string {
  const made = html`${trusted("<!doctype html>")}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="perpend" />
        <title>${title} · perpend</title>
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <p class="brand"><b>perpend</b> ${brand}</p>
            <h1>${title}</h1>
            <p class="lead">${lead}</p>
          </header>
          ${content}
          <footer>This file stands alone: it runs no script and loads nothing.</footer>
        </main>
      </body>
    </html> `;
  return made.markup;
}
