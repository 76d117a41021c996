// What the page knows of one run, put together from its events as they come. A run that was taken up again counts once.
import type { DiagnosticsEvent, EvaluateEvent, RunEndEvent, RunEvent, RunStartEvent, SamplesEvent } from "../../train/index.ts";
import type { RunState } from "../protocol.ts";

/** Steps that the numbers beside a run are means of. */
const RECENT = 20;

/** One number a step, in the order of steps. */
export interface StepColumns {
  readonly step: number[];
  readonly loss: number[];
  readonly accuracy: number[];
  readonly imagesPerSecond: number[];
}

export class RunView {
  label: string;
  /** `idle` before it was started. */
  state: RunState | "idle" = "idle";
  /** Why it failed. */
  failure: string | undefined;
  notices: string[] = [];
  keptStep: number | undefined;
  start: RunStartEvent | undefined;
  end: RunEndEvent | undefined;
  samples: SamplesEvent | undefined;
  evaluations: EvaluateEvent[] = [];
  diagnostics: DiagnosticsEvent[] = [];
  readonly columns: StepColumns = { step: [], loss: [], accuracy: [], imagesPerSecond: [] };
  /** All of them, for the report. */
  readonly events: RunEvent[] = [];
  constructor(label: string) {
    this.label = label;
  }

  add(events: readonly RunEvent[]): void {
    for (const event of events) this.take(event);
  }

  private take(event: RunEvent): void {
    const { columns } = this;
    this.events.push(event);
    if (event.type === "run-start") this.begin(event);
    if (event.type === "step") {
      columns.step.push(event.step);
      columns.loss.push(event.loss);
      columns.accuracy.push(event.accuracy);
      columns.imagesPerSecond.push(event.imagesPerSecond);
    }
    if (event.type === "evaluate") this.evaluations.push(event);
    if (event.type === "diagnostics") this.diagnostics.push(event);
    if (event.type === "samples") this.samples = event;
    if (event.type === "run-end") this.end = event;
    if (event.type === "nonfinite")
      this.notices = [
        ...this.notices,
        `Step ${event.step}: the ${event.what} is ${event.value}; ${event.skipped ? "passed over" : "the run ends"}.`,
      ];
  }

  /** What was computed past the step that it goes on from is computed again. */
  private begin(event: RunStartEvent): void {
    const { resumedFrom = 0, stepsPerEpoch } = event;
    const { columns } = this;
    this.start = event;
    this.label = event.name;
    this.end = undefined;
    let kept = columns.step.length;
    while (kept > 0 && columns.step[kept - 1] > resumedFrom) kept--;
    for (const column of Object.values(columns) as number[][]) column.length = kept;
    this.evaluations = this.evaluations.filter(({ step, epoch }) => (step ?? epoch * stepsPerEpoch) <= resumedFrom);
    this.diagnostics = this.diagnostics.filter(({ step }) => step <= resumedFrom);
    if (resumedFrom === 0) this.samples = undefined;
  }

  get step(): number {
    return this.columns.step.at(-1) ?? this.start?.resumedFrom ?? 0;
  }

  /** Steps of the whole run; 0 before it is known. */
  get steps(): number {
    return this.start ? this.start.epochs * this.start.stepsPerEpoch : 0;
  }

  get stepsPerEpoch(): number {
    return this.start?.stepsPerEpoch ?? 1;
  }

  private recent(values: readonly number[]): number {
    const last = values.slice(-RECENT);
    return last.length === 0 ? NaN : last.reduce((sum, value) => sum + value, 0) / last.length;
  }

  /** Mean training loss of the last steps. */
  get loss(): number {
    return this.recent(this.columns.loss);
  }

  /** Images in a second, over the last steps. */
  get speed(): number {
    const last = this.columns.imagesPerSecond.slice(-RECENT);
    const time = last.reduce((sum, rate) => sum + 1 / rate, 0);
    return last.length === 0 ? NaN : last.length / time;
  }

  /** Seconds that are left, without evaluations. */
  get secondsLeft(): number {
    const { recipe } = this.start ?? {};
    const batch = Number(recipe?.["batchSize"] ?? NaN);
    return ((this.steps - this.step) * batch) / this.speed;
  }

  get evaluation(): EvaluateEvent | undefined {
    return this.evaluations.at(-1);
  }
}
