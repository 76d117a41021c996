// Runs steps of a recorded run again, without its folder: no log, no evaluation, no checkpoint. Evaluation changes no bit of training.
import {
  Trainer,
  type Checkpoint,
  type DataLoader,
  type Pool,
  type SkipDigest,
  type StepDigest,
  type TraceRequest,
} from "../../train/index.ts";
import { openData } from "../data-sets.ts";
import { openPool } from "../machine/pool.ts";
import type { RecordedRun } from "./recorded-run.ts";
import { programOptions, trainerSettings, trainLoader } from "../settings/training-setup.ts";

export interface ReplayOptions {
  readonly dataDir: string;
  readonly workers: number;
}

export interface Stretch {
  /** Where it starts. */
  readonly from: Checkpoint;
  /** Steps that are done at its end. */
  readonly to: number;
  /** What is traced of a step. */
  readonly trace?: (step: number) => TraceRequest | undefined;
  /** Told of every step; false ends the stretch there. `shown` are values that the trace was to show. */
  readonly onStep?: (digest: StepDigest, shown?: readonly number[]) => boolean;
  /** Told of batches that are passed over; as onStep. */
  readonly onSkip?: (digest: SkipDigest) => boolean;
}

export class Replay {
  private readonly pool: Pool;
  /** The state before the first step. */
  readonly start: Checkpoint;
  private readonly run: RecordedRun;
  private readonly train: DataLoader;

  private constructor(run: RecordedRun, pool: Pool, train: DataLoader) {
    this.run = run;
    this.pool = pool;
    this.train = train;
    this.start = this.trainer({}).checkpoint();
  }

  static async open(run: RecordedRun, { dataDir, workers }: ReplayOptions): Promise<Replay> {
    const { train: images } = await openData(run.settings, dataDir);
    const train = trainLoader(images, run.settings);
    const { pool } = await openPool(programOptions(run.settings, train), workers);
    return new Replay(run, pool, train);
  }

  private trainer({ to, trace, onStep, onSkip }: Partial<Stretch>, stop?: AbortController): Trainer {
    return new Trainer({
      ...trainerSettings(this.run.settings, this.train),
      pool: this.pool,
      evaluateEvery: Infinity,
      digests: {
        record: (digest, shown) => {
          if ("step" in digest && onStep?.(digest, shown) === false) stop?.abort();
        },
        recordSkip: (digest) => {
          if (onSkip?.(digest) === false) stop?.abort();
        },
        ...(trace && { trace }),
      },
      // Whatever the run did with them: what it passed over is in its record, and what it did not is no number here either.
      onNonFinite: "skip",
      ...(to !== undefined && { maxSteps: to }),
    });
  }

  /** Runs a stretch and gives the state at its end. */
  async go(stretch: Stretch): Promise<Checkpoint> {
    const stop = new AbortController();
    const trainer = this.trainer(stretch, stop);
    trainer.resume(stretch.from, { acceptContract: true });
    for await (const _event of trainer.fit({ signal: stop.signal }));
    return trainer.checkpoint();
  }

  /** The shape of a parameter's gradient in memory. */
  shapeOf(key: string): readonly number[] | undefined {
    return this.pool.model.namedVariables().find(([known]) => known === key)?.[1].shape;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
