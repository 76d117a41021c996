// Imports a program's module in a thread of Node.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Program } from "../../ts/train/index.ts";

declare const require: unknown;

/**
 * The exports of a module. It must share its modules with the worker: where a loader of TypeScript sources gave the worker to require()
 * (then `require` exists here), the program is required, too.
 */
export async function loadProgram(url: string): Promise<Program> {
  if (typeof require === "undefined") return (await import(url)) as Program;
  return createRequire(import.meta.url)(fileURLToPath(url)) as Program;
}
