// A recipe's run that takes seconds and has six epochs of two steps, in a folder of one's choice.
import { fileURLToPath } from "node:url";
import { openKind, type Plan } from "../../../ts/cli/grid/plan.ts";
import { cpuEngine } from "../../../ts/cli/grid/engine.ts";
import { carryOut } from "../../../ts/cli/grid/run.ts";
import { recipeFiles } from "../../../ts/cli/grid/recipe-files.ts";
import { runFolder } from "../../../ts/cli/run/run-folder.ts";
import type { RunLog } from "../../../ts/report/run-log.ts";
import type { RunEvent } from "../../../ts/train/index.ts";
import { planSmoke } from "../../recipes/smoke.ts";

export const EPOCHS = 6;

const file = recipeFiles().find(({ name }) => name === "orthonormality-modulation/residual");
if (file === undefined) throw new Error("no recipe");
const smoke = await planSmoke(file, "nowhere");

/** The plan; its first run is the one. */
export function planIn(dir: string): Plan {
  const runs = smoke.runs.map((run) => ({ ...run, folder: runFolder(dir) }));
  return { ...smoke, setting: { ...smoke.setting, epochs: EPOCHS }, runs };
}

export interface Carried {
  /** Undefined where it was stopped. */
  readonly log: RunLog | undefined;
  readonly messages: readonly string[];
}

/** Carries it out; `stopAt` says after which event it is stopped. */
export async function carry(plan: Plan, stopAt?: (event: RunEvent) => boolean): Promise<Carried> {
  const [run] = plan.runs;
  const stop = new AbortController();
  const messages: string[] = [];
  const log = await carryOut(plan, run, await openKind(run.data, plan.setting, "nowhere"), {
    engine: cpuEngine(0),
    command: "a test",
    signal: stop.signal,
    tell: (event) => void (stopAt?.(event) && stop.abort()),
    message: (text) => messages.push(text),
  });
  return { log, messages };
}

// As a process of its own: the folder is its argument, and every event is told.
const [, program, dir] = process.argv;
if (process.send && program === fileURLToPath(import.meta.url)) {
  const { messages } = await carry(planIn(dir), ({ type }) => process.send?.(type) === undefined);
  process.send(messages.join("\n"));
  process.disconnect();
}
