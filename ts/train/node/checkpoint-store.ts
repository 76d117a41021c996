// The checkpoints of a run in one folder: checkpoint-<step>.safetensors, the newest `keep` of them, and last.safetensors and best.safetensors,
// which are hard links (a copy where the file system has none), so they cost no space and outlive the file they name.
// Order of a save: the new file whole, then last, then best, then the old ones go. Killed anywhere in between, latest() finds a good one.
import { dirname, join } from "node:path";
import { FormatError } from "../../data/format-error.ts";
import type { Checkpoint } from "../checkpoint-format.ts";
import {
  TEMPORARY,
  WriteError,
  codeOf,
  makeFolder,
  nodeFiles,
  removeIfThere,
  removeTemporaries,
  syncFolder,
  writeFileAtomic,
  type Files,
} from "./atomic-file.ts";
import { parseCheckpoint } from "./checkpoint-file.ts";

export interface StoredCheckpoint {
  readonly step: number;
  readonly path: string;
}

/** A file that was passed over, and why. */
export interface SkippedCheckpoint {
  readonly path: string;
  readonly reason: string;
  /** What it holds is no checkpoint; else it could not be read. */
  readonly damaged: boolean;
}

export interface FoundCheckpoint {
  readonly path: string;
  readonly checkpoint: Checkpoint;
  /** Newer files. */
  readonly skipped: readonly SkippedCheckpoint[];
}

const ENDING = ".safetensors";
const NAME = /^checkpoint-(\d{1,15})\.safetensors$/;
const LAST = `last${ENDING}`;
const BEST = `best${ENDING}`;
/** What a damaged file is called when it has to make room. */
const DAMAGED = ".damaged";
/** A file system without hard links answers one of these. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK", "EINVAL"]);

/** One process at a time may save to a folder. */
export class CheckpointStore {
  readonly dir: string;
  readonly keep: number;
  readonly #files: Files;
  #made = false;

  constructor({ dir, keep = 2, files = nodeFiles }: { readonly dir: string; readonly keep?: number; readonly files?: Files }) {
    if (!Number.isSafeInteger(keep) || keep < 1) throw new Error(`checkpoints: keep is ${keep}, wanted a whole number of at least 1`);
    this.dir = dir;
    this.keep = keep;
    this.#files = files;
  }

  /** Saves the checkpoint of a step, which becomes last, and best if so said; returns its path. Throws WriteError. */
  async save(step: number, bytes: Uint8Array, { best = false }: { readonly best?: boolean } = {}): Promise<string> {
    if (!Number.isSafeInteger(step) || step < 0) throw new Error(`checkpoints: step is ${step}, wanted a whole number of at least 0`);
    const path = this.pathOf(step);
    await this.#changing(path, bytes.length, async () => {
      if (!this.#made) await makeFolder(this.dir, this.#files);
      this.#made = true;
      await writeFileAtomic(path, bytes, this.#files);
      await this.#name(path, LAST, bytes);
      if (best) await this.#name(path, BEST, bytes);
      await this.#prune(step);
    });
    return path;
  }

  pathOf(step: number): string {
    return join(this.dir, `checkpoint-${step}${ENDING}`);
  }

  /** The checkpoints by step, oldest first. */
  async list(): Promise<StoredCheckpoint[]> {
    return this.#stored(await this.#names());
  }

  /**
   * The checkpoints that are whole, newest first; at the end those that are named last and best, whatever their step. Files that are not
   * are added to `skipped`.
   */
  async *newestFirst(skipped: SkippedCheckpoint[] = []): AsyncGenerator<FoundCheckpoint> {
    const names = await this.#names();
    const paths = this.#stored(names)
      .map(({ path }) => path)
      .reverse();
    for (const name of [LAST, BEST]) if (names.includes(name)) paths.push(join(this.dir, name));
    for (const path of paths) {
      let checkpoint: Checkpoint;
      try {
        checkpoint = await this.#read(path);
      } catch (error) {
        skipped.push({ path, reason: error instanceof Error ? error.message : String(error), damaged: error instanceof FormatError });
        continue;
      }
      yield { path, checkpoint, skipped: [...skipped] };
    }
  }

