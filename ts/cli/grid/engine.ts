// What computes the runs of a grid: threads of the CPU, or a GPU.
import { setBackend } from "../../autograd/index.ts";
import { createWasmBackend } from "../../backend/index.ts";
import { LocalPool, type Pool, type Program } from "../../train/index.ts";
import { openTeam } from "../../../workers/node/team.ts";
import type { Device, OpenGpu } from "../machine/device.ts";
import { openKernels, versionsOf } from "../machine/kernels.ts";
import type { RecordLevel } from "../run/digest-recorder.ts";
import { roomFor } from "./cost.ts";
import type { Plan, Prepared } from "./plan.ts";

export interface PoolUse {
  readonly message: (text: string) => void;
  readonly signal: AbortSignal;
  /** Steps from one read of the loss to the next, on a GPU. */
  readonly readEvery?: number;
}

export interface Engine {
  readonly device: Device;
  /** Threads; 0 is the calling one alone. */
  readonly workers: number;
  /** As in "about 3 min here with 2 workers". */
  readonly name: string;
  readonly versions: { readonly [what: string]: string };
  /** What is recorded of a run's bits. */
  readonly records: RecordLevel;
  /** Bytes that a step may take. */
  readonly room: number;
  /** The pool of a run. */
  readonly openPool: (plan: Plan, prepared: Prepared, use: PoolUse) => Promise<Pool>;
}

const programOf = async ({ file }: Plan): Promise<Program> => (await import(file.url.href)) as Program;

/** A run on the calling thread. */
export async function openLocalPool(plan: Plan, { options }: Prepared): Promise<Pool> {
  setBackend(createWasmBackend(openKernels(false).module));
  return new LocalPool(await programOf(plan), { options });
}

/** The threads of a run; `workers` 0 is the calling thread alone. */
export function cpuEngine(workers: number): Engine {
  const { module: kernels } = openKernels(false);
  return {
    device: "cpu",
    workers,
    name: workers === 1 ? "1 worker" : `${workers} workers`,
    versions: versionsOf(openKernels(false)),
    records: "step",
    room: roomFor(),
    openPool: (plan, prepared) => {
      const { options, shards } = prepared;
      if (workers === 0) return openLocalPool(plan, prepared);
      return openTeam({ module: plan.file.url, workers: Math.min(workers, shards), shards, options, kernels });
    },
  };
}

/** Steps from one read of the loss to the next: a read waits for the GPU. */
const READ_EVERY = 10;

/** A GPU, with its twin of weights on the CPU; `tune` measures first how it does a run's products fastest. */
export function gpuEngine(gpu: OpenGpu, tune: boolean): Engine {
  return {
    device: "webgpu",
    workers: 0,
    name: gpu.name,
    versions: gpu.versions,
    records: "off",
    // The device says by itself what does not fit.
    room: Infinity,
    openPool: async (plan, { options, train }, { message, signal, readEvery = READ_EVERY }) => {
      setBackend(createWasmBackend(openKernels(false).module));
      // What skips do is measured by values in mid-step, which a GPU has not.
      const pool = gpu.openPool(await programOf(plan), { options: { ...options, observeEvery: 0 }, readEvery });
      if (tune) await gpu.tune(pool, train, message, signal);
      return pool;
    },
  };
}
