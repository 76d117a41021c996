// A run that was recorded, as `perpend verify` and `perpend diff` read it from its folder: digests, settings, checkpoints. Without
// checkpoints recipe.json has the settings, so that a folder of two small files stands for a run.
import { existsSync, statSync } from "node:fs";
import * as v from "valibot";
import { CONTRACT } from "../../contract.ts";
import { FormatError } from "../../data/index.ts";
import { shown } from "../../data/format-error.ts";
import { readRegular } from "../../data/node/read-file.ts";
import { chainAfter } from "../../train/digest-chain.ts";
import type { DigestLog } from "../../train/digest-log.ts";
import type { Checkpoint } from "../../train/index.ts";
import { CheckpointStore } from "../../train/node/checkpoint-store.ts";
import { readCheckpoint } from "../../train/node/checkpoint-file.ts";
import { parseStrictJson, plainJson } from "../../train/strict-json.ts";
import { isOfGpu } from "../machine/device.ts";
import { aboutOf } from "../settings/checkpoint-about.ts";
import { readDigests, runFolder, type RunFolder } from "./run-folder.ts";
import { parseSettings, resolveSettings, type TrainSettings } from "../settings/settings.ts";
import { UsageError } from "../settings/usage.ts";

const MOST_RECIPE_BYTES = 1 << 20;

/** Text that does nothing to a terminal but show. */
const line = v.pipe(
  v.string(),
  v.check((text) => shown(text) === text, "text without control characters"),
);

const recipeSchema = v.object({
  settings: v.record(v.string(), v.unknown()),
  versions: v.optional(v.record(line, line), {}),
});

export interface RecordedRun {
  readonly folder: RunFolder;
  readonly settings: TrainSettings;
  /** What computed it: perpend, kernels, contract. */
  readonly versions: { readonly [what: string]: string };
  readonly digests: DigestLog;
  /** The first step that was recorded, and the last. */
  readonly first: number;
  readonly last: number;
}

async function readRecipe({ recipe, dir }: RunFolder): Promise<v.InferOutput<typeof recipeSchema>> {
  const bytes = await readRegular(recipe, { what: "the recipe.json of a run", most: MOST_RECIPE_BYTES, within: dir });
  const result = v.safeParse(recipeSchema, plainJson(parseStrictJson(bytes, { file: recipe })));
  if (result.success) return result.output;
  throw new FormatError({ file: recipe, offset: -1, found: result.issues[0].message, wanted: "the recipe.json of a run" });
}

/** Settings that do not apply are null, and not in the recipe. */
function withNulls(settings: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
  return { ...Object.fromEntries(Object.keys(resolveSettings({})).map((key) => [key, null])), ...settings };
}

/** Steps whose chain is not that of the steps before: a file that was put together or changed by hand. */
function checkChain({ entries }: DigestLog, file: string): void {
  let before: { readonly step: number; readonly chain: string } | null = null;
  for (const entry of entries) {
    if ("begin" in entry) {
      before = { step: entry.begin, chain: entry.chain };
      continue;
    }
    const [step, what] =
      "skipped" in entry ? [entry.after, `batch ${entry.skipped}, passed over,`] : [entry.step - 1, `step ${entry.step}`];
    if (before === null || before.step !== step || chainAfter(before.chain, entry) !== entry.chain)
      throw new FormatError({
        file,
        offset: -1,
        found: `${what} with a chain that is not that of the steps before`,
        wanted: "digests as they were recorded",
      });
    before = { step: "skipped" in entry ? step : entry.step, chain: entry.chain };
  }
}

/** Refuses a run that began on a GPU. */
function refuseGpu(dir: string, { versions }: Pick<RecordedRun, "versions">): void {
  if (!isOfGpu(versions)) return;
  throw new UsageError(`${dir}: a run on ${versions["kernels"]}, outside of the bit promise, wanted one on the CPU`);
}

/** Reads a run's folder. Errors: a folder without digests, or with some that were changed. */
export async function openRecorded(dir: string): Promise<RecordedRun> {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`${dir}: no folder is there, wanted that of a run`);
  const folder = runFolder(dir);
  if (!existsSync(folder.digests)) {
    if (existsSync(folder.recipe)) refuseGpu(dir, await readRecipe(folder));
    throw new UsageError(`${dir}: no digests.jsonl is there, wanted a run that recorded its digests (train --digest step, the default)`);
  }
  const digests = await readDigests(folder.digests);
  checkChain(digests, folder.digests);
  if (digests.steps.size === 0) throw new UsageError(`${folder.digests}: no step was recorded, wanted at least one`);
  const recipe = await readRecipe(folder);
  refuseGpu(dir, recipe);
  const newest = (await new CheckpointStore({ dir: folder.checkpoints }).list()).at(-1);
  // A run may have been made longer since it began.
  const settings = newest
    ? aboutOf(await readCheckpoint(newest.path), newest.path).settings
    : parseSettings(withNulls(recipe.settings), folder.recipe);
  const steps = [...digests.steps.keys()];
  return { folder, settings, versions: recipe.versions, digests, first: Math.min(...steps), last: Math.max(...steps) };
}

/** The newest checkpoint at or before a step that is whole; null stands for the beginning of the run. */
export async function checkpointBefore(
  { folder }: RecordedRun,
  step: number,
): Promise<{ readonly path: string; readonly checkpoint: Checkpoint } | null> {
  const stored = (await new CheckpointStore({ dir: folder.checkpoints }).list()).filter((each) => each.step <= step);
  for (const { path } of stored.reverse()) {
    try {
      return { path, checkpoint: await readCheckpoint(path) };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  return null;
}

/** The contract that a step was computed under. */
export function contractAt({ digests: { begins } }: RecordedRun, step: number): string {
  return begins.filter(({ begin }) => begin < step).at(-1)?.contract ?? CONTRACT;
}
