// Makes build/serve.js: createPredictor, createHandler and all they need in one file without imports, for runtimes without a bundler. What
// only training and tests look at is left out: gradients and their samples, initial weights. Run by `npm run build:serve`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import ts from "typescript";

const root = new URL("../../../", import.meta.url);
const path = (address: string): string => fileURLToPath(new URL(address, root));

/** Fields of what defineOp() is given that a forward pass does not read. */
const UNREAD: readonly string[] = ["samples", "vjp"];
const FILES = /[\\/]ts[\\/]autograd[\\/]ops[\\/][\w-]+\.ts$/;

/** A module without those fields. */
function withoutUnread(text: string): string {
  const source = ts.createSourceFile("it.ts", text, ts.ScriptTarget.ES2022, true);
  const cuts: (readonly [from: number, to: number])[] = [];
  const visitSpec = (node: ts.Node): void => {
    if (!ts.isObjectLiteralExpression(node)) return ts.forEachChild(node, visit);
    for (const field of node.properties) {
      const name = field.name && ts.isIdentifier(field.name) ? field.name.text : "";
      if (UNREAD.includes(name)) cuts.push([field.pos, text[field.end] === "," ? field.end + 1 : field.end]);
    }
  };
  const visit = (node: ts.Node): void => {
    const isSpec = ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "defineOp";
    if (isSpec) node.arguments.forEach(visitSpec);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return cuts.reduceRight((all, [from, to]) => all.slice(0, from) + all.slice(to), text);
}

const slim: Plugin = {
  name: "slim",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: FILES }, ({ path: file }) => ({ contents: withoutUnread(readFileSync(file, "utf8")), loader: "ts" }));
    // Weights come from checkpoints, and nothing is drawn in evaluation.
    onLoad({ filter: /[\\/]ts[\\/]random\.ts$/ }, () => ({
      contents: "const none = { split: () => none }; export const stream = () => none;",
    }));
    onLoad({ filter: /[\\/]ts[\\/]nn[\\/]init\.ts$/ }, ({ path: file }) => {
      const names = [...readFileSync(file, "utf8").matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
      return { contents: names.map((name) => `export const ${name} = () => () => {};`).join("\n") };
    });
    // Of the loader of modules only this is used.
    onResolve({ filter: /^@assemblyscript\/loader$/ }, () => ({ path: "loader", namespace: "slim" }));
    onLoad({ filter: /.*/, namespace: "slim" }, () => ({
      contents: "export const instantiateSync = (module, imports) => ({ instance: new WebAssembly.Instance(module, imports) });",
    }));
  },
};

/** Writes the bundle of some of ts/serve's exports. Errors: what esbuild says. */
export async function bundleServe(outfile: string, what = "*"): Promise<void> {
  await build({
    stdin: { contents: `export ${what} from "./ts/serve/index.ts";`, resolveDir: path("."), loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
    plugins: [slim],
    outfile,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleServe(process.argv[2] ?? path("build/serve.js"));
