// The rules of rules.ts against every file of the project, and each check against a small made-up tree that breaks it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as checks from "./checks.ts";
import { bundled } from "./rules.ts";
import { withoutNode } from "./rules.ts";
import { parse, readSources, walk } from "./sources.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sources = readSources(root);
const manifest = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
const dependencies = [...Object.keys(manifest.dependencies), ...bundled];

/** Every file that is text. */
const texts = walk(root, "")
  .filter((path) => !/\.(png|gz|bin|wasm|safetensors|tsbuildinfo|log)$/.test(path))
  .map((path) => ({ path, text: readFileSync(`${root}/${path}`, "utf8") }));

function none(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const error = new Error(`${problems.length} found:\n      ${problems.join("\n      ")}`);
  error.stack = ""; // the findings say where
  throw error;
}

const project = suite("project");

project("sources are found", () => {
  assert.ok(sources.length > 100, `${sources.length} sources`);
  const found = new Set(sources.map((source) => checks.areaOf(source.path)));
  for (const area of ["assembly", "kernels", "backend", "autograd", "nn", "data", "train", "test"]) assert.ok(found.has(area), area);
});
project("imports follow the table", () => none(checks.importsOutsideTheTable(sources)));
project("no import is circular", () => none(checks.circularImports(sources)));
project("only areas for Node import node: modules", () => none(checks.nodeImportsOutOfPlace(sources)));
project("what is loaded elsewhere reaches nothing that needs Node", () =>
  none(withoutNode.flatMap((start) => checks.nodeReachedFromIndex(sources, start))),
);
project("the page of the laboratory reaches nothing that needs Node", () => {
  for (const entry of ["ts/lab/page/main.tsx", "ts/lab/worker.ts"]) none(checks.nodeReachedFromIndex(sources, entry));
});
project("packages are declared, at home and of use", () => none(checks.packagesOutOfPlace(sources, dependencies)));
project("kernel families have one name", () => none(checks.families(sources)));
project("files have a header, named exports and a limit", () => none(checks.formOfFiles(sources)));
project("names are kebab-case and say something", () => none(checks.namesOfFiles(sources.map((source) => source.path))));
project("tests run all of their suites", () => none(checks.testsLeftOut(sources)));
project("no machine's path and no registry's host", () => none(checks.bannedWords(texts)));

project.run();

const made = suite("checks");

/** Sources from path and text, each with a header unless it has its own. */
const tree = (files: Record<string, string>): ReturnType<typeof parse>[] =>
  Object.entries(files).map(([path, text]) => parse(path, text.startsWith("//") ? text : `// Header.\n${text}`));

made("imports: upward, type only, kernels, missing, unknown area", () => {
  const found = checks.importsOutsideTheTable(
    tree({
      "ts/math.ts": "",
      "ts/nn/linear.ts": `import { Tensor } from "../autograd/tensor.ts";`,
      "ts/autograd/tensor.ts": `import { linear } from "../nn/linear.ts";\nimport type { Backend } from "../backend/backend.ts";`,
      "ts/autograd/op.ts": `import { type Backend, run } from "../backend/backend.ts";\nimport { exp } from "../math.ts";`,
      "ts/backend/backend.ts": `import { exp } from "../math.ts";`,
      "ts/kernels/kernel.ts": "",
      "ts/kernels/gemm.ts": `import { kernel } from "./kernel.ts";`,
      "ts/kernels/conv.ts": `import { gemm } from "./gemm.ts";`,
      "ts/optim/sgd.ts": `export { gone } from "./gone.ts";\nconst later = import("../data/dataset.ts");`,
      "ts/data/dataset.ts": "",
      "ts/stray/file.ts": "",
      "assembly/simd/gemm.ts": `import { madd } from "./lanes";`,
      "assembly/simd/lanes.ts": "",
    }),
  );
  const places = found.map((line) => line.split(": ")[0]);
  assert.equal(places, [
    "ts/autograd/tensor.ts:2",
    "ts/autograd/op.ts:2",
    "ts/kernels/conv.ts:2",
    "ts/optim/sgd.ts:2",
    "ts/optim/sgd.ts:3",
    "ts/stray/file.ts",
  ]);
  assert.match(found[0], "autograd may not import nn (ts/nn/linear.ts); it may import: kernels, type backend");
  assert.match(found[1], "but in a type import");
});

made("circles that are left at run time, once each", () => {
  const found = checks.circularImports(
    tree({
      "ts/a.ts": `import "./b.ts";`,
      "ts/b.ts": `import { type C } from "./c.ts";`,
      "ts/c.ts": `export * from "./a.ts";`,
      "ts/d.ts": `import("./e.ts");`,
      "ts/e.ts": `import "./d.ts"; import "./f.ts";`,
      "ts/f.ts": `import type { E } from "./e.ts";`,
    }),
  );
  assert.equal(found, ["circular import: ts/a.ts -> ts/b.ts -> ts/c.ts -> ts/a.ts"]);
});

