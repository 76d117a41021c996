// perpend verify: runs a recorded run again, or a window of its steps, and says whether every step came to the same bits.
import type { Command } from "commander";
import { changesSince, CONTRACT } from "../contract.ts";
import { differenceText, firstDifference, foundAt, sameStep } from "../train/digest-difference.ts";
import type { StepDigest, TraceRequest } from "../train/index.ts";
import { DATA_DIR } from "./data-sets.ts";
import { openKernels } from "./kernels.ts";
import { workersFor } from "./pool.ts";
import { checkpointBefore, contractAt, openRecorded, type RecordedRun } from "./recorded-run.ts";
import { Replay } from "./replay.ts";
import { number, UsageError } from "./usage.ts";

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
  let compared = 0;
  let different = null as { readonly recorded: StepDigest; readonly found: StepDigest } | null;
  try {
    let told = performance.now();
    await replay.go({
      from: before?.checkpoint ?? replay.start,
      to: last,
      trace: (step) => (step < first ? undefined : traceOf(digests.steps.get(step))),
      onStep: (found) => {
        const recorded = digests.steps.get(found.step);
        if (performance.now() - told > TELL_EVERY) {
          say(`step ${found.step} of ${last}`);
          told = performance.now();
        }
        if (recorded === undefined) return true;
        // What lies before the window is run to get there; where it differs, so does the window.
        if (!sameStep(recorded, found) || firstDifference(recorded, found) !== null) different = { recorded, found };
        else if (found.step >= first) compared++;
        return different === null;
      },
    });
  } finally {
    await replay.close();
  }
  if (different !== null) {
    const { recorded, found } = different;
    const where = firstDifference(recorded, found) ?? ({ kind: "state" } as const);
    process.stdout.write(
      `different: step ${found.step}, ${differenceText(where)}\n  recorded  ${foundAt(recorded, where)}\n  now       ${foundAt(found, where)}\n`,
    );
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
