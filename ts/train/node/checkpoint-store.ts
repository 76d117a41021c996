// The checkpoints of a run in one folder: checkpoint-<step>.safetensors, the newest `keep` of them, and last.safetensors and best.safetensors,
// which are hard links (a copy where the file system has none), so they cost no space and outlive the file they name.
// Order of a save: the new file whole, then last, then best, then the old ones go. Killed anywhere in between, latest() finds a good one.
import { dirname, join } from "node:path";
import { decodeCheckpoint, type Checkpoint } from "../checkpoint-format.ts";
import { TEMPORARY, WriteError, codeOf, nodeFiles, removeIfThere, syncFolder, writeFileAtomic, type Files } from "./atomic-file.ts";

export interface StoredCheckpoint {
  readonly step: number;
  readonly path: string;
}

export interface FoundCheckpoint {
  readonly path: string;
  readonly checkpoint: Checkpoint;
  /** Newer files that were passed over, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

const NAME = /^checkpoint-(\d{1,15})\.safetensors$/;
const LAST = "last.safetensors";
const BEST = "best.safetensors";
/** A file system without hard links answers one of these. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK", "EINVAL"]);

/** One process at a time may save to a folder. */
export class CheckpointStore {
  readonly dir: string;
  readonly keep: number;
  readonly #files: Files;

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
    try {
      await this.#files.mkdir(this.dir, { recursive: true });
      await writeFileAtomic(path, bytes, this.#files);
      await this.#name(path, LAST, bytes);
      if (best) await this.#name(path, BEST, bytes);
      await this.#prune(step);
    } catch (error) {
      throw error instanceof WriteError ? error : new WriteError(path, bytes.length, error, "the checkpoints before it are kept");
    }
    return path;
  }

  pathOf(step: number): string {
    return join(this.dir, `checkpoint-${step}.safetensors`);
  }

  /** The checkpoints by step, oldest first. */
  async list(): Promise<StoredCheckpoint[]> {
    const names = await this.#names();
    const steps = names.flatMap((name) => {
      const match = NAME.exec(name);
      return match === null ? [] : [{ step: Number(match[1]), path: join(this.dir, name) }];
    });
    return steps.sort((a, b) => a.step - b.step);
  }

  /** The newest checkpoint that is whole; undefined where there is no file. Throws where there are files and none is good. */
  async latest(): Promise<FoundCheckpoint | undefined> {
    const names = new Set(await this.#names());
    const paths = (await this.list()).map(({ path }) => path).reverse();
    for (const name of [LAST, BEST]) if (names.has(name)) paths.push(join(this.dir, name));
    const skipped: { path: string; reason: string }[] = [];
    for (const path of paths) {
      try {
        return { path, checkpoint: decodeCheckpoint(await this.#files.readFile(path), path), skipped };
      } catch (error) {
        skipped.push({ path, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    if (skipped.length === 0) return undefined;
    throw new Error(
      `checkpoints: none of ${skipped.length} in ${this.dir} is whole, wanted one; ${skipped.map(({ reason }) => reason).join("; ")}`,
    );
  }

  /**
   * Removes the checkpoints after a step: the abandoned future of a run that goes on from there (-1 removes all, best too).
   * Returns the paths removed.
   */
  async discardAfter(step: number): Promise<string[]> {
    const all = await this.list();
    const gone = all.filter((each) => each.step > step).map(({ path }) => path);
    if (step < 0) gone.push(join(this.dir, BEST));
    const kept = all.filter((each) => each.step <= step).at(-1);
    if (kept !== undefined) await this.#name(kept.path, LAST);
    else gone.push(join(this.dir, LAST));
    for (const path of gone) await removeIfThere(path, this.#files);
    if (gone.length > 0 && all.length > 0) await syncFolder(this.dir, this.#files);
    return gone;
  }

  async #names(): Promise<string[]> {
    try {
      return await this.#files.readdir(this.dir);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
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

  /** Keeps the newest checkpoints, the one just saved always, and removes pieces that a kill left. */
  async #prune(saved: number): Promise<void> {
    const all = await this.list();
    const keep = new Set(all.slice(-this.keep).map(({ path }) => path)).add(this.pathOf(saved));
    for (const { path } of all) if (!keep.has(path)) await removeIfThere(path, this.#files);
    for (const name of await this.#names()) {
      if (name.endsWith(`.safetensors${TEMPORARY}`)) await removeIfThere(join(this.dir, name), this.#files);
    }
  }
}