made("node: directly and through others", () => {
  const files = tree({
    "ts/index.ts": `export * from "./data/load.ts";`,
    "ts/data/load.ts": `import { read } from "./node/read.ts";\nimport vega from "vega";`,
    "ts/data/node/read.ts": `import { readFileSync } from "node:fs";`,
    "ts/train/log.ts": `import type { Stats } from "node:fs";`,
    "workers/node/pool.ts": `import { Worker } from "node:worker_threads";`,
  });
  assert.equal(
    checks.nodeImportsOutOfPlace(files).map((line) => line.split(": ")[0]),
    ["ts/train/log.ts:2"],
  );
  assert.equal(checks.nodeReachedFromIndex(files), [
    "ts/data/node/read.ts is for Node and reached from ts/index.ts: ts/index.ts -> ts/data/load.ts -> ts/data/node/read.ts",
    "node:fs is reached from ts/index.ts: ts/index.ts -> ts/data/load.ts -> ts/data/node/read.ts",
  ]);
  assert.equal(checks.nodeReachedFromIndex(tree({ "ts/node.ts": "" })), ["ts/index.ts does not exist"]);
});

made("packages: undeclared, away from home, idle", () => {
  const files = tree({
    "ts/cli/a.ts": `import { x } from "left-pad";\nimport "commander";`,
    "ts/nn/a.ts": `import p from "piscina/dist/x.js";`,
    "test/a.ts": `import "uvu";`,
  });
  const found = checks.packagesOutOfPlace(files, ["commander", "piscina", "vega"]);
  assert.is(found.length, 3, found.join("\n"));
  assert.match(found[0], "ts/cli/a.ts:2: imports left-pad");
  assert.match(found[1], "ts/nn/a.ts:2: nn imports piscina, which is at home in: workers/node");
  assert.match(found[2], "vega is imported nowhere");
});

made("families: without definition, without kernel, without use", () => {
  const found = checks.families(
    tree({
      "assembly/index.ts": `export * from "./simd/gemm";\nexport * from "./simd/pool";\nexport * from "./simd/calibrate";`,
      "assembly/simd/gemm.ts": `import { madd } from "./lanes";`,
      "assembly/simd/pool.ts": "",
      "assembly/simd/calibrate.ts": "",
      "assembly/simd/lanes.ts": "",
      "assembly/simd/idle.ts": "",
      "ts/kernels/kernel.ts": "",
      "ts/kernels/gemm.ts": "",
      "ts/kernels/norm.ts": "",
      "ts/definitions/gemm.ts": "",
    }),
  );
  assert.is(found.length, 4, found.join("\n"));
  assert.match(found[0], "assembly/simd/pool.ts, which has no ts/kernels/pool.ts");
  assert.match(found[1], "ts/kernels/norm.ts: assembly/index.ts exports no ./simd/norm");
  assert.match(found[2], "ts/kernels/norm.ts: no ts/definitions/norm.ts");
  assert.match(found[3], "assembly/simd/idle.ts: neither");
});

made("form: length, header, default export", () => {
  const long = "// Header.\n".concat("let x = 1;\n".repeat(400));
  const found = checks.formOfFiles([
    parse("ts/nn/long.ts", long),
    parse("test/nn/bare.test.ts", "export const x = 1;\n"),
    parse("ts/nn/bare.ts", "export const x = 1;\n"),
    parse("ts/nn/wordy.ts", "// line\n".repeat(7)),
    parse("ts/nn/block.ts", "#!/usr/bin/env node\n/*\n * fine\n */\nexport class A {}\n"),
    parse("ts/nn/default.ts", "// Header.\nexport default function f() {}\n"),
    parse("ts/nn/renamed.ts", "// Header.\nconst a = 1;\nexport { a as default };\n"),
    parse("ts/recipes/paper/one.ts", "// line\n".repeat(12).concat("export default {};\n")),
  ]);
  assert.equal(found, [
    "ts/nn/long.ts: 401 lines, at most 400 are wanted",
    "ts/nn/bare.ts: no comment on top that says what the file is",
    "ts/nn/wordy.ts: 7 lines of comment on top, at most 6 are wanted",
    "ts/nn/default.ts: a default export; only recipes have one",
    "ts/nn/renamed.ts: a default export; only recipes have one",
  ]);
});

made("names, suites and words", () => {
  const names = checks.namesOfFiles(["ts/nn/batch-norm.ts", "ts/nn/batchNorm.ts", "ts/utils/a.ts", "test/a_b.test.ts", "ts/cli/x.d.ts"]);
  assert.is(names.length, 3, names.join("\n"));
  const tests = tree({
    "test/a.test.ts": `const one = suite("1");\nconst two = suite("2");\none.run();`,
    "test/b.test.ts": `const one = suite("1");\none.only("x", f);\none.run();`,
    "test/c.test.ts": "",
  });
  assert.equal(checks.testsLeftOut(tests), [
    "test/a.test.ts: the suite two never runs",
    "test/b.test.ts: one.only leaves tests out",
    "test/c.test.ts: runs no suite",
  ]);
  const home = ["", "home", "someone", "x"].join("/");
  const words = checks.bannedWords([{ path: "a.md", text: `fine\nread ${home}\nsee ../workers/home/x and https://a.org/home/x` }]);
  assert.equal(words, [`a.md:2: a path of one machine: ${home.slice(0, 7)}`]);
});

made.run();
