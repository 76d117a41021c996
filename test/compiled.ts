// Compiles test programs into build/test, beside the compiled product, for processes and threads that are to start fast: one that compiles
// what it imports takes five times as long.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  inlineSourceMap: true,
  inlineSources: true,
};

/** Modules that a program names by their addresses, as workers are given theirs. */
const ADDRESS = /new URL\("(\.[^"]*)\.ts", import\.meta\.url\)/g;

/** The files of tests that a source imports, or names by their addresses. */
function usedBy(path: string, source: string): string[] {
  const named = ts.preProcessFile(source).importedFiles.map(({ fileName }) => fileName);
  for (const [, name] of source.matchAll(ADDRESS)) named.push(`${name}.ts`);
  return named
    .filter((name) => name.startsWith(".") && name.endsWith(".ts"))
    .map((name) => resolve(dirname(path), name))
    .filter((used) => used.startsWith(join(root, "test") + sep));
}

/** The compiled file of a program in test/; what it uses there is compiled with it, and what it imports of the product is the built one. */
export function compiled(program: URL): string {
  const outputOf = (path: string): string => join(root, "build", relative(root, path)).replace(/\.ts$/, ".js");
  const seen = new Set<string>();
  const compile = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const source = readFileSync(path, "utf8");
    const output = outputOf(path);
    mkdirSync(dirname(output), { recursive: true });
    // Other tests may compile, or read, the same file at the same time.
    const own = `${output}.${process.pid}`;
    const text = source.replace(ADDRESS, 'new URL("$1.js", import.meta.url)');
    writeFileSync(own, ts.transpileModule(text, { compilerOptions, fileName: path }).outputText);
    renameSync(own, output);
    usedBy(path, source).forEach(compile);
  };
  const path = fileURLToPath(program);
  compile(path);
  return outputOf(path);
}

/** Runs a compiled file in a process of its own. */
export function runCompiled(
  path: string,
  argument: string,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [path, argument], { cwd: root });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
}
