// The words of the progress display: pure functions from numbers to text that fits a width.
import type { createColors } from "picocolors";
import { formatCount, formatDuration, formatLoss, formatPercent } from "../../report/numbers.ts";

export type Colors = ReturnType<typeof createColors>;

/** What the display knows of a run. */
export interface ProgressState {
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch. */
  readonly stepInEpoch: number;
  readonly stepsPerEpoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  /** Seconds until the run ends; undefined while nobody can know. */
  readonly secondsLeft: number | undefined;
}

interface Piece {
  readonly text: string;
  readonly color?: (text: string) => string;
}

const BAR_MOST = 24;
const BAR_LEAST = 6;

/** One line of at most `columns` characters: pieces are left out, least wanted first, until it fits. */
export function formatBar(state: ProgressState, columns: number, colors: Colors): string {
  const { epoch, epochs, stepInEpoch, stepsPerEpoch } = state;
  const pieces: Record<string, Piece> = {
    epoch: { text: `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`, color: colors.bold },
    step: { text: `${String(stepInEpoch).padStart(String(stepsPerEpoch).length)}/${stepsPerEpoch}` },
    loss: { text: `loss ${formatLoss(state.loss)}`, color: colors.cyan },
    accuracy: { text: `acc ${formatPercent(state.accuracy)}`, color: colors.green },
    speed: { text: `${formatCount(state.imagesPerSecond)} img/s` },
    left: { text: state.secondsLeft === undefined ? "" : `left ${formatDuration(state.secondsLeft)}`, color: colors.dim },
  };
  const order = ["epoch", "step", "loss", "accuracy", "speed", "left"].filter((key) => pieces[key].text !== "");
  const widthOf = (keys: readonly string[]): number => keys.reduce((sum, key) => sum + pieces[key].text.length, 2 * (keys.length - 1));
  for (const least of ["speed", "accuracy", "step", "left"]) {
    if (widthOf(order) > columns) order.splice(0, order.length, ...order.filter((key) => key !== least));
  }
  const room = Math.min(BAR_MOST, columns - widthOf(order) - 2);
  const parts = order.map((key) => (pieces[key].color ?? String)(pieces[key].text));
  if (room >= BAR_LEAST) {
    const done = stepsPerEpoch > 0 ? Math.min(room, Math.floor((room * stepInEpoch) / stepsPerEpoch)) : 0;
    parts.splice(1, 0, colors.cyan("━".repeat(done)) + colors.dim("─".repeat(room - done)));
  }
  return widthOf(order) <= columns ? parts.join("  ") : pieces["epoch"].text.slice(0, Math.max(0, columns));
}

/** The same as one plain line for files and pipes. */
export function formatPlain(state: ProgressState): string {
  const { epoch, epochs, stepInEpoch, stepsPerEpoch, loss, accuracy, imagesPerSecond, secondsLeft } = state;
  const left = secondsLeft === undefined ? "" : `  left ${formatDuration(secondsLeft)}`;
  return (
    `epoch ${epoch}/${epochs}  step ${stepInEpoch}/${stepsPerEpoch}  loss ${formatLoss(loss)}  acc ${formatPercent(accuracy)}` +
    `  ${formatCount(imagesPerSecond)} img/s${left}`
  );
}
