// Why a run ended, for a person at the page: no names of options that the page does not have.
import { NonFiniteError, nonFiniteText } from "../train/index.ts";

/** A sentence or two on an error of a run. */
export function failureText(error: unknown): string {
  if (!(error instanceof NonFiniteError)) return error instanceof Error ? error.message : String(error);
  const { found } = error;
  const { samples, before, learningRate } = found;
  const advice =
    samples !== undefined || before !== undefined
      ? "Look at the data."
      : `Try a smaller learning rate than ${Number(learningRate.toPrecision(2))}, that of this step.`;
  return `The numbers grew beyond all bounds: ${nonFiniteText(found)}. ${advice}`;
}
