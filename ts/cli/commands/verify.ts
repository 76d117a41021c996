// perpend verify: runs a recorded run again, or a window of its steps, and says whether every step came to the same bits.
import type { Command } from "commander";
import { changesSince, CONTRACT } from "../../contract.ts";
import { differenceText, firstDifference, foundAt, sameStep } from "../../train/digest-difference.ts";
import { skipsBefore, skipText } from "../../train/digest-log.ts";
import type { StepDigest, TraceRequest } from "../../train/index.ts";
import { DATA_DIR } from "../data-sets.ts";
import { openKernels } from "../machine/kernels.ts";
import { workersFor } from "../machine/pool.ts";
import { checkpointBefore, contractAt, openRecorded, type RecordedRun } from "../run/recorded-run.ts";
import { Replay } from "../run/replay.ts";
import { number, UsageError } from "../settings/usage.ts";

interface VerifyOptions {
  readonly from: number;
  readonly steps?: number;
  readonly workers?: number;
  readonly dataDir?: string;
}

/** Milliseconds between two lines that say how far it is. */
const TELL_EVERY = 5000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** `steps 3 to 17`. */
export function stepsText(from: number, to: number): string {
  return from === to ? `step ${from}` : `steps ${from} to ${to}`;
}

/** What was recorded of a step beside its digest is traced again. */
function traceOf(recorded: StepDigest | undefined): TraceRequest | undefined {
  if (recorded?.gradients === undefined) return undefined;
  return { level: recorded.forward === undefined ? "layer" : "shard" };
}

/** Says where kernels are not those of the record, and refuses steps of another contract. */
export function checkVersions(run: RecordedRun, first: number, last: number): void {
  const { dir } = run.folder;
  for (const step of [first, last]) {
    const contract = contractAt(run, step);
    if (contract === CONTRACT) continue;
    const by = run.versions["perpend"];
    throw new UsageError(
      `${dir}: step ${step} was computed under numerics contract ${contract}, this perpend computes contract ${CONTRACT} (${changesSince(contract)}); ` +
        `wanted ${by === undefined ? "the perpend that recorded it" : `perpend ${by}`}, or a new record`,
    );
  }
  const { name } = openKernels(run.settings.fast);
  const { kernels } = run.versions;
  if (kernels !== undefined && kernels !== name) say(`${dir} was recorded with kernels ${kernels}, these are ${name}`);
}

/** Where what was recorded and what came of it now part, in words. */
interface Departure {
  readonly step: number;
  readonly where: string;
  readonly recorded: string;
  readonly now: string;
}

function departureOf(recorded: StepDigest, found: StepDigest): Departure | null {
  const difference = firstDifference(recorded, found);
  if (difference === null && sameStep(recorded, found)) return null;
  const where = difference ?? ({ kind: "state" } as const);
  return { step: found.step, where: differenceText(where), recorded: foundAt(recorded, where), now: foundAt(found, where) };
}

/** Other batches passed over before a step than were recorded. */
function otherSkips(step: number, recorded: string, now: string): Departure | null {
  if (recorded === now) return null;
  return { step, where: "batches that were passed over before it", recorded: recorded || "none", now: now || "none" };
}

async function verify(dir: string, { from, steps, workers: asked, dataDir = DATA_DIR }: VerifyOptions): Promise<void> {
  const run = await openRecorded(dir);
  const { digests, settings } = run;
  const first = Math.max(from + 1, run.first);
  const last = steps === undefined ? run.last : Math.min(run.last, first + steps - 1);
  if (first > run.last) throw new UsageError(`--from: ${from} of a run recorded up to step ${run.last}, wanted less`);
  checkVersions(run, first, last);
  const workers = workersFor(settings, asked);
  const before = await checkpointBefore(run, first - 1);
  say(
    `running ${stepsText(first, last)} of ${dir} again with ${workers} ${workers === 1 ? "worker" : "workers"}, from ${before?.path ?? "the beginning"}`,
  );
  const replay = await Replay.open(run, { dataDir, workers });
  const start = before?.checkpoint.state["step"];
  const skipsOf = (step: number): string => skipsBefore(digests, step, typeof start === "number" ? start : 0);
  // Batches passed over after the last step belong to the record as well.
  const rest = last === run.last ? skipsOf(last + 1) : "";
  let compared = 0;
  let passed: string[] = [];
  let departure = null as Departure | null;
  try {
    let told = performance.now();
    await replay.go({
      from: before?.checkpoint ?? replay.start,
      to: rest === "" ? last : last + 1,
      trace: (step) => (step < first ? undefined : traceOf(digests.steps.get(step))),
      onStep: (found) => {
        if (found.step > last) return false;
        const recorded = digests.steps.get(found.step);
        if (performance.now() - told > TELL_EVERY) {
          say(`step ${found.step} of ${last}`);
          told = performance.now();
        }
        const now = passed.join(", ");
        passed = [];
        if (recorded === undefined) return true;
        // What lies before the window is run to get there; where it differs, so does the window.
        departure = otherSkips(found.step, skipsOf(found.step), now) ?? departureOf(recorded, found);
        if (departure === null && found.step >= first) compared++;
        return departure === null;
      },
      onSkip: (found) => {
        passed.push(skipText(found));
        return found.after < last || passed.join(", ") !== rest;
      },
    });
    departure ??= otherSkips(last + 1, rest, passed.join(", "));
  } finally {
    await replay.close();
  }
  if (departure !== null) {
    const { step, where, recorded, now } = departure;
    process.stdout.write(`different: step ${step}, ${where}\n  recorded  ${recorded}\n  now       ${now}\n`);
    process.exitCode = 1;
    return;
  }
  const missing = last - first + 1 - compared;
  const gaps = missing === 0 ? "" : `, ${missing} of them not recorded`;
  process.stdout.write(`identical: ${stepsText(first, last)} of ${dir}${gaps}, chain ${digests.steps.get(last)?.chain}\n`);
}

export function addVerify(program: Command): void {
  program
    .command("verify")
    .argument("<run>", "a run's folder; recipe.json and digests.jsonl in it suffice")
    .summary("run a recorded run again and compare every bit")
    .description(
      "Runs a recorded run again and compares the digest of every step. Exit code 0 says identical; 1 not, and names the first step that " +
        "differs (with layer and shard where those were recorded).",
    )
    .option("--from <step>", "only steps after this one, from the last checkpoint before", number("--from", { whole: true, least: 0 }), 0)
    .option("--steps <count>", "only so many (default: all)", number("--steps", { whole: true, least: 1 }))
    .option(
      "-j, --workers <count>",
      "threads; any number gives the same bits (default: one a core)",
      number("--workers", { whole: true, least: 0 }),
    )
    .option("--data-dir <folder>", `where the data set is (default: ${DATA_DIR})`)
    .addHelpText(
      "after",
      `
Examples:
  perpend verify runs/a                            all steps, from the beginning
  perpend verify runs/a --from 3000 --steps 100    from the last checkpoint at or before step 3000`,
    )
    .action((run: string, options: VerifyOptions) => verify(run, options));
}
