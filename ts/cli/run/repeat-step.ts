// One step of a recorded run again, with all that its layers and shards give.
import type { Checkpoint, Place, StepDigest } from "../../train/index.ts";
import { sameStep } from "../../train/digest-difference.ts";
import { checkpointBefore, type RecordedRun } from "./recorded-run.ts";
import { Replay, type ReplayOptions } from "./replay.ts";

export interface Repeated {
  readonly run: RecordedRun;
  readonly digest: StepDigest;
  /** The state before the step and after it. */
  readonly before: Checkpoint;
  readonly after: Checkpoint;
  /** The first step that did not come to what was recorded; null where all did. */
  readonly departure: number | null;
}

/** Runs a recorded run from its last checkpoint before a step to the end of the step. */
export async function repeatStep(run: RecordedRun, step: number, options: ReplayOptions): Promise<Repeated> {
  const start = await checkpointBefore(run, step - 1);
  const replay = await Replay.open(run, options);
  let departure: number | null = null;
  let digest: StepDigest | undefined;
  const note = (found: StepDigest): boolean => {
    const recorded = run.digests.steps.get(found.step);
    if (departure === null && recorded !== undefined && !sameStep(recorded, found)) departure = found.step;
    digest = found;
    return true;
  };
  try {
    const before = await replay.go({ from: start?.checkpoint ?? replay.start, to: step - 1, onStep: note });
    const after = await replay.go({ from: before, to: step, trace: () => ({ level: "shard" }), onStep: note });
    if (digest?.step !== step) throw new Error(`diff: ${run.folder.dir} ended before step ${step}, wanted a run that goes on to it`);
    return { run, digest, before, after, departure };
  } finally {
    await replay.close();
  }
}

/** Values of one place of a step. */
export interface Shown {
  readonly values: ArrayLike<number>;
  /** Where that is known. */
  readonly shape?: readonly number[];
  /** Float64 instead of float32. */
  readonly isDouble?: boolean;
}

/** The same step once more, to see the values of one place in it. */
export async function lookInto({ run, before, digest: { step } }: Repeated, show: Place, options: ReplayOptions): Promise<Shown | null> {
  const replay = await Replay.open(run, options);
  let seen: readonly number[] | null = null;
  try {
    await replay.go({
      from: before,
      to: step,
      trace: () => ({ level: "shard", show }),
      onStep: (_digest, shown) => {
        seen = shown ?? null;
        return true;
      },
    });
    const shape = show.kind === "forward" ? undefined : replay.shapeOf(show.key);
    return seen && { values: seen, ...(shape && { shape }) };
  } finally {
    await replay.close();
  }
}
