// One run of a grid, in a folder as `perpend train` makes it: recipe.json, log.jsonl, digests.jsonl, checkpoints. A run that was begun
// goes on; one that is done is read.
import { existsSync, mkdirSync } from "node:fs";
import { FormatError } from "../../data/index.ts";
import { readRegular } from "../../data/node/read-file.ts";
import type { Splits } from "../../data/node/files.ts";
import { collectRun, type RunLog } from "../../report/run-log.ts";
import {
  digest,
  NonFiniteError,
  reestimateStatistics,
  Trainer,
  type JsonObject,
  type Pool,
  type RunEndEvent,
  type RunEvent,
} from "../../train/index.ts";
import { CheckpointStore } from "../../train/node/checkpoint-store.ts";
import { parseStrictJson, plainJson } from "../../train/strict-json.ts";
import { describeData } from "../settings/checkpoint-about.ts";
import { gatherDiagnostics } from "../settings/diagnostics.ts";
import { DigestRecorder } from "../run/digest-recorder.ts";
import { describeMachine } from "../machine/machine.ts";
import { openLocalPool, type Engine } from "./engine.ts";
import { openMeasures, wasExamined } from "./measures.ts";
import { packageCommit } from "../machine/package-info.ts";
import { identityOf, prepareRun, type Plan, type PlannedRun, type Prepared } from "./plan.ts";
import { lockFolder, type FolderLock } from "../run/folder-lock.ts";
import { readLog, writeRecipe } from "../run/run-folder.ts";
import { openRunLog } from "../run/run-log-file.ts";
import { Saver } from "../run/saver.ts";
import { takeUp } from "./take-up.ts";
import { holeInFinished } from "../run/unbroken.ts";
import { Stopped, stoppable } from "../terminal/stop.ts";
import { UsageError } from "../settings/usage.ts";

const MOST_RECIPE_BYTES = 1 << 20;

export interface RunSurroundings {
  readonly engine: Engine;
  readonly command: string;
  readonly signal: AbortSignal;
  /** Takes every event, in order. */
  readonly tell: (event: RunEvent) => void;
  readonly message: (text: string) => void;
}

/** What a run's folder says it is; undefined where there is none yet. Error: a folder of other settings. */
async function checkFolder(plan: Plan, run: PlannedRun): Promise<boolean> {
  const { dir, recipe } = run.folder;
  if (!existsSync(recipe)) return false;
  const bytes = await readRegular(recipe, { what: "the recipe.json of a run", most: MOST_RECIPE_BYTES, within: dir });
  const { settings } = plainJson(parseStrictJson(bytes, { file: recipe })) as { readonly settings?: JsonObject };
  const wanted = identityOf(plan, run);
  const found: JsonObject = settings ?? {};
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
  const differing = keys.filter((key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]));
  if (differing.length === 0) return true;
  const [key] = differing;
  throw new UsageError(
    `${dir}: a run with ${key} ${JSON.stringify(found[key])}, now it is ${JSON.stringify(wanted[key])}; wanted another --output, or that folder removed`,
  );
}

interface FinishedOptions {
  /** What a log is that cannot be read: an error, or that of a run that is still to be carried out. */
  readonly damaged?: "error" | "undone";
  /** Told where a run is done and its log has a hole, as an older version may have left it. */
  readonly warn?: (text: string) => void;
}

/** A run that has come to its end; undefined where there is something left to do. Errors: as checkFolder, and a log that cannot be read. */
export async function finishedRun(
  plan: Plan,
  run: PlannedRun,
  { damaged = "error", warn }: FinishedOptions = {},
): Promise<RunLog | undefined> {
  const { log: path } = run.folder;
  if (!(await checkFolder(plan, run)) || !existsSync(path)) return undefined;
  let events: readonly RunEvent[];
  try {
    ({ events } = await readLog(path));
  } catch (error) {
    if (damaged === "undone" && error instanceof FormatError) return undefined;
    throw error;
  }
  if (!events.some(({ type }) => type === "run-start")) return undefined;
  const log = collectRun(events);
  if (log.end?.reason !== "finished" && log.end?.reason !== "diverged") return undefined;
  const hole = warn && holeInFinished(events);
  if (hole !== undefined)
    warn?.(`warning: ${run.folder.dir}: log.jsonl ${hole}, though the run is done; with that folder removed it is run again`);
  return log;
}

