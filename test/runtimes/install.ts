// Installs the runtimes that tests compare digests on, from npm: node --import tsx test/runtimes/install.ts [node-22 bun ...]
// About 1.3 GB in node_modules/.cache/runtimes, or in the folder that PERPEND_RUNTIMES names. `npm test` never installs any.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { arm64, bun, cache, deno, executableOf, nodes, webgpu, workerd, type RuntimePackage } from "./packages.ts";

function install(wanted: RuntimePackage): boolean {
  const folder = join(cache, wanted.id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ private: true })}\n`);
  const args = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--force", wanted.package];
  const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" });
  if (status === 0 && existsSync(executableOf(wanted))) return true;
  console.log(`${wanted.id}: npm could not install ${wanted.package}\n${stderr.trimEnd().replace(/^/gm, "  | ")}`);
  return false;
}

const all = [...nodes, bun, deno, workerd, webgpu, ...(process.arch === "x64" && process.platform === "linux" ? [arm64] : [])];
const named = process.argv.slice(2);
for (const name of named)
  if (!all.some(({ id }) => id === name)) throw new Error(`install: ${name}, wanted one of ${all.map(({ id }) => id).join(", ")}`);

for (const wanted of all.filter(({ id }) => named.length === 0 || named.includes(id))) {
  const known = existsSync(executableOf(wanted));
  if (known || install(wanted)) console.log(`${wanted.id}: ${known ? "already there" : "installed"}`);
  else process.exitCode = 1;
}
