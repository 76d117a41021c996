// What carries out a run: the calling thread, or a team of workers on the cores there are.
import { availableParallelism } from "node:os";
import { setBackend } from "../../autograd/index.ts";
import { createWasmBackend } from "../../backend/index.ts";
import { ownModule } from "../../own-files.ts";
import { LocalPool, type Pool, type Program } from "../../train/index.ts";
import { openTeam } from "../../../workers/node/team.ts";
import { openKernels, type Kernels } from "./kernels.ts";
import type { TrainSettings } from "../settings/settings.ts";
import type { ProgramOptions } from "../settings/training-program.ts";
import { UsageError } from "../settings/usage.ts";

/** The number of workers: what was asked for, else as many as there are cores, at most one a shard. */
export function workersFor({ shards, batchSize }: Pick<TrainSettings, "shards" | "batchSize">, asked: number | undefined): number {
  if (asked === undefined) return Math.min(availableParallelism(), shards);
  if (asked > shards) {
    const more = shards < batchSize ? ` (a run with --shards ${Math.min(asked, batchSize)} takes more)` : "";
    throw new UsageError(`--workers: ${asked} for the ${shards} shards of a batch of ${batchSize}, wanted at most ${shards}${more}`);
  }
  return asked;
}

/** Where the program is; another one in tests, which plant faults. */
function programAddress(): URL {
  const other = process.env["PERPEND_TEST_PROGRAM"];
  if (other !== undefined && other !== "") return new URL(other);
  return ownModule("ts/cli/settings/training-program");
}

/** The program, loaded here. */
export async function loadProgram(): Promise<Program> {
  return (await import(programAddress().href)) as Program;
}

export interface OpenPool {
  readonly pool: Pool;
  readonly kernels: Kernels;
}

/** Starts the threads of a run; `workers` 0 is the calling thread alone. */
export async function openPool(options: ProgramOptions, workers: number): Promise<OpenPool> {
  const { fast, shards, modelEmaDecay } = options;
  const kernels = openKernels(fast);
  const ema = modelEmaDecay === null ? {} : { emaDecay: modelEmaDecay };
  if (workers === 0) {
    setBackend(createWasmBackend(kernels.module));
    return { pool: new LocalPool(await loadProgram(), { options, ...ema }), kernels };
  }
  return { pool: await openTeam({ module: programAddress(), workers, shards, options, kernels: kernels.module, ...ema }), kernels };
}
