// What a run is computed on: the CPU, or a GPU through WebGPU, which is loaded only where it was asked for.
import { CONTRACT } from "../../contract.ts";
import { formatCount, formatDuration } from "../../report/numbers.ts";
import { DevicePool, type DataLoader, type DevicePoolOptions, type Program } from "../../train/index.ts";
import { UsageError } from "../settings/usage.ts";
import { packageVersion } from "./package-info.ts";

export const DEVICES = ["cpu", "webgpu"] as const;
export type Device = (typeof DEVICES)[number];

export interface OpenGpu {
  /** The adapter, as its driver names it. */
  readonly name: string;
  /** What computes the run, for its log and its checkpoints. */
  readonly versions: { readonly [what: string]: string };
  readonly openPool: (program: Program, options: DevicePoolOptions) => DevicePool;
  /** Measures how the products of a batch's step run fastest, those that were not measured before, and says how much that gains. */
  readonly tune: (pool: DevicePool, batches: DataLoader, talk: (text: string) => void, signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
}

const KERNELS = "webgpu";

/** Milliseconds between lines on a long measurement. */
const TALK = 5000;

/** Whether a run was computed on a GPU, from the versions in its log. */
export function isOfGpu({ kernels }: { readonly [what: string]: string | undefined }): boolean {
  return kernels !== undefined && kernels.startsWith(`${KERNELS} `);
}

interface Asked {
  readonly device: Device;
  readonly tune: boolean;
  readonly fast: boolean;
  readonly workers: number | undefined;
  /** The level of digests that was typed. */
  readonly digest: string | undefined;
}

/** Refuses flags of the CPU for a run on a GPU, and the other way round. */
export function checkFlags({ device, tune, fast, workers, digest }: Asked): void {
  if (device === "cpu") {
    if (tune) throw new UsageError("--tune: of a run on the CPU, wanted --device webgpu");
    return;
  }
  if (workers !== undefined) throw new UsageError(`--workers: ${workers} with --device webgpu, wanted one of the two`);
  if (fast) throw new UsageError("--fast: relaxed kernels of the CPU with --device webgpu, wanted one of the two");
  if (digest !== undefined && digest !== "off")
    throw new UsageError(`--digest: ${digest} of a run on webgpu, which has not the same bits everywhere, wanted off or --device cpu`);
}

/** What is said before a run on a GPU begins. */
export const outsideOfPromise = ({ name }: OpenGpu): string =>
  `--device webgpu: ${name}. Outside of the bit promise: other GPUs, other drivers and the CPU come to other bits.`;

/** The GPU there is. Error: DeviceError, which says what is missing. */
export async function openGpu(): Promise<OpenGpu> {
  const { createWebgpuBackend } = await import("../../webgpu.ts");
  const backend = await createWebgpuBackend();
  const { vendor, architecture, description, software } = backend.about;
  const words = [vendor, architecture, description].filter((text) => text !== "").join(", ") || "unnamed";
  const name = software ? `${words} (computes on the CPU)` : words;
  return {
    name,
    versions: { perpend: packageVersion(), kernels: `${KERNELS} ${words}`, contract: CONTRACT },
    openPool: (program, options) => new DevicePool(program, backend, options),
    tune: async (pool, batches, talk, signal) => {
      const begin = performance.now();
      let told = begin;
      const onCall = (index: number, count: number): void => {
        if (index > 0 && performance.now() - told < TALK) return;
        told = performance.now();
        talk(index === 0 ? `--tune: measuring ${formatCount(count)} products and convolutions` : `--tune: ${index} of ${count}`);
      };
      const rehearse = async (): Promise<void> => {
        for await (const batch of batches.epoch(0)) return pool.rehearse(batch);
      };
      const { calls, choices, gain } = await backend.tune(rehearse, { onCall, signal });
      if (calls.length === 0) return;
      const seconds = formatDuration((performance.now() - begin) / 1000);
      const others = Object.keys(choices).length;
      talk(
        `--tune: ${gain.toFixed(2)} times as fast, found in ${seconds}; ${others} of ${calls.length} are done otherwise than their size suggests`,
      );
    },
    close: () => backend.destroy(),
  };
}
