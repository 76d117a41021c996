// Every paper has a page of at most a screen with all its parts, and what it links is there.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as perpend from "../../ts/index.ts";
import { recipeFiles } from "../../ts/cli/grid/recipe-files.ts";

const folder = fileURLToPath(new URL("../../docs/methods", import.meta.url));
const pages = readdirSync(folder);
/** Lines of a screen. */
const SCREEN = 60;

const test = suite("docs/methods");

test("every paper with recipes has a page", () => {
  const papers = [...new Set(recipeFiles().map(({ paper }) => paper))];
  assert.is(papers.length, 5);
  for (const paper of papers) assert.ok(pages.includes(`${paper}.md`), paper);
});

/** What pages call and the package does not export: the function of a program. */
const OWN = new Set(["prepare"]);

test("every function that a page names in code is exported", () => {
  let met = 0;
  for (const page of pages)
    for (const [, code] of readFileSync(join(folder, page), "utf8").matchAll(/`([^`\n]+)`/g))
      for (const [, name] of code.matchAll(/(?<![.\w])([a-z]\w*)\(/g)) {
        met++;
        assert.ok(name in perpend || OWN.has(name), `${page}: ${name}() in "${code}"`);
      }
  assert.ok(met > 30, String(met));
});

for (const page of pages)
  test(page, () => {
    const path = join(folder, page);
    const text = readFileSync(path, "utf8");
    assert.ok(text.split("\n").length <= SCREEN, "longer than a screen");
    // Idea, formula, code, result and source, the formula before the code.
    for (const part of [/^# /, /\n\*\*Idea\.\*\* /, /\n```\n[^`]+```\n/, /\n```ts\n/, /\n\*\*Our result\.\*\* /, /\n\*\*Sources?\.\*\* /])
      assert.match(text, part);
    assert.ok(text.search(/\n```\n/) < text.search(/\n```ts\n/), "code before the formula");
    for (const [, link] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) assert.ok(existsSync(join(dirname(path), link)), link);
    // A result links the page that it is from.
    const result = /\n\*\*Our result\.\*\* ([\s\S]*?)\n\n/.exec(`${text}\n\n`)?.[1] ?? "";
    assert.ok(result === "Not yet run." || /\]\(\.\.\/results\/[\w-]+\.md\)/.test(result), result);
  });

test.run();
