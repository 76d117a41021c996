// One training run from start to end: data to loaders, settings to a trainer, events to log, display, standard output and TensorBoard.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Splits } from "../../data/node/files.ts";
import {
  digest,
  NonFiniteError,
  Trainer,
  type Checkpoint,
  type DevicePool,
  type EvaluateEvent,
  type JsonObject,
  type Pool,
  type Program,
  type RunEndEvent,
  type RunEvent,
  type RunStartEvent,
} from "../../train/index.ts";
import { CheckpointStore } from "../../train/node/checkpoint-store.ts";
import { describeData } from "../settings/checkpoint-about.ts";
import { gatherDiagnostics } from "../settings/diagnostics.ts";
import { DigestRecorder, type RecordLevel } from "./digest-recorder.ts";
import type { OpenGpu } from "../machine/device.ts";
import { openKernels, versionsOf } from "../machine/kernels.ts";
import { describeMachine } from "../machine/machine.ts";
import { loadProgram, openPool } from "../machine/pool.ts";
import type { Progress } from "../terminal/progress.ts";
import { lacksEvaluation } from "./missing.ts";
import { openRunLog } from "./run-log-file.ts";
import type { RunFolder } from "./run-folder.ts";
import { samplesOf } from "../settings/samples.ts";
import { Saver, type Unsaved } from "./saver.ts";
import { recipeOf, type TrainSettings } from "../settings/settings.ts";
import { readableLog } from "./trim.ts";
import { Stopped, stoppable } from "../terminal/stop.ts";
import { openTensorBoard } from "./tensorboard.ts";
import { additionsOf, type ProgramOptions } from "../settings/training-program.ts";
import { programOptions, testLoader, trainerSettings, trainLoader } from "../settings/training-setup.ts";

/** Images in a report. */
const SAMPLES = 16;

interface ResumedFrom {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  readonly acceptContract: boolean;
}

export interface RunPlan {
  /** What tells the run from others. */
  readonly name: string;
  readonly settings: TrainSettings;
  readonly splits: Splits;
  readonly workers: number;
  /** Where the run is not computed on the CPU. */
  readonly gpu?: OpenGpu;
  /** Measure first how products run fastest there. */
  readonly tune?: boolean;
  /** The command that repeats the run. */
  readonly command: string;
  readonly maxSteps?: number;
  readonly evalInterval: number;
  readonly checkpointHist: number;
  /** Steps between step events in the log. */
  readonly logInterval: number;
  readonly tensorboard: boolean;
  readonly digest: RecordLevel;
  readonly resumed?: ResumedFrom;
}

export interface RunSurroundings {
  /** Called with the steps done once everything else is in place, so that a run that cannot begin leaves no folder behind. */
  readonly openFolder: (step: number) => Promise<RunFolder>;
  readonly progress: Progress;
  /** Takes every event, in order. */
  readonly emit: (event: RunEvent) => void;
  readonly signal: AbortSignal;
}

export interface RunOutcome {
  readonly folder: RunFolder;
  readonly end: RunEndEvent;
  readonly evaluation: EvaluateEvent | undefined;
  /** Set where the newest state could not be put where it belongs. */
  readonly unsaved: Unsaved | undefined;
  /** Why training could not go on: a step came to NaN or infinity. */
  readonly failure: NonFiniteError | undefined;
}

/** What computes a run, for its log and its checkpoints. */
export function runVersions({ gpu, settings }: Pick<RunPlan, "gpu" | "settings">): { readonly [what: string]: string } {
  return gpu?.versions ?? versionsOf(openKernels(settings.fast));
}

function startEvent(plan: RunPlan, trainer: Trainer, pool: Pool): RunStartEvent {
  const { name, settings, splits, workers, command, resumed } = plan;
  const { model, width, seed, epochs, shards } = settings;
  return {
    type: "run-start",
    name,
    recipe: recipeOf(settings),
    model: width === null ? model : `${model}, width ${width}`,
    parameters: pool.model.parameters().reduce((sum, { size }) => sum + size, 0),
    machine: describeMachine(),
    versions: runVersions(plan),
    shards,
    workers,
    seed,
    epochs,
    stepsPerEpoch: trainer.updatesPerEpoch,
    ...(resumed && { resumedFrom: trainer.steps }),
    dataset: splits.train.name,
    classes: splits.train.classNames,
    command,
    startedAt: new Date().toISOString(),
  };
}

/** A pool whose losses are read every so many steps. */
function openOnGpu(gpu: OpenGpu, program: Program, options: ProgramOptions, readEvery: number): DevicePool {
  const { modelEmaDecay } = options;
  // What skips do is measured by values in mid-step, which a GPU has not.
  const own = { ...options, observeEvery: 0 };
  return gpu.openPool(program, { options: own, readEvery, ...(modelEmaDecay !== null && { emaDecay: modelEmaDecay }) });
}

