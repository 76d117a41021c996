// Makes JavaScript of bench/programs, beside the built package: what runs there runs as a user's program does, without a compiler in
// the process that is measured.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sources = new URL("../programs/", import.meta.url);
const outputs = new URL("../../build/bench/programs/", import.meta.url);

/** Compiles all programs. The compiler is heavy, and loaded by this alone. */
export async function compilePrograms(): Promise<void> {
  const { default: ts } = await import("typescript");
  mkdirSync(outputs, { recursive: true });
  for (const file of readdirSync(sources)) {
    if (!file.endsWith(".ts")) continue;
    const { outputText } = ts.transpileModule(readFileSync(new URL(file, sources), "utf8"), {
      fileName: file,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    writeFileSync(new URL(file.replace(/\.ts$/, ".js"), outputs), outputText);
  }
}

/** Where a compiled program lies. */
export function programFile(name: string): string {
  return fileURLToPath(new URL(`${name}.js`, outputs));
}
