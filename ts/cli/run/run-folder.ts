// The folder of a run: recipe.json, log.jsonl, digests.jsonl, checkpoints/ and report.html. A run never writes into the folder of another.
import { existsSync, mkdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { FormatError } from "../../data/index.ts";
import { shown } from "../../data/format-error.ts";
import { readRegular } from "../../data/node/read-file.ts";
import type { Checkpoint, JsonObject } from "../../train/index.ts";
import { parseDigests, type DigestLog } from "../../train/digest-log.ts";
import { parseLog, type Log } from "../../train/log.ts";
import { codeOf, writeFileAtomic } from "../../train/node/atomic-file.ts";
import { readCheckpoint } from "../../train/node/checkpoint-file.ts";
import { CheckpointStore } from "../../train/node/checkpoint-store.ts";
import { FOLDER_NAME } from "../settings/folder-name.ts";
import { UsageError } from "../settings/usage.ts";

export const OUTPUT = "runs";

export interface RunFolder {
  readonly dir: string;
  readonly recipe: string;
  readonly log: string;
  readonly digests: string;
  readonly checkpoints: string;
  readonly report: string;
  readonly tensorboard: string;
}

export function runFolder(dir: string): RunFolder {
  return {
    dir,
    recipe: join(dir, "recipe.json"),
    log: join(dir, "log.jsonl"),
    digests: join(dir, "digests.jsonl"),
    checkpoints: join(dir, "checkpoints"),
    report: join(dir, "report.html"),
    tensorboard: join(dir, "tensorboard"),
  };
}

/** A new run's folder in `output`. A name of its own choosing gets a number where it is taken; one that was asked for must be free. */
export function newRunFolder(output: string, name: string, asked: boolean): RunFolder {
  if (!FOLDER_NAME.test(name)) throw new UsageError(`--experiment: "${shown(name)}", wanted the name of a folder without a path`);
  let dir = join(output, name);
  if (asked && existsSync(dir))
    throw new UsageError(`--experiment: ${dir} is there already, wanted a new name, or --resume ${dir} to go on with it`);
  try {
    mkdirSync(output, { recursive: true });
    for (let number = 2; ; number++) {
      try {
        mkdirSync(dir);
        return runFolder(dir);
      } catch (error) {
        // Taken: by an older run, or by one that started this very moment.
        if (codeOf(error) !== "EEXIST" || asked) throw error;
      }
      dir = join(output, `${name}-${number}`);
    }
  } catch (error) {
    throw new Error(`--output: cannot make ${dir}: ${(error as Error).message}, wanted a folder that can be written`, { cause: error });
  }
}

export async function writeRecipe(folder: RunFolder, recipe: JsonObject): Promise<void> {
  await writeFileAtomic(folder.recipe, new TextEncoder().encode(`${JSON.stringify(recipe, null, 2)}\n`));
}

/** What a log must be to be read. */
export const LOG_FILE = { what: "the log.jsonl of a run", most: 2 ** 30 };

/** A run's events. Throws FormatError: no log there, none of a folder's own, or a line of it that is no event. */
export async function readLog(path: string): Promise<Log> {
  return parseLog(await readRegular(path, { ...LOG_FILE, within: dirname(path) }), path);
}

/** What a file of digests must be to be read. */
export const DIGEST_FILE = { what: "the digests.jsonl of a run that was recorded (--digest off records none)", most: 2 ** 31 };

/** A run's digests. Throws FormatError: no such file there, none of a folder's own, or a line of it that is no digest. */
export async function readDigests(path: string): Promise<DigestLog> {
  return parseDigests(await readRegular(path, { ...DIGEST_FILE, within: dirname(path) }), path);
}

export interface Resumed {
  readonly checkpoint: Checkpoint;
  /** The file. */
  readonly path: string;
  /** The folder of its run; undefined for a file elsewhere. */
  readonly folder: RunFolder | undefined;
  /** Newer files that were passed over, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** The run folder that a checkpoint lies in. */
function folderOf(file: string): RunFolder | undefined {
  const inner = dirname(resolve(file));
  const folder = runFolder(dirname(inner));
  return basename(inner) === basename(folder.checkpoints) && existsSync(folder.recipe) ? runFolder(join(dirname(file), "..")) : undefined;
}

/** The run's folder that is named, by itself or by a checkpoint in it; undefined where it is none. */
export function folderAt(path: string): RunFolder | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return folderOf(path);
  const folder = runFolder(path);
  return existsSync(folder.recipe) || existsSync(folder.checkpoints) ? folder : undefined;
}

/** What else there is where a checkpoint was found damaged. */
async function offerFor(path: string): Promise<string> {
  const found = await new CheckpointStore({ dir: dirname(path) }).latest().catch(() => undefined);
  if (found === undefined) return "no other checkpoint beside it is whole";
  return `the newest whole one beside it is ${found.path} (step ${JSON.stringify(found.checkpoint.state["step"])}): name that to use it`;
}

/** The checkpoint in the file that was named. A damaged one is refused with the reason, and another one offered, but not taken. */
async function readNamed(path: string): Promise<Checkpoint> {
  try {
    return await readCheckpoint(path);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { file, offset, found, wanted } = error;
    throw new FormatError({ file, offset, found, wanted: `${wanted}; ${await offerFor(path)}` });
  }
}

/**
 * The checkpoint at a path. A file stands for itself. A run's folder stands for its newest checkpoint that is whole (newer ones that are
 * not are in `skipped`), or for its best one.
 */
export async function openCheckpoint(flag: string, path: string, which: "latest" | "best" = "latest"): Promise<Resumed> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`${flag}: ${path} is not there, wanted a checkpoint or a run's folder`);
  if (!stats.isDirectory()) return { checkpoint: await readNamed(path), path, folder: folderOf(path), skipped: [] };
  const folder = runFolder(path);
  const best = join(folder.checkpoints, "best.safetensors");
  if (which === "best" && existsSync(best)) return { checkpoint: await readNamed(best), path: best, folder, skipped: [] };
  const found = await new CheckpointStore({ dir: folder.checkpoints }).latest();
  if (found === undefined) throw new UsageError(`${flag}: no checkpoint in ${folder.checkpoints}, wanted a run that has saved one`);
  return { ...found, folder };
}
