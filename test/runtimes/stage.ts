// Makes plain JavaScript of the programs here and lays it into build/test/runtimes, where their imports find the built package.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const FILES = ["cases", "page", "program", "team-program"] as const;

export const home = fileURLToPath(new URL("../..", import.meta.url));

/** Where a staged program lies. */
export const staged = (name: (typeof FILES)[number]): string => `${home}build/test/runtimes/${name}.js`;

/** Writes all of them; several tests may do so at the same time. */
export function stage(): void {
  mkdirSync(`${home}build/test/runtimes`, { recursive: true });
  for (const name of FILES) {
    const { outputText } = ts.transpileModule(readFileSync(new URL(`./${name}.ts`, import.meta.url), "utf8"), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2022,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
      reportDiagnostics: true,
    });
    const beside = `${staged(name)}.${process.pid}`;
    writeFileSync(beside, outputText);
    renameSync(beside, staged(name));
  }
}