  /** The newest checkpoint that is whole; undefined where there is no file. Throws where there are files and none is good. */
  async latest(): Promise<FoundCheckpoint | undefined> {
    const skipped: SkippedCheckpoint[] = [];
    for await (const found of this.newestFirst(skipped)) return found;
    if (skipped.length === 0) return undefined;
    throw new Error(
      `checkpoints: none of ${skipped.length} in ${this.dir} is whole, wanted one; ${skipped.map(({ reason }) => reason).join("; ")}`,
    );
  }

  /**
   * Removes the checkpoints after a step: the abandoned future of a run that goes on from there (-1 removes all, best too). One that
   * cannot be read is set aside as <name>.damaged instead. Returns the paths that are gone. Throws WriteError.
   */
  async discardAfter(step: number): Promise<string[]> {
    const gone: string[] = [];
    await this.#changing(this.dir, 0, async () => {
      const all = await this.list();
      const kept = all.filter((each) => each.step <= step).at(-1);
      if (kept !== undefined) await this.#name(kept.path, LAST);
      for (const { path } of all.filter((each) => each.step > step)) {
        if (await this.#isWhole(path)) await removeIfThere(path, this.#files);
        else await this.#files.rename(path, path + DAMAGED);
        gone.push(path);
      }
      const names = [...(kept === undefined ? [LAST] : []), ...(step < 0 ? [BEST] : [])];
      for (const name of names) {
        await removeIfThere(join(this.dir, name), this.#files);
        gone.push(join(this.dir, name));
      }
      if (all.length > 0 && gone.length > 0) await syncFolder(this.dir, this.#files);
    });
    return gone;
  }

  /** Runs what changes the folder; whatever goes wrong becomes a WriteError. */
  async #changing(path: string, bytes: number, change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      throw error instanceof WriteError ? error : new WriteError(path, bytes, error, "the checkpoints before it are kept");
    }
  }

  #stored(names: readonly string[]): StoredCheckpoint[] {
    const steps = names.flatMap((name) => {
      const match = NAME.exec(name);
      return match === null ? [] : [{ step: Number(match[1]), path: join(this.dir, name) }];
    });
    return steps.sort((a, b) => a.step - b.step);
  }

  async #names(): Promise<string[]> {
    try {
      return await this.#files.readdir(this.dir);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    }
  }

  async #read(path: string): Promise<Checkpoint> {
    return parseCheckpoint(await this.#files.readFile(path), path);
  }

  async #isWhole(path: string): Promise<boolean> {
    try {
      await this.#read(path);
      return true;
    } catch {
      return false;
    }
  }

  /** Gives a checkpoint a second name. */
  async #name(path: string, name: string, bytes?: Uint8Array): Promise<void> {
    const target = join(this.dir, name);
    const temporary = target + TEMPORARY;
    await removeIfThere(temporary, this.#files);
    try {
      await this.#files.link(path, temporary);
    } catch (error) {
      if (!NO_LINKS.has(codeOf(error))) throw error;
      await writeFileAtomic(target, bytes ?? (await this.#files.readFile(path)), this.#files);
      return;
    }
    await this.#files.rename(temporary, target);
    // Renaming one name of a file to another name of the same file does nothing and leaves both.
    await removeIfThere(temporary, this.#files);
    await syncFolder(dirname(target), this.#files);
  }

  /**
   * Keeps the newest checkpoints and the one just saved, which was read back. The newest one before it that is whole is kept too, however
   * many are newer and damaged: there are two good ones as soon as there were two.
   */
  async #prune(saved: number): Promise<void> {
    const all = await this.list();
    const keep = new Set(all.slice(-this.keep).map(({ path }) => path)).add(this.pathOf(saved));
    const before = all.filter(({ step }) => step < saved).reverse();
    if (this.keep > 1 && before.length >= this.keep) {
      for (const { path } of before) {
        keep.add(path);
        if (await this.#isWhole(path)) break;
      }
    }
    for (const { path } of all) if (!keep.has(path)) await removeIfThere(path, this.#files);
    await removeTemporaries(this.dir, ENDING, this.#files);
  }
}
