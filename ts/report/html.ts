// HTML as a tagged template that escapes whatever is put in, so that a class named <script> stays text.

/** Markup that is safe to put into a page as it is. */
export interface Html {
  readonly markup: string;
}

export type HtmlValue = string | number | Html | readonly Html[] | undefined | false;

const ENTITIES: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for an element or a quoted attribute. Control characters that HTML forbids are shown as U+FFFD. */
export function escapeText(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "\ufffd").replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

function markupOf(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return escapeText(value);
  return "markup" in value ? value.markup : value.map((each) => each.markup).join("");
}

/** html`<p>${text}</p>`: strings are escaped, Html is not, undefined and false are nothing. The template's own indentation is taken out. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const parts = strings.map((part) => part.replace(/\n\s+/g, "\n"));
  return { markup: parts.map((part, i) => part + (i < values.length ? markupOf(values[i]) : "")).join("") };
}

/** Markup made elsewhere, by something that escapes. */
export function trusted(markup: string): Html {
  return { markup };
}
