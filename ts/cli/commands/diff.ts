// perpend diff: where two recorded runs part, to the step, layer, shard and element.
import type { Command } from "commander";
import { CONTRACT } from "../../contract.ts";
import { differenceText, firstDifference, foundAt, isVague, sameStep, type Difference } from "../../train/digest-difference.ts";
import { skipsBefore } from "../../train/digest-log.ts";
import type { StepDigest } from "../../train/index.ts";
import { DATA_DIR } from "../data-sets.ts";
import { firstUnequal, firstUnequalTensor, startDifference, valuesAt, type UnequalElement } from "../run/diff-values.ts";
import { workersFor } from "../machine/pool.ts";
import { checkpointBefore, contractAt, openRecorded, type RecordedRun } from "../run/recorded-run.ts";
import { repeatStep, type Repeated } from "../run/repeat-step.ts";
import type { ReplayOptions } from "../run/replay.ts";
import { flagOf, settingText } from "../settings/settings.ts";
import { number, UsageError } from "../settings/usage.ts";
import { stepsText } from "./verify.ts";

interface DiffOptions {
  readonly workers?: number;
  readonly dataDir?: string;
  readonly rerun: boolean;
}

type Both<T> = readonly [a: T, b: T];

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const both = async <S, T>([a, b]: Both<S>, work: (each: S) => Promise<T>): Promise<Both<T>> => [await work(a), await work(b)];

/** Settings that differ, as flags with both values. */
function settingsText([a, b]: Both<RecordedRun>): string[] {
  const keys = Object.keys(a.settings) as (keyof RecordedRun["settings"])[];
  const differing = keys.filter((key) => JSON.stringify(a.settings[key]) !== JSON.stringify(b.settings[key]));
  return differing.map((key) => `${flagOf(key)} ${settingText(a.settings[key])} and ${settingText(b.settings[key])}`);
}

function versionsText([a, b]: Both<RecordedRun>): string[] {
  const names = [...new Set([...Object.keys(a.versions), ...Object.keys(b.versions)])].filter((name) => name !== "path");
  const differing = names.filter((name) => a.versions[name] !== b.versions[name]);
  return differing.map((name) => `${name} ${a.versions[name] ?? "unknown"} and ${b.versions[name] ?? "unknown"}`);
}

/** Whether runs that both begin at the same step began with other values. */
function startsDiffer([a, b]: Both<RecordedRun>): boolean {
  const [first] = a.digests.begins;
  const [other] = b.digests.begins;
  return first !== undefined && first.begin === other?.begin && first.state !== other.state;
}

/** The first step that both have and that came out differently; how many are the same before. */
function firstStep([a, b]: Both<RecordedRun>): { readonly step: number | null; readonly same: number; readonly last: number } {
  const steps = [...a.digests.steps.keys()].filter((step) => b.digests.steps.has(step)).sort((x, y) => x - y);
  if (steps.length === 0)
    throw new UsageError(
      `diff: ${stepsText(a.first, a.last)} and ${stepsText(b.first, b.last)} were recorded, wanted runs with a step in common`,
    );
  const same = (step: number): boolean =>
    sameStep(a.digests.steps.get(step)!, b.digests.steps.get(step)!) && skipsBefore(a.digests, step) === skipsBefore(b.digests, step);
  const at = steps.findIndex((step) => !same(step));
  return { step: at < 0 ? null : steps[at], same: at < 0 ? steps.length : at, last: steps[steps.length - 1] };
}

function printElement({ index, count, place, values, hex }: UnequalElement, names: Both<string>): void {
  const width = Math.max(...names.map((name) => name.length));
  print(`  first differing element: ${index} of ${count}${place}`);
  names.forEach((name, which) => print(`    ${name.padEnd(width)}  ${values[which]}  0x${hex[which]}`));
}

type OptionsOf = (run: RecordedRun) => ReplayOptions;

/** Says where, with both values where they are to be had. */
async function printPlace(difference: Difference, repeated: Both<Repeated>, optionsOf: OptionsOf): Promise<void> {
  if (difference.kind === "value") {
    // One variable may be two tensors of a checkpoint: running mean and variance.
    const found = firstUnequalTensor(repeated[0].after, repeated[1].after);
    print(`  ${differenceText({ ...difference, name: found?.name ?? difference.name })}`);
    if (found?.unequal) printElement(found.unequal, [repeated[0].run.folder.dir, repeated[1].run.folder.dir]);
    return;
  }
  print(`  ${differenceText(difference)}`);
  const [a, b] = await both(repeated, (each) => valuesAt(each, difference, optionsOf(each.run)));
  const unequal = a && b && firstUnequal(a, b);
  if (unequal) printElement(unequal, [repeated[0].run.folder.dir, repeated[1].run.folder.dir]);
}

const UNRECORDED = "where in the step is not recorded: --digest layer or shard records it";

/** The values after a step that a run saved at that very step, beside those that it comes to now. */
async function printSaved({ run, after }: Repeated, step: number): Promise<void> {
  const saved = await checkpointBefore(run, step);
  if (saved?.checkpoint.state["step"] !== after.state["step"]) return print("  the values that this run had are not recorded");
  const found = firstUnequalTensor(saved.checkpoint, after);
  if (found === null) return;
  print(`  ${saved.path} and now: ${found.name}`);
  if (found.unequal) printElement(found.unequal, ["saved", "now"]);
}

