// The kernel builds as the command line uses and names them.
import { sha256 } from "../sha256.ts";
import { loadKernels, readKernels, type KernelBuild } from "../node.ts";
import { packageVersion } from "./package-info.ts";

/** Which numbers the same settings give; raised when a change of perpend changes them. */
export const CONTRACT = "1";

export interface Kernels {
  readonly build: KernelBuild;
  readonly module: WebAssembly.Module;
  /** Build and the first digits of the file's SHA-256: `strict 3f9c2ab1`. */
  readonly name: string;
}

export function openKernels(fast: boolean): Kernels {
  const build = fast ? "relaxed" : "strict";
  const bytes = readKernels(build);
  return { build, module: loadKernels(build), name: `${build} ${sha256(bytes).slice(0, 8)}` };
}

/** What computed a run, for its log and its checkpoints. */
export function versionsOf(kernels: Kernels): { readonly [what: string]: string } {
  return { perpend: packageVersion(), kernels: kernels.name, contract: CONTRACT };
}
