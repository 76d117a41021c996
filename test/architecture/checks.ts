// The checks: each takes the sources and returns what breaks a rule, a line a finding.

import { posix } from "node:path";
import * as rules from "./rules.ts";
import type { Source } from "./sources.ts";
import { resolveImport } from "./sources.ts";

/** The area a file belongs to, null if it belongs to none. */
export function areaOf(path: string): string | null {
  const prefixes = Object.keys(rules.areas).filter((prefix) => path === prefix || (prefix.endsWith("/") && path.startsWith(prefix)));
  const longest = prefixes.reduce((a, b) => (b.length > a.length ? b : a), "");
  return longest === "" ? null : rules.areas[longest];
}

const packageOf = (target: string): string => target.split("/", target.startsWith("@") ? 2 : 1).join("/");

function mayImport(from: string, to: string, typeOnly: boolean): boolean {
  if (from === to || rules.roots.includes(from)) return true;
  if (rules.forAll.includes(to) && from !== "assembly" && from !== "kernels") return true;
  const allowed = rules.mayImport[from] ?? [];
  return allowed.includes(to) || (typeOnly && allowed.includes(`type ${to}`));
}

/** Every relative import against the table. */
export function importsOutsideTheTable(sources: readonly Source[]): string[] {
  const known = new Set(sources.map((source) => source.path));
  return sources.flatMap((source) => {
    const from = areaOf(source.path);
    if (from === null) return [`${source.path}: belongs to no area of test/architecture/rules.ts`];
    return source.imports.flatMap((entry) => {
      const target = resolveImport(source.path, entry.target, known);
      if (target === null) return [];
      const at = `${source.path}:${entry.line}: `;
      if (!known.has(target)) return areaOf(target) === null ? [] : [`${at}imports ${target}, which does not exist`];
      const to = areaOf(target);
      if (to === null) return [`${at}imports ${target}, which belongs to no area`];
      if (from === "kernels" && target !== "ts/kernels/kernel.ts") return [`${at}a kernel imports nothing but ts/kernels/kernel.ts`];
      if (mayImport(from, to, entry.typeOnly)) return [];
      const kind = mayImport(from, to, true) ? " but in a type import" : "";
      const allowed = (rules.mayImport[from] ?? []).join(", ") || "nothing";
      return [`${at}${from} may not import ${to}${kind} (${target}); it may import: ${allowed}`];
    });
  });
}

/** Packages: declared, at home where they are imported, and each of use. */
export function packagesOutOfPlace(sources: readonly Source[], dependencies: readonly string[]): string[] {
  const used = new Set<string>();
  const problems = sources.flatMap((source) => {
    const area = areaOf(source.path) ?? "";
    return source.imports.flatMap((entry) => {
      if (entry.target.startsWith(".") || entry.target.startsWith("node:")) return [];
      const name = packageOf(entry.target);
      if (area === "test" || area === "bench") return [];
      used.add(name);
      const at = `${source.path}:${entry.line}: `;
      if (!dependencies.includes(name)) return [`${at}imports ${name}, which is no dependency in package.json`];
      const homes = rules.packages[name] ?? [];
      return homes.includes(area) ? [] : [`${at}${area} imports ${name}, which is at home in: ${homes.join(", ") || "no area"}`];
    });
  });
  const idle = dependencies.filter((name) => !used.has(name)).map((name) => `package.json: the dependency ${name} is imported nowhere`);
  return [...problems, ...idle];
}

/** `node:` imports outside the areas that are for Node. */
export function nodeImportsOutOfPlace(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const area = areaOf(source.path);
    if (area !== null && rules.nodeAreas.includes(area)) return [];
    return source.imports
      .filter((entry) => entry.target.startsWith("node:"))
      .map((entry) => `${source.path}:${entry.line}: ${area} imports ${entry.target}; that belongs into: ${rules.nodeAreas.join(", ")}`);
  });
}

/** Everything that loading ts/index.ts can reach must run in any engine. */
export function nodeReachedFromIndex(sources: readonly Source[], start = "ts/index.ts"): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const known = new Set(byPath.keys());
  const problems: string[] = [];
  const cameFrom = new Map<string, string | null>([[start, null]]);
  const way = (path: string): string => {
    const previous = cameFrom.get(path) ?? null;
    return previous === null ? path : `${way(previous)} -> ${path}`;
  };
  if (!known.has(start)) return [`${start} does not exist`];
  // A Map takes entries while it is walked, which makes it the queue.
  for (const path of cameFrom.keys()) {
    for (const entry of byPath.get(path)?.imports ?? []) {
      const target = resolveImport(path, entry.target, known);
      if (target === null) {
        const forNode = entry.target.startsWith("node:") || rules.nodePackages.includes(packageOf(entry.target));
        if (forNode) problems.push(`${entry.target} is reached from ${start}: ${way(path)}`);
      } else if (known.has(target) && !cameFrom.has(target)) {
        cameFrom.set(target, path);
        if (rules.nodeAreas.includes(areaOf(target) ?? ""))
          problems.push(`${target} is for Node and reached from ${start}: ${way(target)}`);
      }
    }
  }
  return problems;
}

