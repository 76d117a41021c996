// From the start of a process to its first finished training step: the net of the quick start, batch 64, with the built package. A new
// process each time; the page cache is warm, as it is at every start but a machine's first.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { interleave, type Duration, type Variant } from "./suite/interleave.ts";
import { isChosen, type Findings, type Plan } from "./suite/plan.ts";
import { measured, type Measured } from "./suite/rows.ts";
import { median, spread } from "./suite/statistics.ts";
import { startTrainer, usualWorkers } from "./suite/trainer.ts";

const DEPTH = 8;
const BATCH = 64;

/** Node alone, for comparison. */
async function startNode(): Promise<Duration> {
  const before = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "close");
  const ms = performance.now() - before;
  return { overriddenDuration: ms, overriddenIterationCost: ms };
}

export async function measure(plan: Plan): Promise<Findings> {
  const workers = plan.workers ?? usualWorkers();
  const loaded: number[] = [];
  const starts = workers.map((count) => ({ name: count === 0 ? "start_first_step_local" : "start_first_step", count }));
  const chosen = starts.filter(({ name }) => isChosen(plan, name));
  if (chosen.length === 0) return { rows: [], notes: [] };
  const variants: Variant[] = [
    { name: "start_node_alone", run: startNode, isAsync: true },
    ...chosen.map(({ name, count }) => ({
      name: `${name} ${count}`,
      isAsync: true,
      run: async (): Promise<Duration> => {
        const trainer = await startTrainer({ options: { depth: DEPTH, skip: "additive" }, batch: BATCH, workers: count });
        loaded.push(trainer.last.loaded);
        await trainer.close();
        return { overriddenDuration: trainer.start, overriddenIterationCost: trainer.start };
      },
    })),
  ];
  const [node, ...series] = await interleave(variants, { rounds: plan.rounds ?? (plan.quick ? 3 : 15), time: 0, warmupCalls: 1 });
  const row = (name: string, threads: number, times: readonly number[]): Measured =>
    measured({ name, unit: "ms", threads, value: median(times), best: Math.min(...times), spread: spread(times) });
  return {
    rows: [
      row("start_node_alone", 1, node.medians),
      row("start_package_loaded", 1, loaded),
      ...chosen.map(({ name, count }, index) => row(name, Math.max(1, count), series[index].medians)),
    ],
    notes: ["The package is loaded when its modules are, from the start of the process on; kernels are compiled after that."],
  };
}