/** Trains, and says how it went. Errors: what keeps the run from beginning. */
export async function runTraining(plan: RunPlan, { openFolder, progress, emit, signal }: RunSurroundings): Promise<RunOutcome> {
  const { settings, splits, workers, resumed, maxSteps, evalInterval, checkpointHist, logInterval } = plan;
  const train = trainLoader(splits.train, settings);
  const options = programOptions(settings, train);
  const onGpu = plan.gpu && openOnGpu(plan.gpu, await loadProgram(), options, logInterval);
  const pool: Pool = onGpu ?? (await openPool(options, workers)).pool;
  try {
    if (plan.gpu && onGpu && plan.tune) await plan.gpu.tune(onGpu, train, progress.message, signal);
    const about: JsonObject = {
      name: plan.name,
      command: plan.command,
      settings,
      data: describeData(splits.train),
      versions: runVersions(plan),
    };
    const saver = new Saver(progress.message);
    const recorder = new DigestRecorder(plan.digest);
    const trainer = new Trainer({
      ...trainerSettings(settings, train),
      pool,
      test: stoppable(testLoader(splits.test, settings), signal),
      evaluateEvery: evalInterval,
      about,
      save: (checkpoint, position) => saver.save(checkpoint, position),
      ...recorder.digests,
      ...(maxSteps !== undefined && { maxSteps }),
    });
    if (resumed) resumeFrom(trainer, resumed);
    const folder = await openFolder(trainer.steps);
    const store = new CheckpointStore({ dir: folder.checkpoints, keep: checkpointHist });
    saver.store = store;
    if (resumed) await store.discardAfter(trainer.steps);
    const evaluateFirst =
      resumed !== undefined && lacksEvaluation((await readableLog(folder.log)).entries, resumed.checkpoint.state, evalInterval);
    const log = openRunLog(folder.log, { append: existsSync(folder.log), onTrouble: progress.message });
    recorder.open(folder, progress.message);
    saver.recorded = [log, recorder];
    const board = plan.tensorboard ? openTensorBoard(folder.tensorboard) : null;
    const gather = gatherDiagnostics(additionsOf(pool.model));
    let evaluation: EvaluateEvent | undefined;
    let end: RunEndEvent | undefined;
    const tell = (given: RunEvent): void => {
      const event = gather(given);
      if (event === undefined || (event.type === "checkpoint" && event.path === "")) return;
      if (event.type === "evaluate") evaluation = event;
      if (event.type !== "step" || event.step % logInterval === 0) {
        log.write(event);
        emit(event);
      }
      board?.write(event);
      progress.handle(event);
    };
    const tellFaults = (): void => {
      for (const fault of pool.takeFaults?.() ?? []) tell({ type: "fault", ...fault });
    };
    let failure: NonFiniteError | undefined;
    let unsaved: Unsaved | undefined;
    try {
      tell(startEvent(plan, trainer, pool));
      const begin = performance.now();
      let reason: RunEndEvent["reason"] = "stopped";
      try {
        for await (const event of trainer.fit({ signal, evaluateFirst })) {
          tellFaults();
          if (event.type === "run-end") end = event;
          else tell(event);
        }
        if (!signal.aborted) {
          // A run that had come to its end before is judged again.
          const found = evaluation === undefined ? await trainer.evaluate() : null;
          if (found) tell({ type: "evaluate", epoch: settings.epochs, step: trainer.steps, split: "test", ...found });
          tell(await samplesOf(pool, splits.test, SAMPLES, trainer.steps));
        }
      } catch (error) {
        if (error instanceof Stopped) {
          // Stopped while it evaluated: the epoch's checkpoint is still to come.
          await pool.settle?.();
          const path = await saver.save(trainer.checkpoint(), { step: trainer.steps, best: false });
          tell({ type: "checkpoint", path, step: trainer.steps });
        } else if (error instanceof NonFiniteError) {
          failure = error;
          reason = "diverged";
        } else throw error;
      }
      tellFaults();
      end ??= { type: "run-end", digest: digest(pool.model), seconds: (performance.now() - begin) / 1000, steps: trainer.steps, reason };
      unsaved = await saver.rescue(() => trainer.checkpoint(), plan.name);
      tell(end);
    } finally {
      progress.stop();
      board?.close();
      recorder.close();
      log.close();
    }
    return { folder, end, evaluation, unsaved, failure };
  } finally {
    await pool.close();
  }
}

function resumeFrom(trainer: Trainer, { checkpoint, path, acceptContract }: ResumedFrom): void {
  try {
    trainer.resume(checkpoint, { acceptContract });
  } catch (error) {
    throw new Error(`${basename(path)}: ${(error as Error).message}`, { cause: error });
  }
}