function startOf(
  plan: Plan,
  run: PlannedRun,
  splits: Splits,
  pool: Pool,
  trainer: Trainer,
  shards: number,
  { command, engine }: RunSurroundings,
): RunEvent {
  const { experiment, setting } = plan;
  return {
    type: "run-start",
    name: run.name,
    recipe: identityOf(plan, run),
    model: experiment.title,
    parameters: pool.model.parameters().reduce((sum, { size }) => sum + size, 0),
    machine: describeMachine(),
    versions: engine.versions,
    shards,
    workers: pool.workers,
    seed: run.seed,
    epochs: setting.epochs,
    stepsPerEpoch: trainer.updatesPerEpoch,
    ...(trainer.steps > 0 && { resumedFrom: trainer.steps }),
    dataset: splits.train.name,
    classes: splits.train.classNames,
    command,
    startedAt: new Date().toISOString(),
  };
}

async function writeRunRecipe(plan: Plan, run: PlannedRun, { command, engine }: RunSurroundings): Promise<void> {
  const commit = packageCommit();
  await writeRecipe(run.folder, {
    name: run.name,
    command,
    settings: identityOf(plan, run),
    workers: engine.workers,
    versions: engine.versions,
    ...(commit !== undefined && { commit }),
    machine: { ...describeMachine() },
    startedAt: new Date().toISOString(),
  });
}

/** Judges the end with running statistics estimated anew. */
async function* reestimated(trainer: Trainer, { train }: Prepared, { experiment, setting }: Plan): AsyncGenerator<RunEvent> {
  const { reestimate } = experiment.evaluate;
  if (reestimate === undefined) return;
  const { pool } = trainer.options;
  await reestimateStatistics(pool, train, { batches: reestimate });
  pool.adopt?.();
  const found = await trainer.evaluate();
  const split = "test, statistics estimated anew";
  if (found) yield { type: "evaluate", epoch: setting.epochs, step: trainer.steps, split, ...found };
}

/**
 * Examines the net of a run that is done, from its last checkpoint, where its recipe asks for that and it was not: by an older copy of this
 * program. Nothing else of the run changes. Returns whether there was something to do.
 */
export async function examineDone(plan: Plan, run: PlannedRun, splits: Splits, message: (text: string) => void): Promise<boolean> {
  const { experiment } = plan;
  if (!experiment.examines || wasExamined(run.folder)) return false;
  const lock = await lockFolder(run.folder.dir);
  try {
    // Another process may have done it meanwhile.
    return !wasExamined(run.folder) && (await examine(plan, run, splits, message));
  } finally {
    lock.release();
  }
}

async function examine(plan: Plan, run: PlannedRun, splits: Splits, message: (text: string) => void): Promise<boolean> {
  const { experiment, setting } = plan;
  const found = await new CheckpointStore({ dir: run.folder.checkpoints }).latest();
  if (found === undefined) {
    message(`${run.name}: no checkpoint to examine`);
    return false;
  }
  const prepared = prepareRun(plan, run, splits);
  const pool = await openLocalPool(plan, prepared);
  try {
    const { train, test, options } = prepared;
    const trainer = new Trainer({ pool, train, test, classes: splits.train.classes, epochs: setting.epochs });
    trainer.resume(found.checkpoint);
    if (experiment.evaluate.reestimate !== undefined) await reestimateStatistics(pool, train, { batches: experiment.evaluate.reestimate });
    const measures = await openMeasures(run.folder, trainer.steps);
    try {
      measures.addExamined(trainer.steps, await experiment.examine(pool.model, test.epoch(0), options));
    } finally {
      measures.close();
    }
    return true;
  } finally {
    await pool.close();
  }
}

