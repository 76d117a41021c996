// perpend train: a run from its flags, or from where a checkpoint left it.
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { changesSince, CONTRACT } from "../../contract.ts";
import { formatEvent } from "../../train/log.ts";
import type { JsonObject, RunEvent } from "../../train/index.ts";
import { aboutOf, type About } from "../settings/checkpoint-about.ts";
import { DATA_DIR, openData } from "../data-sets.ts";
import { runName } from "../settings/folder-name.ts";
import { checkFlags, openGpu, outsideOfPromise, type OpenGpu } from "../machine/device.ts";
import { openKernels } from "../machine/kernels.ts";
import type { LabServer } from "../lab-server.ts";
import { openLab } from "./lab.ts";
import { describeMachine } from "../machine/machine.ts";
import { modelLine } from "../terminal/model-line.ts";
import { packageCommit } from "../machine/package-info.ts";
import { workersFor } from "../machine/pool.ts";
import { createProgress, type Progress } from "../terminal/progress.ts";
import { writeReport } from "./report.ts";
import { holeWarning } from "../run/hole-warning.ts";
import { lockFolder, type FolderLock } from "../run/folder-lock.ts";
import { folderAt, newRunFolder, openCheckpoint, OUTPUT, readLog, writeRecipe, type Resumed, type RunFolder } from "../run/run-folder.ts";
import { runTraining, runVersions, type RunOutcome, type RunPlan } from "../run/run.ts";
import { trimDigests, trimLog } from "../run/trim.ts";
import { quoted, selfCommand } from "../terminal/self-command.ts";
import { continueWith, recipeOf, resolveSettings, type GivenSettings, type TrainSettings } from "../settings/settings.ts";
import { EXIT_STOPPED, listenForStop } from "../terminal/stop.ts";
import { addTrainOptions, givenOptions, type RunOptions } from "./train-options.ts";
import { UsageError } from "../settings/usage.ts";

/** A display that says only what must be said. */
export function quietProgress(): Progress {
  return { handle: () => {}, message: (text) => process.stderr.write(`${text}\n`), stop: () => {} };
}

/** The command that repeats a run. */
function commandLine(args: readonly string[]): string {
  return ["perpend", ...args].map(quoted).join(" ");
}

/** Whether a run that is resumed from a folder goes on in it: unless another was asked for. */
function staysIn(dir: string, { output, experiment }: RunOptions): boolean {
  return (output === undefined || resolve(output) === resolve(dirname(dir))) && (experiment === undefined || experiment === basename(dir));
}

/** Where a resumed run goes on. */
async function takeUp(resumed: Resumed, about: About, run: RunOptions, step: number, progress: Progress): Promise<RunFolder> {
  const { folder } = resumed;
  const { output = OUTPUT, experiment } = run;
  // What was recorded of one run must not go on with another's steps.
  if (run.device !== "cpu" && folder !== undefined && staysIn(folder.dir, run) && existsSync(folder.digests))
    throw new UsageError(
      `--device: ${run.device} in ${folder.dir}, whose steps were recorded on the CPU, wanted a folder of its own (--experiment)`,
    );
  if (folder === undefined || !staysIn(folder.dir, run)) return newRunFolder(output, experiment ?? about.name, experiment !== undefined);
  const onBroken = (reason: string, kept: string): void => progress.message(`warning: ${reason}; it is kept as ${kept}`);
  const { state } = resumed.checkpoint;
  const trim = typeof state["step"] === "number" ? { batches: state["step"] } : {};
  const { dropped, events } = await trimLog(folder.log, step, onBroken, trim);
  const warning = await holeWarning(folder, state, events, await trimDigests(folder.digests, step, onBroken, trim));
  if (warning !== undefined) progress.message(warning);
  if (dropped > 0) progress.message(`going on from step ${step}: ${dropped} later steps in ${folder.dir} are dropped`);
  return folder;
}

function resumeCommand(outcome: RunOutcome, { dataDir, workers, device, tune }: RunOptions, flags: readonly string[] = []): string {
  const path = outcome.unsaved?.rescued ?? outcome.folder.dir;
  const more = [
    ...(dataDir === undefined ? [] : ["--data-dir", dataDir]),
    ...(workers === undefined ? [] : ["--workers", String(workers)]),
    ...(device === "cpu" ? [] : ["--device", device, ...(tune ? ["--tune"] : [])]),
    ...flags,
  ];
  return `${selfCommand()} ${["train", "--resume", path, ...more].map(quoted).join(" ")}`;
}

function warnOfKernels(about: About, name: string, progress: Progress): void {
  if (about.kernels !== undefined && about.kernels !== name)
    progress.message(`warning: the checkpoint was made with kernels ${about.kernels}, these are ${name}: the bits may differ`);
}

