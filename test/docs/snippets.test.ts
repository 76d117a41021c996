// Every TypeScript snippet in docs/ type-checks against the sources. What a snippet takes for granted is declared here.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("../..", import.meta.url));
const docs = join(root, "docs");

/** Where names without an import come from; the first that exports one counts. */
const sources = [
  "ts/recipes/evaluate.ts",
  "ts/node.ts",
  "ts/recipes/recipe.ts",
  "ts/recipes/data-kind.ts",
  "ts/recipes/orthogonal-update/paper.ts",
].map((path) => join(root, path));

/** What stands around a snippet: a batch and its labels, a number of updates, batches of a set, a layer. */
const given = [
  'import type { Layer, Tensor, ImageBatch } from "perpend";',
  "declare const x: Tensor, labels: Tensor, updates: number, batches: Iterable<ImageBatch>, block: Layer;",
  "void [x, labels, updates, batches, block];",
];

interface Snippet {
  readonly name: string;
  readonly text: string;
}

function snippetsOf(file: string): Snippet[] {
  const name = relative(root, file);
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code], index) => ({ name: `${name} ${index + 1}`, text: code }));
}

const files = readdirSync(docs, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
const snippets = files.flatMap((name) => snippetsOf(join(docs, name)));

const read = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path));
const { options } = ts.parseJsonConfigFileContent({ ...read.config, include: [], files: sources }, ts.sys, root); // prettier-ignore
const settings: ts.CompilerOptions = {
  ...options,
  noUnusedLocals: false,
  noUnusedParameters: false,
  allowUnusedLabels: true,
  paths: { perpend: [join(root, "ts/node.ts")], "perpend/webgpu": [join(root, "ts/webgpu.ts")] },
};

/** Exports of the sources, types among them. */
function exportsOf(program: ts.Program): Map<string, string> {
  const checker = program.getTypeChecker();
  const found = new Map<string, string>();
  for (const path of sources) {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    assert.ok(module, path);
    for (const { name } of checker.getExportsOfModule(module)) if (!found.has(name)) found.set(name, path);
  }
  return found;
}

/** A module of a snippet: imports of the names that it uses and does not declare, and itself. */
function moduleOf(path: string, { text }: Snippet, known: ReadonlyMap<string, string>): string {
  const own = ts.createSourceFile("snippet.ts", text, ts.ScriptTarget.ES2022, true);
  const [used, declared] = [new Set<string>(), new Set<string>()];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isName = (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
      const declares = ts.isVariableDeclaration(parent) || ts.isBindingElement(parent) || ts.isParameter(parent) || ts.isImportSpecifier(parent); // prettier-ignore
      if (declares && parent.name === node) declared.add(node.text);
      else if (!isName) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(own);
  const wanted = [...used].filter((name) => known.has(name) && !declared.has(name));
  const imports = wanted.map((name) => `import { ${name} } from "${relative(dirname(path), known.get(name)!).replace(/^(?!\.)/, "./")}";`);
  const around = given.filter((line) => ![...declared].some((name) => new RegExp(`\\b${name}:`).test(line)));
  return [...imports, ...around, text, "export {};"].join("\n");
}

const test = suite("docs/snippets");

test("there are snippets, on the page of every method", () => {
  const pages = new Set(snippets.map(({ name }) => name.split(" ")[0]));
  const methods = files.filter((name) => name.startsWith("methods/"));
  assert.ok(methods.length >= 6);
  for (const page of methods) assert.ok(pages.has(`docs/${page}`), `${page}: no snippet`);
});

/** What the compiler says of each snippet. */
function errorsOf(all: readonly Snippet[]): string[] {
  const base = ts.createProgram(sources, settings);
  const known = exportsOf(base);
  const modules = new Map(
    all.map((snippet, index) => {
      const path = join(root, "test", "docs", `snippet-${index}.ts`);
      return [path, { snippet, text: moduleOf(path, snippet, known) }];
    }),
  );
  const host = ts.createCompilerHost(settings);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  host.readFile = (path) => modules.get(path)?.text ?? readFile(path);
  host.getSourceFile = (path, language, ...more) => {
    const module = modules.get(path);
    if (module) return ts.createSourceFile(path, module.text, language);
    return base.getSourceFile(path) ?? getSourceFile(path, language, ...more);
  };
  const program = ts.createProgram([...modules.keys()], settings, host, base);
  return [...modules].flatMap(([path, { snippet }]) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ messageText, start }) => {
      const line = start === undefined || !file ? "" : file.text.split("\n")[file.getLineAndCharacterOfPosition(start).line];
      return `${snippet.name}: ${ts.flattenDiagnosticMessageText(messageText, " ")} (${line.trim()})`;
    });
  });
}

test("every snippet type-checks, and one that does not is found", () => {
  const wrong = { name: "wrong", text: 'const net = resnetV2({ depth: "110" });\northogonal().nothing;\nunheardOf();\n' };
  const errors = errorsOf([...snippets, wrong]);
  assert.equal(
    errors.filter((error) => !error.startsWith("wrong: ")),
    [],
  );
  assert.is(errors.length, 3);
});

test.run();