/** A run whose record cannot be had again: what was recorded is all there is to go by. */
async function printForeign(runs: Both<RecordedRun>, repeated: Both<Repeated>, step: number): Promise<void> {
  const recorded = runs.map(({ digests }) => digests.steps.get(step)!) as unknown as Both<StepDigest>;
  const known = firstDifference(...recorded);
  const isKnown = known !== null && !isVague(known);
  if (isKnown) print(`  as recorded: ${differenceText(known)}`);
  for (const [which, { run, digest, departure }] of repeated.entries()) {
    const { dir } = run.folder;
    if (departure === null) {
      print(`  ${dir}: run again here, it comes to what was recorded`);
      continue;
    }
    print(`  ${dir}: run again here, step ${departure} comes to other bits than were recorded: a fault in that run, or other kernels`);
    if (departure !== step) continue;
    const where = firstDifference(recorded[which], digest);
    if (where === null || isVague(where)) print(`  ${UNRECORDED}`);
    else if (!isKnown)
      print(`  recorded and now: ${differenceText(where)}, ${foundAt(recorded[which], where)} and ${foundAt(digest, where)}`);
    await printSaved(repeated[which], step);
  }
}

async function locate(runs: Both<RecordedRun>, step: number, { workers, dataDir = DATA_DIR }: DiffOptions): Promise<void> {
  const optionsOf: OptionsOf = (run) => ({ dataDir, workers: workersFor(run.settings, workers) });
  const repeated = await both(runs, (run) => repeatStep(run, step, optionsOf(run)));
  const [a, b] = repeated;
  const difference = firstDifference(a.digest, b.digest);
  const isForeign = a.departure !== null || b.departure !== null;
  if (isForeign) await printForeign(runs, repeated, step);
  if (difference === null) return print("  run again here, both come to the same bits");
  if (isForeign) print("  run again here, they part too:");
  await printPlace(difference, repeated, optionsOf);
}

async function diff(dirs: Both<string>, options: DiffOptions): Promise<void> {
  const runs = await both(dirs, openRecorded);
  const settings = settingsText(runs);
  const versions = versionsText(runs);
  const isForeign = runs.some((run) => [run.first, run.last].some((step) => contractAt(run, step) !== CONTRACT));
  const { step, same, last } = firstStep(runs);
  const begun = startsDiffer(runs);
  if (step === null && !begun) {
    const [a, b] = runs;
    const more = [a, b].filter((run) => run.last > last).map((run) => `; ${run.folder.dir} goes on to step ${run.last}`);
    print(`identical: ${same} steps, up to step ${last}, chain ${a.digests.steps.get(last)?.chain}${more.join("")}`);
    return;
  }
  process.exitCode = 1;
  if (begun) print(`different: before the first step, initial values`);
  else print(`different: step ${step}${same === 0 ? "" : `; ${same} before it are the same`}`);
  for (const line of settings) print(`  settings: ${line}`);
  for (const line of versions) print(`  versions: ${line}`);
  const passed = step === null ? [] : runs.map(({ digests }) => skipsBefore(digests, step) || "none");
  if (passed.length > 0 && passed[0] !== passed[1]) print(`  batches passed over before it: ${passed.join(" and ")}`);
  if (!options.rerun || isForeign) {
    if (isForeign) print(`  of another numerics contract than ${CONTRACT}: not run again`);
    const where = step === null ? null : firstDifference(runs[0].digests.steps.get(step)!, runs[1].digests.steps.get(step)!);
    if (where !== null && !begun) print(`  ${differenceText(where)}`);
    if (where !== null && isVague(where)) print(`  ${UNRECORDED}`);
    return;
  }
  if (!begun && step !== null) return locate(runs, step, options);
  const { dataDir = DATA_DIR } = options;
  const found = await startDifference(runs, dataDir);
  if (found === null) return print("  made again here, both begin with the same values");
  print(`  initial value of ${found.name}`);
  if (found.unequal) printElement(found.unequal, dirs);
}

export function addDiff(program: Command): void {
  program
    .command("diff")
    .argument("<run-a>", "a run's folder")
    .argument("<run-b>", "another one")
    .summary("find where two recorded runs part")
    .description(
      "Names the first step, layer and shard in which two recorded runs differ and shows both values. The step is run again from the last " +
        "checkpoint before. Exit code 0 says that they are the same, 1 that they differ.",
    )
    .option(
      "-j, --workers <count>",
      "threads; any number gives the same bits (default: one a core)",
      number("--workers", { whole: true, least: 0 }),
    )
    .option("--data-dir <folder>", `where the data set is (default: ${DATA_DIR})`)
    .option("--no-rerun", "go by what was recorded alone")
    .addHelpText(
      "after",
      `
Examples:
  perpend diff runs/a runs/b
  perpend diff runs/here runs/from-another-machine --no-rerun`,
    )
    .action((a: string, b: string, options: DiffOptions) => diff([a, b], options));
}