/** Circles of static imports that are left at run time. */
export function circularImports(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const known = new Set(byPath.keys());
  const done = new Set<string>();
  const problems: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) problems.push(`circular import: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
    if (done.has(path) || trail.includes(path)) return;
    for (const entry of byPath.get(path)?.imports ?? []) {
      const target = entry.dynamic || entry.typeOnly ? null : resolveImport(path, entry.target, known);
      if (target !== null && known.has(target)) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of known) visit(path, []);
  return problems;
}

/** Length, header and exports of each file. A test needs no header: its name says what it tests. */
export function formOfFiles(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const { path, lines, headerLines } = source;
    const recipe = areaOf(path) === "recipes";
    const limit = recipe ? rules.longestRecipeHeader : rules.longestHeader;
    const problems: string[] = [];
    if (lines > rules.longestFile) problems.push(`${path}: ${lines} lines, at most ${rules.longestFile} are wanted`);
    if (headerLines === 0 && !path.endsWith(".test.ts")) problems.push(`${path}: no comment on top that says what the file is`);
    if (headerLines > limit) problems.push(`${path}: ${headerLines} lines of comment on top, at most ${limit} are wanted`);
    if (source.hasDefaultExport && !recipe) problems.push(`${path}: a default export; only recipes have one`);
    return problems;
  });
}

/** Names of files and folders: kebab-case, and none that says nothing. */
export function namesOfFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const words = path.split("/").map((part) => part.replace(/(\.(test|d))?\.tsx?$/, ""));
    return words.flatMap((word) => {
      if (rules.emptyNames.includes(word)) return [`${path}: "${word}" says nothing about what is inside`];
      return /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(word) ? [] : [`${path}: "${word}" is not kebab-case`];
    });
  });
}

/** One family, one file name in assembly/simd, ts/kernels and ts/definitions; the rest of assembly/simd are parts that a family imports. */
export function families(sources: readonly Source[]): string[] {
  const known = new Set(sources.map((source) => source.path));
  const index = sources.find((source) => source.path === "assembly/index.ts");
  if (index === undefined) return ["assembly/index.ts does not exist"];
  const name = (path: string): string => posix.basename(path, ".ts");
  const files = (folder: string): string[] => [...known].filter((path) => posix.dirname(path) === folder);
  const exported = index.imports.map((entry) => resolveImport(index.path, entry.target, known) ?? "");
  const imported = new Set(
    sources
      .filter((source) => source.path.startsWith("assembly/"))
      .flatMap((source) => source.imports.map((entry) => resolveImport(source.path, entry.target, known))),
  );
  const kernels = files("ts/kernels").map(name);
  const definitions = files("ts/definitions").map(name);
  const problems: string[] = [];
  for (const path of exported) {
    if (rules.noFamily.includes(name(path)) || kernels.includes(name(path))) continue;
    problems.push(`assembly/index.ts: exports ${path}, which has no ts/kernels/${name(path)}.ts`);
  }
  for (const family of kernels) {
    if (family === "kernel") continue;
    if (!exported.includes(`assembly/simd/${family}.ts`))
      problems.push(`ts/kernels/${family}.ts: assembly/index.ts exports no ./simd/${family}`);
    if (!definitions.includes(family)) problems.push(`ts/kernels/${family}.ts: no ts/definitions/${family}.ts`);
  }
  for (const path of [...known].filter((file) => file.startsWith("assembly/simd/"))) {
    if (!imported.has(path)) problems.push(`${path}: neither exported by assembly/index.ts nor imported by a kernel`);
  }
  return problems;
}

/** Test files: each suite runs, and none is narrowed to one test. */
export function testsLeftOut(sources: readonly Source[]): string[] {
  return sources
    .filter((source) => source.path.endsWith(".test.ts"))
    .flatMap(({ path, text }) => {
      const suites = [...text.matchAll(/^\s*(?:export )?const (\w+) = suite\b/gm)].map((match) => match[1]);
      const problems = suites.filter((name) => !text.includes(`${name}.run()`)).map((name) => `${path}: the suite ${name} never runs`);
      const narrowed = suites.filter((name) => text.includes(`${name}.only(`)).map((name) => `${path}: ${name}.only leaves tests out`);
      return [...problems, ...narrowed, ...(text.includes(".run()") ? [] : [`${path}: runs no suite`])];
    });
}

/** Words that no file may hold. */
export function bannedWords(files: readonly { readonly path: string; readonly text: string }[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) =>
      rules.banned.flatMap(([pattern, what]) => {
        const found = pattern.exec(line);
        return found === null ? [] : [`${path}:${index + 1}: ${what}: ${found[0]}`];
      }),
    ),
  );
}
