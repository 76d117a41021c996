// Compiles test programs into build/, beside the compiled product, for processes and threads that are to start fast.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** The compiled file of the first of some TypeScript files, which may import the others and all of the product. */
export function compiled(...files: readonly URL[]): string {
  const outputs = files.map((url) => {
    const fileName = fileURLToPath(url);
    const output = join(root, "build", relative(root, fileName)).replace(/\.ts$/, ".js");
    mkdirSync(dirname(output), { recursive: true });
    // Other tests may compile, or read, the same file at the same time.
    const own = `${output}.${process.pid}`;
    writeFileSync(own, ts.transpileModule(readFileSync(fileName, "utf8"), { compilerOptions, fileName }).outputText);
    renameSync(own, output);
    return output;
  });
  return outputs[0];
}

/** Runs a compiled file in a process of its own. */
export function runCompiled(
  path: string,
  argument: string,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path, argument], { cwd: root });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