/** Refuses to go on from a checkpoint whose next steps would have other bits; where that is accepted, says so. */
function checkContract({ contract, perpend }: About, path: string, accepted: boolean, progress: Progress): void {
  if (contract === CONTRACT) return;
  const by = perpend === undefined ? "" : ` (perpend ${perpend})`;
  const found = `${path} was trained under numerics contract ${contract}${by}, this perpend computes contract ${CONTRACT} (${changesSince(contract)})`;
  if (!accepted)
    throw new UsageError(
      `--resume: ${found}; wanted ${perpend === undefined ? "the perpend that began it" : `perpend ${perpend}`} to go on to the bits of an uninterrupted run, ` +
        `or --accept-contract to go on from there to others`,
    );
  progress.message(
    `warning: ${found}; --accept-contract: from here on the bits are those of contract ${CONTRACT}, not those of an uninterrupted run`,
  );
}

/** How to go on after a step that came to NaN or infinity. */
function afterNonFinite(outcome: RunOutcome, run: RunOptions, { lr, onNonfinite }: TrainSettings): string {
  const { end, failure, unsaved } = outcome;
  const anew = `a new run with a smaller --lr (it was ${lr}), more --warmup-epochs or --clip-grad`;
  const isLost = unsaved !== undefined && unsaved.rescued === undefined;
  // From values that are not finite, or after many batches that were passed over, the same would come again.
  if (failure?.found.before !== undefined || onNonfinite === "skip" || isLost) return `to go on: ${anew}`;
  const skipping = resumeCommand(outcome, run, ["--on-nonfinite", "skip"]);
  return `the state after step ${end.steps} is saved; go on without this batch, and others like it, with:\n  ${skipping}\nor begin ${anew}`;
}

/** Prints what is left to say and sets the exit code. */
async function conclude(outcome: RunOutcome, run: RunOptions, settings: TrainSettings, progress: Progress): Promise<void> {
  const { folder, end, unsaved, failure } = outcome;
  if (run.report) {
    try {
      await writeReport([folder.dir], folder.report);
      if (!run.json) process.stdout.write(`report ${folder.report}\n`);
    } catch (error) {
      progress.message(`warning: no report: ${(error as Error).message}`);
    }
  }
  const promise = run.device === "cpu" ? "" : ` of a run on ${run.device}, outside of the bit promise`;
  if (!run.json) process.stdout.write(`digest ${end.digest}${promise}\n`);
  if (end.reason === "stopped") {
    progress.message(`stopped after step ${end.steps}; go on with:\n  ${resumeCommand(outcome, run)}`);
    process.exitCode = EXIT_STOPPED;
  }
  if (failure !== undefined) progress.message(afterNonFinite(outcome, run, settings));
  if (unsaved !== undefined) {
    const where = unsaved.rescued === undefined ? "" : `. The final state is in ${unsaved.rescued} instead, --resume takes it`;
    throw new Error(`${unsaved.reason}${where}`);
  }
  if (failure !== undefined) throw failure;
}

/** How to go on after a device was lost, or had no memory. */
function afterDevice(error: unknown, folder: RunFolder | undefined, { dataDir }: RunOptions): string | undefined {
  if (folder === undefined || !(error instanceof Error) || error.name !== "DeviceError") return undefined;
  if (!existsSync(join(folder.checkpoints, "last.safetensors"))) return undefined;
  const args = ["train", "--resume", folder.dir, ...(dataDir === undefined ? [] : ["--data-dir", dataDir])];
  return `go on from the last checkpoint, on the CPU, with:\n  ${selfCommand()} ${args.map(quoted).join(" ")}`;
}

/** The GPU that was asked for; null where the CPU is to do. */
async function openDevice(command: Command, run: RunOptions, { fast }: TrainSettings): Promise<OpenGpu | null> {
  const digest = command.getOptionValueSource("digest") === "cli" ? run.digest : undefined;
  checkFlags({ device: run.device, tune: run.tune, fast, workers: run.workers, digest });
  return run.device === "cpu" ? null : openGpu();
}

/** The page for those who look on; null where nobody asked for it. */
async function openLabOf({ lab, labHost }: RunOptions): Promise<LabServer | null> {
  if (lab === undefined && labHost === undefined) return null;
  return openLab({ live: true, ...(typeof lab === "number" && { port: lab }), ...(labHost !== undefined && { host: labHost }) });
}

