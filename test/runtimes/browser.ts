// Asks the built package in a browser, file by file: nothing is bundled.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer, Request } from "./request.ts";
import { home } from "./stage.ts";
import { visit, type BrowserKind } from "./visit.ts";

/** Packages that the built package imports, by the address that the page loads them from. */
function importMap(): Record<string, string> {
  const address = (name: string): string => fileURLToPath(import.meta.resolve(name)).replace(/^.*[\\/]node_modules[\\/]/, "/node_modules/");
  return Object.fromEntries(["@assemblyscript/loader", "valibot"].map((name) => [name, address(name)]));
}

const page = (): string =>
  `<!doctype html><script type="importmap">${JSON.stringify({ imports: importMap() })}</script>` +
  `<script type="module" src="/build/test/runtimes/page.js"></script>`;

/** Asks the page. Errors: a browser that ends, or says nothing in `limit` seconds; whatever goes wrong in the page. */
export async function askBrowser(kind: BrowserKind, file: string, request: Request, limit = 120): Promise<Answer> {
  const pages = { "/": page(), "/request": JSON.stringify(request) };
  const folders = { "/build/": join(home, "build/"), "/node_modules/": join(home, "node_modules/") };
  const text = await visit(kind, file, { pages, folders }, limit);
  if (!text.startsWith("{")) throw new Error(`browser: ${text}, wanted an answer`);
  return JSON.parse(text) as Answer;
}
