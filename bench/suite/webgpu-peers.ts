// Other libraries that train the same net through WebGPU, in turn with perpend and on the same adapter: bench/peers has them, and leaves out
// by name what is not installed, fails, or trains another net.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { driverVariables } from "../../test/webgpu/driver.ts";
import { gpuEntries, type Work } from "../peers/list.ts";
import { measure } from "../peers/measure.ts";
import { writeStart } from "../peers/reference.ts";
import { ratio } from "../peers/table.ts";
import type { Findings } from "./plan.ts";
import { measured } from "./rows.ts";
import { median, spread } from "./statistics.ts";

/** A training step of ResNet-20; on a software adapter of a smaller net and batch, which shows that all run. */
function workOf(software: boolean): Work {
  const [depth, batch] = software ? [8, 2] : [20, 128];
  return { name: `peers_train_resnet${depth}_b${batch}`, title: "", work: "train", net: "resnet", depth, batch };
}

export async function measurePeers(software: boolean, rounds: number): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), "perpend-gpu-peers-"));
  const work = workOf(software);
  try {
    const file = join(folder, "start.safetensors");
    writeStart(file, work, work.batch);
    const entries = gpuEntries(work.name, driverVariables(folder));
    const outcome = await measure(work, 1, file, entries, { rounds, seconds: 60, say: () => undefined });
    const own = outcome.rows.find((row) => row.own);
    const rows = outcome.rows.flatMap((row) => {
      const library = row.own ? "perpend" : row.peer.split(" ")[0].replace("-", "_");
      const name = `webgpu_${work.name}_${library}`;
      const rates = row.ms.map((ms) => (1000 * row.batch) / ms);
      const rate = measured({ name, unit: "images/s", value: median(rates), best: Math.max(...rates), spread: spread(rates) });
      const compared =
        own === undefined || row.own ? [] : [measured({ name: `${name}_perpend_over`, unit: "speed ratio", value: ratio(own, row) })];
      return [rate, ...compared];
    });
    const notes = [
      ...(outcome.skipped.length > 0 ? [`Skipped: ${outcome.skipped.join("; ")}.`] : []),
      ...(outcome.failed.length > 0 ? [`Failed: ${outcome.failed.join("; ")}.`] : []),
      "Peers take turns step by step, from the same weights and images; losses of their first steps agree with perpend's on the CPU.",
    ];
    return { rows, notes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
