// A user's folder outside the checkout: perpend unpacked from the tarball that npm would publish, what it depends on, programs, bundles.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import ts from "typescript";
import { home } from "../stage.ts";
import { programs } from "./user-programs.ts";

export interface Consumer {
  readonly folder: string;
  /** Where perpend is unpacked. */
  readonly package: string;
  remove(): void;
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`consumer: ${command} ${args.join(" ")} ended with ${String(status)}\n${stdout}${stderr}`);
}

/** Packs build/ as it is, without building anew. */
function unpack(folder: string): string {
  run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], home);
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (archive === undefined) throw new Error("consumer: npm pack left no archive");
  run("tar", ["-xzf", archive], folder);
  const target = join(folder, "node_modules", "perpend");
  mkdirSync(dirname(target), { recursive: true });
  renameSync(join(folder, "package"), target);
  return target;
}

function link(folder: string, name: string): void {
  const place = join(folder, "node_modules", name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(join(home, "node_modules", name), place, "junction");
}

/** Unpacks perpend into a folder's node_modules, with what it depends on, and says where; optional peers are left out. */
export function installPackage(folder: string): string {
  const unpacked = unpack(folder);
  const { dependencies } = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) link(folder, name);
  return unpacked;
}

const bundle = (folder: string, entries: readonly string[], out: string, options: BuildOptions): Promise<unknown> =>
  build({
    absWorkingDir: folder,
    entryPoints: [...entries],
    outdir: join(folder, out),
    ...{ bundle: true, format: "esm", target: "es2022", logLevel: "warning" },
    ...options,
  });

/** Makes the folder, with a bundle for pages in web/ and one for workerd in edge/. */
export async function makeConsumer(): Promise<Consumer> {
  const folder = mkdtempSync(join(tmpdir(), "perpend-consumer-"));
  const unpacked = installPackage(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true, dependencies: { perpend: "*" } }));
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text);
  const { outputText } = ts.transpileModule(readFileSync(join(home, "test/runtimes/packaged/twenty-steps.ts"), "utf8"), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  });
  writeFileSync(join(folder, "twenty-steps.js"), outputText);
  await bundle(folder, ["page.js", "team-worker.js"], "web", { platform: "browser", splitting: true });
  await bundle(folder, ["workerd.js"], "edge", {
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
  });
  return { folder, package: unpacked, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
