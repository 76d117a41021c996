// perpend in Bun: the kernels are read from the package when they are first needed; teams of worker threads.
import { plainKernels, prepareHost, type HostTeamOptions, type KernelBuild, type Team } from "./host.ts";

export * from "./host.ts";

/** The compiled kernels of a build. Errors: as readKernels; an engine that refuses the build. */
export const loadKernels: (build?: KernelBuild) => WebAssembly.Module = plainKernels();

/** Starts worker threads that train the program of a module together; see TeamOptions. */
export const createTeam: (options: HostTeamOptions) => Promise<Team> = prepareHost(loadKernels);
