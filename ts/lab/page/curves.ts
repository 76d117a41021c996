// Curves of thousands of steps as a chart draws them live: means over equal stretches of the run, the same for all runs.
import type { EvaluateEvent } from "../../train/index.ts";
import type { RunView, StepColumns } from "./run-view.ts";

/** Stretches of a whole run at most. */
const STRETCHES = 240;
/** Stretches that a drawn point is the mean of. */
const WINDOW = 6;

/** [x, y], x in epochs. */
export type Curve = readonly [x: number[], y: number[]];

export type Quantity = Exclude<keyof StepColumns, "step">;

/** The mean of each stretch together with those right before it. */
export function trainingCurve(run: RunView, quantity: Quantity): Curve {
  const { step: steps, [quantity]: values } = run.columns;
  const length = Math.max(1, Math.ceil(run.steps / STRETCHES));
  const x: number[] = [];
  const sums: number[] = [];
  const counts: number[] = [];
  let stretch = -1;
  steps.forEach((step, at) => {
    const own = Math.floor((step - 1) / length);
    if (own !== stretch) {
      stretch = own;
      x.push(((own + 1) * length) / run.stepsPerEpoch);
      sums.push(0);
      counts.push(0);
    }
    sums[sums.length - 1] += values[at];
    counts[counts.length - 1]++;
  });
  // The last stretch ends where the run stands.
  if (x.length > 0) x[x.length - 1] = (steps.at(-1) ?? 0) / run.stepsPerEpoch;
  const y = sums.map((_, i) => {
    const from = Math.max(0, i - WINDOW + 1);
    const sum = (list: readonly number[]): number => list.slice(from, i + 1).reduce((total, value) => total + value, 0);
    return sum(sums) / sum(counts);
  });
  return [x, y];
}

/** Evaluations as points. */
export function evaluationCurve(run: RunView, pick: (event: EvaluateEvent) => number): Curve {
  const at = ({ step, epoch }: EvaluateEvent): number => (step === undefined ? epoch : step / run.stepsPerEpoch);
  return [run.evaluations.map(at), run.evaluations.map(pick)];
}
