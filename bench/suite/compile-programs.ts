// Makes JavaScript of bench/programs, joined with the package as it is shipped for Node: what runs there runs as a user's program does,
// without a compiler in the process that is measured.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);
const outputs = new URL("build/bench/", root);

/** Compiles all programs. The compiler is loaded by this alone. */
export async function compilePrograms(): Promise<void> {
  const [{ build }, { forNode }] = await Promise.all([import("esbuild"), import("../../ts/package/join.ts")]);
  const programs = readdirSync(new URL("bench/programs/", root)).filter((file) => file.endsWith(".ts"));
  await build({
    ...forNode,
    entryPoints: [...programs.map((file) => `bench/programs/${file}`), "workers/node/worker.ts", "ts/own-files.ts"],
    outdir: fileURLToPath(outputs),
    outbase: fileURLToPath(root),
  });
}

/** Where a compiled program lies. */
export function programFile(name: string): string {
  return fileURLToPath(new URL(`bench/programs/${name}.js`, outputs));
}