async function train(command: Command): Promise<void> {
  const { given, run } = givenOptions(command);
  const resumed = run.resume === undefined ? undefined : folderAt(run.resume);
  const locks: FolderLock[] = [];
  try {
    // Before its checkpoint is read: another process may be about to save a newer one.
    if (resumed && staysIn(resumed.dir, run)) locks.push(await lockFolder(resumed.dir));
    await trainIn(locks, command, given, run);
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Trains, in a folder that is locked already where there is a lock, else in one that gets a lock. */
async function trainIn(locks: FolderLock[], command: Command, given: GivenSettings, run: RunOptions): Promise<void> {
  const resumed = run.resume === undefined ? undefined : await openCheckpoint("--resume", run.resume);
  const about = resumed && aboutOf(resumed.checkpoint, resumed.path);
  const settings = about ? continueWith(about.settings, given) : resolveSettings(given);
  const gpu = await openDevice(command, run, settings);
  const workers = gpu ? 0 : workersFor(settings, run.workers);
  const progress = run.json
    ? quietProgress()
    : createProgress({ ...(command.getOptionValueSource("logInterval") === "cli" && { everySteps: run.logInterval }) });
  for (const { reason } of resumed?.skipped ?? []) progress.message(`warning: passed over ${reason}`);
  if (resumed && about) {
    checkContract(about, resumed.path, run.acceptContract, progress);
    if (about.contract === CONTRACT) warnOfKernels(about, gpu?.versions["kernels"] ?? openKernels(settings.fast).name, progress);
    if (resumed.skipped.length > 0)
      progress.message("the newest checkpoint that is whole is taken instead; what came after it is trained again");
    progress.message(`going on from ${resumed.path}`);
  }
  if (settings.fast)
    progress.message("--fast: fused multiply-add. Results are no longer the same to the bit in every engine and on every machine.");
  if (gpu) progress.message(outsideOfPromise(gpu));
  const stop = listenForStop(() => progress.message("stopping after this step; once more ends at once"));
  const lab = await openLabOf(run);
  if (lab) progress.message(`the run as it happens: ${[lab.address, ...lab.others].join(" ")}`);
  let folder: RunFolder | undefined;
  try {
    const splits = await openData(settings, run.dataDir ?? DATA_DIR);
    progress.message(modelLine(settings, splits.train));
    const name = run.experiment ?? about?.name ?? runName(settings);
    const commandText = about?.command ?? commandLine(process.argv.slice(2));
    const plan: RunPlan = {
      name,
      settings,
      splits,
      workers,
      command: commandText,
      evalInterval: run.evalInterval,
      checkpointHist: run.checkpointHist,
      logInterval: run.logInterval,
      tensorboard: run.tensorboard,
      digest: gpu ? "off" : run.digest,
      ...(gpu && { gpu }),
      tune: run.tune,
      ...(run.maxSteps !== undefined && { maxSteps: run.maxSteps }),
      ...(resumed && { resumed: { ...resumed, acceptContract: run.acceptContract } }),
    };
    const openFolder = async (step: number): Promise<RunFolder> => {
      folder =
        resumed && about
          ? await takeUp(resumed, about, run, step, progress)
          : newRunFolder(run.output ?? OUTPUT, name, run.experiment !== undefined);
      if (locks.length === 0) locks.push(await lockFolder(folder.dir));
      if (!existsSync(folder.recipe)) await writeRecipe(folder, recipeFile(plan));
      progress.message(`run folder ${folder.dir}`);
      // What was before, for those who look on.
      if (lab && step > 0) for (const event of (await readLog(folder.log)).events) lab.publish(event);
      return folder;
    };
    const emit = (event: RunEvent): void => {
      if (run.json) process.stdout.write(`${formatEvent(event)}\n`);
      lab?.publish(event);
    };
    const outcome = await runTraining(plan, { openFolder, progress, emit, signal: stop.signal });
    await conclude(outcome, run, settings, progress);
  } catch (error) {
    const advice = afterDevice(error, folder, run);
    if (advice !== undefined) progress.message(advice);
    throw error;
  } finally {
    progress.stop();
    gpu?.close();
    stop.release();
    await lab?.close();
  }
}

/** What recipe.json says of a run. */
export function recipeFile(plan: RunPlan): JsonObject {
  const { name, settings, command, workers } = plan;
  const commit = packageCommit();
  return {
    name,
    command,
    settings: recipeOf(settings),
    workers,
    versions: runVersions(plan),
    ...(commit !== undefined && { commit }),
    machine: { ...describeMachine() },
    startedAt: new Date().toISOString(),
  };
}

export function addTrain(program: Command): void {
  const command = program
    .command("train")
    .summary("train a model")
    .description("Trains a pre-activation residual network. The last line on standard output is the digest of its final weights.")
    .addHelpText(
      "after",
      `
Examples:
  perpend train --epochs 3                                     a small net on drawn shapes, no download
  perpend train --dataset cifar10 --data-dir data --skip orthogonal --sched onecycle --lr 0.4 --epochs 12
  perpend train --resume runs/resnetv2_20-additive-shapes-s42  go on where it stopped
  perpend train --json --workers 4 > events.jsonl`,
    );
  addTrainOptions(command).action(() => train(command));
}
