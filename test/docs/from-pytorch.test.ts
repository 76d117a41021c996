// The page for users of PyTorch keeps its word: its examples print what stands behind them, and the names of its table are there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as perpend from "../../ts/node.ts";
import { printedBy } from "./printed.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/from-pytorch.md"), "utf8");

const test = suite("docs/from-pytorch");

const examples = [...page.matchAll(/^```js\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm)];

test("every example shows what it prints", () => {
  assert.is(examples.length, [...page.matchAll(/^```js$/gm)].length);
  assert.ok(examples.length >= 3);
});

examples.forEach(([, code, shown], index) =>
  test(`example ${index + 1}`, () => {
    assert.is(printedBy(code), shown);
  }),
);

/** What the right column may begin with beside names of the package. */
const others = new Set(["augment", "mix", "evaluate", "predict", "if", "perpend", "initializer", "Attention"]);
const places: readonly object[] = [perpend, perpend.init, perpend.schedule, perpend.Tensor.prototype, perpend.Module.prototype];

test("names of the table are there", () => {
  const rows = [...page.matchAll(/^\| [^|]+ \| ([^|]+) \|$/gm)].map(([, right]) => right);
  const names = rows.flatMap((row) =>
    [...row.matchAll(/`(?:new |await )?(?:(?:x|model|init|schedule)\.)?([A-Za-z]\w*)/g)].map(([, name]) => name),
  );
  assert.ok(names.length > 120, `${names.length} names`);
  const instances = new Set(["x", "shape", "rank", "size", "optimizer", "loader", ...others]);
  assert.equal(
    names.filter((name) => !instances.has(name) && !places.some((place) => name in place)),
    [],
  );
});

test.run();
