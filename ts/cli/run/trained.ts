// A trained model from its checkpoint, ready to be evaluated or asked.
import { restoreState, type Pool } from "../../train/index.ts";
import { aboutOf, type About } from "../settings/checkpoint-about.ts";
import { openPool, workersFor } from "../machine/pool.ts";
import { openCheckpoint } from "./run-folder.ts";

export interface Trained {
  /** The file. */
  readonly path: string;
  readonly about: About;
  readonly pool: Pool;
}

/** Opens `--checkpoint`: a file, or a run's folder, which stands for its best checkpoint. Close the pool when done. */
export async function openTrained(given: string, askedWorkers: number | undefined): Promise<Trained> {
  const { path, checkpoint } = await openCheckpoint("--checkpoint", given, "best");
  const about = aboutOf(checkpoint, path);
  const { settings, data } = about;
  const { classNames, channels, height, width } = data;
  const options = { ...settings, classes: classNames.length, channels, imageSize: [height, width] as const, observeEvery: 0 };
  const { pool } = await openPool(options, workersFor(settings, askedWorkers));
  try {
    restoreState(pool, checkpoint);
  } catch (error) {
    await pool.close();
    throw new Error(`${path}: its tensors are not those of ${settings.model}: ${(error as Error).message}`, { cause: error });
  }
  return { path, about, pool };
}
