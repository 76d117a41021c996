// Reads source files: what each imports and exports, and the comment on top.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

export interface Import {
  /** As written: "../random.ts", "node:fs", "piscina". */
  readonly target: string;
  readonly line: number;
  /** `import type`, which leaves nothing at run time. `import { type X }` does leave an import. */
  readonly typeOnly: boolean;
  /** An `import()` expression. */
  readonly dynamic: boolean;
}

export interface Source {
  /** From the root of the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly hasDefaultExport: boolean;
  /** Lines of the comment on top, without a `#!` line. */
  readonly headerLines: number;
}

function importOf(node: ts.Node): { target: ts.Node; typeOnly: boolean; dynamic: boolean } | null {
  if (ts.isImportDeclaration(node)) {
    const clause = node.importClause;
    const typeOnly = clause !== undefined && clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
    return { target: node.moduleSpecifier, typeOnly, dynamic: false };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { target: node.moduleSpecifier, typeOnly: node.isTypeOnly, dynamic: false };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { target: node.argument.literal, typeOnly: true, dynamic: false };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments.length > 0) {
    return { target: node.arguments[0], typeOnly: false, dynamic: true };
  }
  return null;
}

function exportsDefault(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  if (ts.canHaveModifiers(statement)) {
    if (ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)) return true;
  }
  if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause))
    return false;
  return statement.exportClause.elements.some((element) => element.name.text === "default");
}

function headerLines(text: string): number {
  const lines = text.split("\n");
  if (lines[0].startsWith("#!")) lines.shift();
  if (lines[0].startsWith("/*")) return lines.findIndex((line) => line.includes("*/")) + 1;
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return end < 0 ? lines.length : end;
}

/** Reads one file's text. */
export function parse(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, path.endsWith(".tsx") ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found !== null && ts.isStringLiteralLike(found.target)) {
      const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      imports.push({ target: found.target.text, line, typeOnly: found.typeOnly, dynamic: found.dynamic });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return {
    path,
    text,
    lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
    imports,
    hasDefaultExport: file.statements.some(exportsDefault),
    headerLines: headerLines(text),
  };
}

/** The file that a relative import means, or null if it is no relative import. AssemblyScript leaves the extension out. */
export function resolveImport(from: string, target: string, known: ReadonlySet<string>): string | null {
  if (!target.startsWith(".")) return null;
  const path = posix.join(posix.dirname(from), target);
  return [path, `${path}.ts`, `${path}/index.ts`].find((candidate) => known.has(candidate)) ?? path;
}

/** Paths below a folder, sorted, without what is built or installed, data, and hidden folders but that of the checks. */
export function walk(root: string, folder: string): string[] {
  const skipped = ["node_modules", "build", "runs", "coverage"];
  const hidden = (name: string): boolean => name.startsWith(".") && name !== ".ci";
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !skipped.includes(entry.name) && !(folder === "" && entry.name === "data"))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return hidden(entry.name) ? [] : walk(root, path);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

/** All TypeScript and AssemblyScript sources of the project. */
export function readSources(root: string): Source[] {
  return ["assembly", "ts", "workers", "bench", "test"]
    .flatMap((folder) => walk(root, folder))
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => parse(path, readFileSync(join(root, path), "utf8")));
}
