// perpend in Node: everything of index.ts, the kernels loaded from the package when they are first needed, teams of worker threads.
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { markWide } from "./backend/index.ts";
import { createWasmBackend, setBackend } from "./index.ts";
import { choosePath, type KernelPath } from "./kernel-path/kernel-path.ts";
import { builtFile } from "./own-files.ts";
import { useHostSha256 } from "./train/node/host-sha256.ts";
import { createTeam as createTeamOf, type Team, type TeamOptions } from "../workers/team.ts";

export * from "./index.ts";
export { readCifar10, readCifar100, readMnist, type Splits } from "./data/node/files.ts";
export { readImageClasses, readImageFolder, type ImageFolderOptions } from "./data/node/image-folder.ts";
export type { PictureOptions } from "./data/node/picture-set.ts";
export { readTinyImagenet, type TinyImagenetOptions } from "./data/node/tiny-imagenet.ts";
export type { KernelPath } from "./kernel-path/kernel-path.ts";
export { WriteError } from "./train/node/atomic-file.ts";
export { checkpointBytes, readCheckpoint } from "./train/node/checkpoint-file.ts";
export { CheckpointStore, type FoundCheckpoint, type StoredCheckpoint } from "./train/node/checkpoint-store.ts";
export type { Team } from "../workers/team.ts";

/** The kernel builds: strict gives the same bits everywhere; relaxed may fuse multiply and add, and gives that up. */
export type KernelBuild = "strict" | "relaxed";

const compiled = new Map<KernelBuild, KernelPath>();

/** The bytes of a kernel build. Error: a file that is not there (npm run build makes it). */
export function readKernels(build: KernelBuild = "strict"): Uint8Array<ArrayBuffer> {
  try {
    return readFileSync(builtFile(`${build}.wasm`));
  } catch {
    throw new Error(`loadKernels: no ${build}.wasm beside the package, wanted a built one; run npm run build`);
  }
}

/**
 * The compiled kernels of a build, and whether V8 made wide code of them: 256-bit vectors where the kernels say 128, the same bits at about
 * twice the speed. From Node 24 on it does on x64, unless PERPEND_WIDE=0. Errors: as loadKernels.
 */
export function kernelPath(build: KernelBuild = "strict"): KernelPath {
  const known = compiled.get(build);
  if (known) return known;
  const bytes = readKernels(build);
  // Node 20 has relaxed SIMD behind a flag, which counts for workers started later too.
  if (build === "relaxed" && !WebAssembly.validate(bytes)) setFlagsFromString("--experimental-wasm-relaxed-simd");
  if (!WebAssembly.validate(bytes)) throw new Error(`loadKernels: this engine refuses ${build}.wasm, wanted one with WebAssembly SIMD`);
  const path: KernelPath =
    build === "strict"
      ? choosePath(bytes)
      : { module: new WebAssembly.Module(bytes), path: "plain", reason: "relaxed kernels are not widened" };
  if (path.path === "wide") markWide(path.module);
  compiled.set(build, path);
  return path;
}

/** The compiled kernels of a build. Errors: as readKernels; relaxed on an engine without relaxed SIMD. */
export function loadKernels(build: KernelBuild = "strict"): WebAssembly.Module {
  return kernelPath(build).module;
}

setBackend(() => createWasmBackend(loadKernels()));
useHostSha256();

/** Starts worker threads that train the program of a module together; see TeamOptions. */
export function createTeam({
  kernels = loadKernels(),
  ...options
}: Omit<TeamOptions, "kernels"> & { kernels?: WebAssembly.Module }): Promise<Team> {
  return createTeamOf({ ...options, kernels });
}
