// perpend in Node: everything of index.ts, the kernels loaded from the package when they are first needed, teams of worker threads.
import { readFileSync } from "node:fs";
import { createWasmBackend, setBackend } from "./index.ts";
import { createTeam as createTeamOf, type Team, type TeamOptions } from "../workers/team.ts";

export * from "./index.ts";
export { readCifar10, readCifar100, readMnist, type Splits } from "./data/node/files.ts";
export { CheckpointStore } from "./train/node/checkpoint-store.ts";
export type { Team } from "../workers/team.ts";

/** The kernel builds: strict gives the same bits everywhere; relaxed may fuse multiply and add, and gives that up. */
export type KernelBuild = "strict" | "relaxed";

const compiled = new Map<KernelBuild, WebAssembly.Module>();

/** The compiled kernels of a build. Error: a file that is not there (npm run build makes it). */
export function loadKernels(build: KernelBuild = "strict"): WebAssembly.Module {
  const known = compiled.get(build);
  if (known) return known;
  const own = import.meta.url;
  const file = new URL(own.endsWith(".ts") ? `../build/${build}.wasm` : `../${build}.wasm`, own);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new Error(`loadKernels: no ${build}.wasm beside the package, wanted a built one; run npm run build`);
  }
  const module = new WebAssembly.Module(bytes);
  compiled.set(build, module);
  return module;
}

setBackend(() => createWasmBackend(loadKernels()));

/** Starts worker threads that train the program of a module together; see TeamOptions. */
export function createTeam({
  kernels = loadKernels(),
  ...options
}: Omit<TeamOptions, "kernels"> & { kernels?: WebAssembly.Module }): Promise<Team> {
  return createTeamOf({ ...options, kernels });
}
