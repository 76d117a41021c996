// Joins what the compiler wrote file by file into few files: build/node for Node, Deno and Bun, build/browser for pages without a bundler.
// The entries of a folder share their parts, so that a program and the package it imports have the same classes. Run by `npm run build:js`.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

const joined = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  chunkNames: "ts/[name]-[hash]",
  logLevel: "warning",
} as const satisfies BuildOptions;

/** For Node and what is like it: packages stay where they are. */
export const forNode = { ...joined, platform: "node", packages: "external" } as const satisfies BuildOptions;

const NODE = ["node", "deno", "bun", "own-files", "serve/node/index", "cli/perpend", "cli/settings/training-program", "recipes/**/*"];
const BROWSER = ["browser", "webgpu"];

/** Takes away what is there of ts and workers, and joins anew. Errors: what esbuild says. */
async function join(folder: string, entries: readonly string[], worker: string, options: BuildOptions): Promise<void> {
  for (const part of ["ts", "workers"]) rmSync(`${root}${folder}/${part}`, { recursive: true, force: true });
  const entryPoints = [...entries.map((entry) => `build/ts/${entry}.js`), `build/workers/${worker}.js`];
  await build({ ...options, entryPoints, outdir: folder, outbase: "build" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await join("build/node", NODE, "node/worker", forNode);
  await join("build/browser", BROWSER, "web/worker", { ...joined, platform: "browser", minifyWhitespace: true, minifySyntax: true });
}
