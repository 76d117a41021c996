// Saves a run's checkpoints, each after what was recorded of the steps up to it: no crash leaves a checkpoint without them. A disk that
// does not take one ends nothing: training goes on, and at the end the state is put elsewhere.
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Checkpoint } from "../../train/index.ts";
import { writeFileAtomic } from "../../train/node/atomic-file.ts";
import { checkpointBytes } from "../../train/node/checkpoint-file.ts";
import type { CheckpointStore } from "../../train/node/checkpoint-store.ts";

/** The newest state could not be put where it belongs. */
export interface Unsaved {
  readonly reason: string;
  /** Where it is instead. */
  readonly rescued: string | undefined;
}

/** A file that grows with every step. */
export interface Recorded {
  sync(): void;
}

export class Saver {
  /** Where checkpoints go, once there is a place. */
  store: CheckpointStore | undefined;
  /** What is on the disk before a checkpoint is. */
  recorded: readonly Recorded[] = [];
  private trouble: string | undefined;
  private readonly warn: (text: string) => void;

  constructor(warn: (text: string) => void) {
    this.warn = warn;
  }

  /** Saves, and returns the path; "" where that was not possible. */
  async save(checkpoint: Checkpoint, { step, best }: { readonly step: number; readonly best: boolean }): Promise<string> {
    if (this.store === undefined) throw new Error("saver: a checkpoint before there is a store, wanted one after");
    try {
      for (const file of this.recorded) file.sync();
      const path = await this.store.save(step, checkpointBytes(checkpoint), { best });
      this.trouble = undefined;
      return path;
    } catch (error) {
      this.trouble = (error as Error).message;
      this.warn(`warning: ${this.trouble}; training goes on without this checkpoint`);
      return "";
    }
  }

  /** Puts the last state into the system's temporary folder where its own did not take it. */
  async rescue(checkpoint: () => Checkpoint, name: string): Promise<Unsaved | undefined> {
    if (this.trouble === undefined) return undefined;
    const path = join(tmpdir(), `perpend-${name}-${process.pid}.safetensors`);
    try {
      await writeFileAtomic(path, checkpointBytes(checkpoint()));
      return { reason: this.trouble, rescued: path };
    } catch {
      return { reason: this.trouble, rescued: undefined };
    }
  }
}
