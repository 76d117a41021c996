// The README keeps its word: its first commands exist, and its library example runs and prints, to the bit, what the README shows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { printedBy } from "./docs/printed.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");

/** Fenced blocks of a language after a heading. */
function blocks(heading: string, language: string): string[] {
  const from = readme.indexOf(`\n## ${heading}\n`);
  assert.ok(from >= 0, `README: no section "${heading}"`);
  const next = readme.indexOf("\n## ", from + 4);
  const section = readme.slice(from, next < 0 ? undefined : next);
  return [...section.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, kind]) => kind === language).map(([, , text]) => text);
}

const test = suite("readme");

test("opens with the two commands, which are scripts of the package", () => {
  const [first] = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  assert.ok(first[1].startsWith("npm ci && npm start"), first[1]);
  assert.match(first[1], /npm ci && npm test/);
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
  assert.ok(scripts["start"] && scripts["test"] && scripts["prepare"]);
});

test("the library example prints what is shown", () => {
  const [code] = blocks("As a library", "js");
  const [shown] = blocks("As a library", "text");
  assert.ok(code && shown);
  assert.ok(code.trim().split("\n").length <= 22, "a short example");
  assert.is(printedBy(code), shown);
});

test.run();
