// perpend in Node: the kernels are read from the package when they are first needed, as wide code where V8 can; teams of worker threads.
import { setFlagsFromString } from "node:v8";
import { markWide } from "./backend/index.ts";
import { prepareHost, readKernels, type HostTeamOptions, type KernelBuild, type Team } from "./host.ts";
import { choosePath, type KernelPath } from "./kernel-path/kernel-path.ts";

export * from "./host.ts";
export type { KernelPath } from "./kernel-path/kernel-path.ts";

const compiled = new Map<KernelBuild, KernelPath>();

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

/** Starts worker threads that train the program of a module together; see TeamOptions. */
export const createTeam: (options: HostTeamOptions) => Promise<Team> = prepareHost(loadKernels);
