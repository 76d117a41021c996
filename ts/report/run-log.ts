// A run put together from its events: what a report shows. A run that was killed and went on counts once.
import type {
  CheckpointEvent,
  DiagnosticsEvent,
  EvaluateEvent,
  NonFiniteEvent,
  RunEndEvent,
  RunEvent,
  RunStartEvent,
  SamplesEvent,
  StepEvent,
} from "../train/events.ts";

export interface RunLog {
  /** The latest start: the settings that the run ended with. */
  readonly start: RunStartEvent;
  readonly steps: readonly StepEvent[];
  readonly evaluations: readonly EvaluateEvent[];
  readonly diagnostics: readonly DiagnosticsEvent[];
  readonly checkpoints: readonly CheckpointEvent[];
  /** Steps that came to NaN or infinity and were passed over. */
  readonly passed: readonly NonFiniteEvent[];
  /** The newest. */
  readonly samples?: SamplesEvent;
  readonly end?: RunEndEvent;
  /** What it took in all sessions, where events tell; what was computed again counts once. */
  readonly seconds?: number;
  /** The steps after which it was taken up again. */
  readonly resumedAt: readonly number[];
}

/** Puts a run together. Events past the step that a run was resumed from are dropped: they were computed again. */
export function collectRun(events: readonly RunEvent[]): RunLog {
  let start: RunStartEvent | undefined;
  let steps: StepEvent[] = [];
  let evaluations: EvaluateEvent[] = [];
  let diagnostics: DiagnosticsEvent[] = [];
  let checkpoints: CheckpointEvent[] = [];
  let passed: NonFiniteEvent[] = [];
  let samples: SamplesEvent | undefined;
  let end: RunEndEvent | undefined;
  let resumedAt: number[] = [];
  /** Seconds after each step, those of the sessions before included. */
  let times: { readonly step: number; readonly seconds: number }[] = [];
  let before = 0;
  for (const event of events) {
    switch (event.type) {
      case "run-start": {
        const { resumedFrom = 0, stepsPerEpoch } = event;
        steps = steps.filter((each) => each.step <= resumedFrom);
        evaluations = evaluations.filter((each) => (each.step ?? each.epoch * stepsPerEpoch) <= resumedFrom);
        diagnostics = diagnostics.filter((each) => each.step <= resumedFrom);
        checkpoints = checkpoints.filter((each) => each.step <= resumedFrom);
        passed = passed.filter((each) => each.step <= resumedFrom + 1);
        times = times.filter((each) => each.step <= resumedFrom);
        before = times.at(-1)?.seconds ?? 0;
        if (resumedFrom === 0) samples = undefined;
        resumedAt = [...resumedAt.filter((step) => step < resumedFrom), ...(resumedFrom > 0 ? [resumedFrom] : [])];
        end = undefined;
        start = event;
        break;
      }
      case "step":
        steps.push(event);
        if (event.seconds !== undefined) times.push({ step: event.step, seconds: before + event.seconds });
        break;
      case "nonfinite":
        // One right after the step that it was resumed from may come again.
        if (event.skipped) passed = [...passed.filter((each) => each.batch < event.batch), event];
        break;
      case "evaluate":
        evaluations.push(event);
        break;
      case "diagnostics":
        diagnostics.push(event);
        break;
      case "checkpoint":
        checkpoints.push(event);
        break;
      case "samples":
        samples = event;
        break;
      case "run-end":
        end = event;
    }
  }
  if (start === undefined) throw new Error(`report: ${events.length} events and no run-start, wanted the log of a run`);
  const seconds = end === undefined ? times.at(-1)?.seconds : before + end.seconds;
  return {
    start,
    steps,
    evaluations,
    diagnostics,
    checkpoints,
    passed,
    samples,
    end,
    resumedAt,
    ...(seconds !== undefined && { seconds }),
  };
}

/** The split that a run is judged by: that of its last evaluation. */
export function judgedBy(run: RunLog): readonly EvaluateEvent[] {
  const split = run.evaluations.at(-1)?.split;
  return run.evaluations.filter((each) => each.split === split);
}

/** Epochs done after so many steps, with the part of an epoch. */
export function epochOf(step: number, start: RunStartEvent): number {
  return start.stepsPerEpoch > 0 ? step / start.stepsPerEpoch : 0;
}