/** Trains, or goes on. Returns undefined where it was stopped. Errors: what keeps the run from beginning. */
export async function carryOut(plan: Plan, run: PlannedRun, splits: Splits, surroundings: RunSurroundings): Promise<RunLog | undefined> {
  const { command, signal, tell: show, message, engine } = surroundings;
  const { experiment, setting } = plan;
  const prepared = prepareRun(plan, run, splits);
  const { train, test, options, shards } = prepared;
  const pool = await engine.openPool(plan, prepared, { message, signal });
  let lock: FolderLock | undefined;
  try {
    mkdirSync(run.folder.dir, { recursive: true });
    lock = await lockFolder(run.folder.dir);
    // Another process may have carried it out meanwhile.
    const done = await finishedRun(plan, run, { damaged: "undone" });
    if (done) return done;
    const about: JsonObject = {
      name: run.name,
      command,
      recipe: identityOf(plan, run),
      data: describeData(splits.train),
      versions: engine.versions,
    };
    const saver = new Saver(message);
    const recorder = new DigestRecorder(engine.records);
    const trainer = new Trainer({
      pool,
      train,
      test: stoppable(test, signal),
      classes: splits.train.classes,
      epochs: setting.epochs,
      schedule: experiment.schedule(options),
      ...(setting.clipGrad !== undefined && { clipGrad: setting.clipGrad }),
      about,
      save: (checkpoint, position) => saver.save(checkpoint, position),
      ...recorder.digests,
    });
    const store = new CheckpointStore({ dir: run.folder.checkpoints, keep: 2 });
    saver.store = store;
    let evaluateFirst = false;
    if (existsSync(run.folder.recipe)) evaluateFirst = await takeUp(trainer, store, run.folder, message);
    else await writeRunRecipe(plan, run, surroundings);
    const log = openRunLog(run.folder.log, { append: existsSync(run.folder.log), onTrouble: message });
    recorder.open(run.folder, message);
    const gather = gatherDiagnostics(experiment.watched(pool.model));
    const measures = await openMeasures(run.folder, trainer.steps);
    saver.recorded = [log, recorder, measures];
    // Of the initial weights too; a run that is taken up again has them.
    if (trainer.steps === 0) measures.add(0, experiment.measure(pool.model));
    const tell = (given: RunEvent): void => {
      const event = gather(measures.take(given));
      if (event === undefined || (event.type === "checkpoint" && event.path === "")) return;
      log.write(event);
      show(event);
      if (event.type === "evaluate") measures.add(event.step ?? trainer.steps, experiment.measure(pool.model));
    };
    let end: RunEndEvent | undefined;
    const begin = performance.now();
    try {
      tell(startOf(plan, run, splits, pool, trainer, shards, surroundings));
      let reason: RunEndEvent["reason"] = "stopped";
      try {
        for await (const event of trainer.fit({ signal, evaluateFirst })) {
          // What is measured is measured on the weights as they are.
          if (event.type === "evaluate") await pool.settle?.();
          if (event.type === "run-end") end = event;
          else tell(event);
        }
        if (end?.reason === "finished") {
          for await (const event of reestimated(trainer, prepared, plan)) tell(event);
          measures.addExamined(trainer.steps, await experiment.examine(pool.model, stoppable(test, signal).epoch(0), options));
        }
      } catch (error) {
        if (error instanceof Stopped) {
          await pool.settle?.();
          const path = await saver.save(trainer.checkpoint(), { step: trainer.steps, best: false });
          tell({ type: "checkpoint", path, step: trainer.steps });
          end = undefined;
        } else if (error instanceof NonFiniteError) {
          message(`${run.name}: ${error.message}`);
          reason = "diverged";
        } else throw error;
      }
      end ??= { type: "run-end", digest: digest(pool.model), seconds: (performance.now() - begin) / 1000, steps: trainer.steps, reason };
      tell(end);
    } finally {
      recorder.close();
      measures.close();
      log.close();
    }
    return end.reason === "stopped" ? undefined : await finishedRun(plan, run);
  } finally {
    lock?.release();
    await pool.close();
  }
}
