// Shaders on a GPU: GFLOP/s of matrix products and convolutions beside the multiply-adds that the same GPU does in registers, and training
// steps beside those of the CPU and of other libraries on the same GPU. The GPU is the machine's own (PERPEND_GPU=1), else Chromium's software driver, which shows that shaders
// are right and nothing about their speed.
import { missing, runProgram } from "../test/webgpu/driver.ts";
import type { Found, GpuJob } from "./suite/webgpu-program.ts";
import type { Findings, Plan } from "./suite/plan.ts";
import { measured } from "./suite/rows.ts";
import { median, spread } from "./suite/statistics.ts";
import { measurePeers } from "./suite/webgpu-peers.ts";

export async function measure({ quick, rounds, filter }: Plan): Promise<Findings> {
  const why = missing();
  if (why !== null) return { rows: [], notes: [`Nothing was measured: ${why}.`] };
  const job: GpuJob = { rounds: rounds ?? (quick ? 2 : 7), filter, quick };
  const { status, stdout, stderr } = await Promise.resolve(runProgram("bench/suite/webgpu-program.ts", [JSON.stringify(job)]));
  if (status !== 0) throw new Error(`bench webgpu: the process ended with ${status}, wanted an answer\n${stderr}`);
  const { adapter, software, peak, rows, left } = JSON.parse(stdout.trim().split("\n").at(-1)!) as Found;
  const kind = software ? " a software adapter: these numbers show that shaders run, and nothing about GPUs" : "";
  const isPeers = filter.length === 0 || filter.some((part) => part.includes("peers"));
  const peers = isPeers ? await measurePeers(software, job.rounds) : { rows: [], notes: [] };
  const own = rows.map(({ name, unit, values, share }) =>
    measured({
      name: `webgpu_${name}`,
      unit,
      value: median(values),
      best: unit === "ms" ? Math.min(...values) : Math.max(...values),
      spread: spread(values),
      ceilingShare: share,
    }),
  );
  return {
    rows: [...own, ...peers.rows],
    notes: [
      `Adapter: ${adapter}${kind === "" ? "" : ","}${kind}.`,
      `Ceiling: ${peak.toFixed(1)} GFLOP/s of plain float32 multiply-adds in registers, measured on the same adapter.`,
      "Results of a GPU are near those of the CPU and never the same bits.",
      ...left.map((why) => `Not measured: ${why}.`),
      ...peers.notes,
    ],
  };
}
