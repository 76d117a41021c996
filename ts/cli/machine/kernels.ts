// The kernel builds as the command line uses and names them.
import { CONTRACT } from "../../contract.ts";
import { sha256 } from "../../sha256.ts";
import { kernelPath, readKernels, type KernelBuild, type KernelPath } from "../../node.ts";
import { packageVersion } from "./package-info.ts";

export interface Kernels extends KernelPath {
  readonly build: KernelBuild;
  /** Build and the first digits of the file's SHA-256: `strict 3f9c2ab1`. The path is not part of it: it changes no bit. */
  readonly name: string;
}

const opened = new Map<KernelBuild, Kernels>();

export function openKernels(fast: boolean): Kernels {
  const build = fast ? "relaxed" : "strict";
  const known = opened.get(build);
  if (known) return known;
  const kernels = { build, ...kernelPath(build), name: `${build} ${sha256(readKernels(build)).slice(0, 8)}` } as const;
  opened.set(build, kernels);
  return kernels;
}

/** What computed a run, for its log and its checkpoints. */
export function versionsOf({ name, path }: Kernels): { readonly [what: string]: string } {
  return { perpend: packageVersion(), kernels: name, path, contract: CONTRACT };
}
