// Runs recipes at the scale of seconds, on the calling thread.
import { join } from "node:path";
import { openKind, planExperiment, type Plan } from "../../ts/cli/grid/plan.ts";
import { cpuEngine } from "../../ts/cli/grid/engine.ts";
import { carryOut, finishedRun } from "../../ts/cli/grid/run.ts";
import { loadRecipe, type RecipeFile } from "../../ts/cli/grid/recipe-files.ts";
import type { RunLog } from "../../ts/report/run-log.ts";
import type { RunEvent } from "../../ts/train/index.ts";

export interface SmokeOptions {
  readonly workers?: number;
  readonly signal?: AbortSignal;
  readonly tell?: (event: RunEvent) => void;
}

export async function planSmoke(file: RecipeFile, root: string): Promise<Plan> {
  return planExperiment(file, await loadRecipe(file), { scale: "smoke", output: join(root, "runs"), seeds: 1 });
}

/** Carries out one run of a plan. */
export async function smokeRun(
  plan: Plan,
  index: number,
  { workers = 0, signal = new AbortController().signal, tell = () => {} }: SmokeOptions = {},
): Promise<RunLog | undefined> {
  const run = plan.runs[index];
  const done = await finishedRun(plan, run);
  if (done) return done;
  const splits = await openKind(run.data, plan.setting, "nowhere");
  return carryOut(plan, run, splits, { engine: cpuEngine(workers), command: "a test", signal, tell, message: () => {} });
}
