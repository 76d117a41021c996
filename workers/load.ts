// Imports a program's module in a worker.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Program } from "../ts/train/index.ts";

/** The exports of a module. TypeScript sources run from a checkout: some loaders serve them to require() only in a worker. */
export async function loadProgram(url: string): Promise<Program> {
  try {
    return (await import(url)) as Program;
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_UNKNOWN_FILE_EXTENSION") throw error;
    return createRequire(import.meta.url)(fileURLToPath(url)) as Program;
  }
}
