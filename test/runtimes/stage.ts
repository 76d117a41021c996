// Makes plain JavaScript of programs of tests and lays it into build/test, where their imports find the built package: for other engines,
// and where the loader that tests run under would be in the way.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const FILES = ["runtimes/cases", "runtimes/page", "runtimes/program", "runtimes/team-program", "long/soak-program"] as const;

export const home = fileURLToPath(new URL("../..", import.meta.url));

/** Where a staged program lies. */
export const staged = (name: (typeof FILES)[number]): string => `${home}build/test/${name}.js`;

/** Writes all of them; several tests may do so at the same time. */
export function stage(): void {
  for (const name of FILES) {
    const { outputText } = ts.transpileModule(readFileSync(`${home}test/${name}.ts`, "utf8"), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2022,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    const beside = `${staged(name)}.${process.pid}`;
    mkdirSync(dirname(beside), { recursive: true });
    writeFileSync(beside, outputText);
    renameSync(beside, staged(name));
  }
}
