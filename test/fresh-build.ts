// Rebuilds what build/ holds when it does not belong to the sources, so that no stale wasm or JavaScript is tested.
// Contents decide, not dates: a hash over inputs and outputs is kept in build/fresh.json.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Part {
  readonly name: "wasm" | "js";
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const parts: readonly Part[] = [
  {
    name: "wasm",
    inputs: ["assembly", "asconfig.json", "asconfig.inference.json", "package-lock.json"],
    outputs: ["build/strict.wasm", "build/relaxed.wasm", "build/inference.wasm", "build/browser/strict.wasm"],
  },
  {
    name: "js",
    inputs: ["ts", "workers", "tsconfig.json", "tsconfig.build.json", "package.json", "package-lock.json"],
    outputs: ["build/ts", "build/workers", "build/node", "build/serve.js", "build/browser/ts", "build/browser/workers"],
  },
];

/** Every file below a path (or the path itself), sorted. A path that does not exist has none. */
export function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => filesBelow(join(path, entry.name)))
    .sort();
}

function fingerprint(root: string, paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) {
    const files = filesBelow(join(root, path));
    hash.update(`${path} ${files.length}\n`);
    for (const file of files)
      hash
        .update(`${file.slice(root.length)}\n`)
        .update(readFileSync(file))
        .update("\n");
  }
  return hash.digest("hex");
}

function runScript(root: string, script: string): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", script], { cwd: root, shell: process.platform === "win32" });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", (error) => resolve({ ok: false, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}

/** Builds the parts that are stale, each by its script in package.json. Returns what was built, and the compilers' output if they failed. */
export async function freshBuild(root: string, build = runScript): Promise<{ built: string[]; failure: string | null }> {
  const path = join(root, "build/fresh.json");
  const known: Record<string, string> = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  // Inputs are taken before the compilers run: who edits meanwhile builds again next time.
  const inputs = new Map(parts.map((part) => [part, fingerprint(root, part.inputs)]));
  const now = (part: Part): string => `${inputs.get(part)} ${fingerprint(root, part.outputs)}`;
  const stale = parts.filter((part) => known[part.name] !== now(part));
  const results = await Promise.all(stale.map((part) => build(root, `build:${part.name}`)));
  const failed = results.filter((result) => !result.ok);
  if (failed.length > 0) return { built: [], failure: failed.map((result) => result.output).join("\n") };
  if (stale.length > 0) {
    mkdirSync(join(root, "build"), { recursive: true });
    const record = { ...known, ...Object.fromEntries(stale.map((part) => [part.name, now(part)])) };
    writeFileSync(path, `${JSON.stringify(record, null, 2)}\n`);
  }
  return { built: stale.map((part) => part.name), failure: null };
}
