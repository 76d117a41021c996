// What it costs that workers may be lost: a step of ResNet-20 with and without what faults need (measured in turn), the digest of a step,
// the time from the end of a thread until the step is done again, and that until a worker that hangs is found.
import { fork } from "node:child_process";
import type { FaultsAnswer, FaultsJob } from "./programs/faults.ts";
import { programFile } from "./suite/compile-programs.ts";
import { isChosen, type Findings, type Plan } from "./suite/plan.ts";
import { measured, type Measured, type Unit } from "./suite/rows.ts";
import { median, ratioOfTimes, spread } from "./suite/statistics.ts";

const NAME = "resnet20_b128";

function answerOf(job: FaultsJob): Promise<FaultsAnswer> {
  return new Promise((resolve, reject) => {
    let answer: FaultsAnswer | null = null;
    const child = fork(programFile("faults"), [JSON.stringify(job)], { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.on("message", (message) => (answer = message as FaultsAnswer));
    child.on("close", (code) => {
      if (answer !== null && code === 0) resolve(answer);
      else reject(new Error(`bench faults: the process ended with ${code}, wanted an answer`));
    });
  });
}

function rowsOf(answer: FaultsAnswer, threads: number): Measured[] {
  const { steps, bare, stepsCpu, bareCpu, digests, recoveries, extras, hangs, limits } = answer;
  const row = (name: string, unit: Unit, values: readonly number[], best = Math.min(...values)): Measured[] =>
    values.length === 0 ? [] : [measured({ name: `${name}_${NAME}`, unit, threads, value: median(values), best, spread: spread(values) })];
  const ratio = (name: string, over: readonly number[], under: readonly number[]): Measured => {
    const found = ratioOfTimes(over, under);
    return measured({ name: `${name}_${NAME}`, unit: "time ratio", threads, value: found.median, best: found.best, spread: found.spread });
  };
  return [
    ...row("fault_step", "ms", steps),
    ratio("fault_tolerance_over_none", steps, bare),
    ratio("fault_tolerance_over_none_cpu", stepsCpu, bareCpu),
    ...row("digest_of_a_step", "ms", digests),
    ratio(
      "step_with_digest_over_none",
      steps.map((step, index) => step + digests[index]),
      steps,
    ),
    ...row("killed_until_done_again_begins", "ms", recoveries),
    ...row("killed_until_done_over_a_step", "ms", extras),
    ...row("hang_until_found", "ms", hangs),
    ...row(
      "hang_until_found_over_limit",
      "time ratio",
      hangs.map((ms, index) => ms / limits[index]),
    ),
  ];
}

export async function measure(plan: Plan): Promise<Findings> {
  if (!["fault", "digest", "killed", "hang"].some((name) => isChosen(plan, `${name}_${NAME}`))) return { rows: [], notes: [] };
  const rounds = plan.rounds ?? (plan.quick ? 5 : 40);
  const rows: Measured[] = [];
  const notes: string[] = [];
  for (const workers of plan.workers?.filter((count) => count > 0) ?? [2]) {
    const answer = await answerOf({ depth: 20, batch: 128, workers, rounds, kills: plan.quick ? 3 : 25, hangs: plan.quick ? 1 : 5 });
    rows.push(...rowsOf(answer, workers));
    const worst = (values: readonly number[]): string => (values.length === 0 ? "none" : `${Math.max(...values).toFixed(0)} ms`);
    notes.push(
      `${workers} workers: ${answer.recoveries.length} threads ended in mid-step, the step begun again after ${worst(answer.recoveries)} at worst; ` +
        `${answer.hangs.length} hangs, found after ${worst(answer.hangs)} at worst.`,
    );
  }
  return { rows, notes };
}
