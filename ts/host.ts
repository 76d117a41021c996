// What perpend has wherever there are files and worker threads, in Node, Deno and Bun: everything of index.ts, readers of data sets,
// checkpoints on disk, the kernels from beside the package, teams.
import { readFileSync } from "node:fs";
import { createWasmBackend, setBackend } from "./index.ts";
import { showTensorsAndModules } from "./inspect.ts";
import { builtFile } from "./own-files.ts";
import { useHostSha256 } from "./train/node/host-sha256.ts";
import type { NodeTeamOptions } from "../workers/node/team.ts";
import type { Team } from "../workers/team.ts";

export * from "./index.ts";
export { readCifar10, readCifar100, readMnist, type Splits } from "./data/node/files.ts";
export { readImageClasses, readImageFolder, type ImageFolderOptions } from "./data/node/image-folder.ts";
export type { PictureOptions } from "./data/node/picture-set.ts";
export { readTinyImagenet, type TinyImagenetOptions } from "./data/node/tiny-imagenet.ts";
export { WriteError } from "./train/node/atomic-file.ts";
export { checkpointBytes, readCheckpoint } from "./train/node/checkpoint-file.ts";
export { readStateDict, writeStateDict } from "./train/node/state-dict-file.ts";
export { CheckpointStore, type FoundCheckpoint, type StoredCheckpoint } from "./train/node/checkpoint-store.ts";
export type { Team } from "../workers/team.ts";

/** The kernel builds: strict gives the same bits everywhere; relaxed may fuse multiply and add, and gives that up. */
export type KernelBuild = "strict" | "relaxed";

/** The bytes of a kernel build. Error: a file that is not there (npm run build makes it), or may not be read. */
export function readKernels(build: KernelBuild = "strict"): Uint8Array<ArrayBuffer> {
  const file = builtFile(`${build}.wasm`);
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && /NotCapable|PermissionDenied/.test(error.name))
      throw new Error(`loadKernels: ${file.pathname} may not be read, wanted --allow-read`);
    throw new Error(`loadKernels: no ${build}.wasm beside the package, wanted a built one; run npm run build`);
  }
}

/** What createTeam takes: TeamOptions, where the kernels default to those of the package. */
export type HostTeamOptions = Omit<NodeTeamOptions, "kernels"> & { readonly kernels?: WebAssembly.Module };

/** Makes the package ready: `load` compiles a kernel build, and is called when one is first needed. Returns the createTeam of a runtime. */
export function prepareHost(load: () => WebAssembly.Module): (options: HostTeamOptions) => Promise<Team> {
  setBackend(() => createWasmBackend(load()));
  useHostSha256();
  showTensorsAndModules();
  return async ({ kernels = load(), ...options }) => {
    // A thread of a team loads the package for its program, and starts none itself.
    const { createTeam } = await import("../workers/node/team.ts");
    return createTeam({ ...options, kernels });
  };
}

/** Compiles kernel builds as they are, each once. Errors: as readKernels; an engine that refuses the build. */
export function plainKernels(): (build?: KernelBuild) => WebAssembly.Module {
  const compiled = new Map<KernelBuild, WebAssembly.Module>();
  return (build = "strict") => {
    const known = compiled.get(build);
    if (known) return known;
    const bytes = readKernels(build);
    if (!WebAssembly.validate(bytes)) throw new Error(`loadKernels: this engine refuses ${build}.wasm, wanted one with WebAssembly SIMD`);
    const made = new WebAssembly.Module(bytes);
    compiled.set(build, made);
    return made;
  };
}
