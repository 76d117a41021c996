// What this computer is, for the log and the report.
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import type { Machine } from "../../train/events.ts";

/** CPU, cores, memory, operating system and engine of this process. */
export function describeMachine(): Machine {
  const { versions } = process;
  const other = versions["bun"] !== undefined ? "bun" : versions["deno"] !== undefined ? "deno" : "node";
  // Some machines name no CPU (containers on ARM): its architecture then has to do.
  const cpu = cpus()[0]?.model.replace(/\s+/g, " ").trim() ?? "";
  return {
    cpu: cpu === "" || cpu === "unknown" ? `unnamed ${arch()}` : cpu,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${type()} ${release()}`,
    architecture: arch(),
    runtime: `${other} ${versions[other]}`,
    engine: versions.v8 === undefined ? "unknown" : `v8 ${versions.v8}`,
  };
}

/** One line for a person, e.g. `AMD EPYC 7B13, 2 cores, 7.8 GiB, Linux 6.1, node 20.20.2 (v8 11.3)`. */
export function machineLine({ cpu, cores, memoryBytes, platform, runtime, engine }: Machine): string {
  const memory = `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  return `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}, ${memory}, ${platform}, ${runtime} (${engine})`;
}
