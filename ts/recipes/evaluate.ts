// How a recipe's runs are judged: which number of a run counts, what it is compared with, what the paper found.

/** What an evaluation on held-out images found. */
export interface Found {
  readonly epoch: number;
  readonly loss: number;
  /** Share classified right. */
  readonly top1: number;
}

/** The number that a paper's table has, in percent. */
export interface Unit {
  readonly label: string;
  readonly better: "higher" | "lower";
  of(top1: number): number;
}

/** Images classified right, in percent. */
export const accuracy: Unit = { label: "accuracy", better: "higher", of: (top1) => 100 * top1 };

/** Images classified wrong, in percent. */
export const error: Unit = { label: "error", better: "lower", of: (top1) => 100 * (1 - top1) };

/** Which evaluations of a run make its number. */
export interface Protocol {
  readonly label: string;
  /** Mean share classified right over the evaluations that count. */
  of(found: readonly Found[]): number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The last epoch. */
export const lastEpoch: Protocol = { label: "last epoch", of: (found) => found[found.length - 1].top1 };

/** The mean of a run's best epochs, as some papers report: optimistic, since the test set chooses them. */
export function bestEpochs(count: number): Protocol {
  const best = (found: readonly Found[]): number[] =>
    [...Float64Array.from(found, ({ top1 }) => top1).sort()].reverse().slice(0, Math.max(1, count));
  return { label: `mean of the best ${count} epochs`, of: (found) => mean(best(found)) };
}

/** A combination of choices, or a part of one: labels by axis. */
export type Labels = { readonly [axis: string]: string };

/** A number of the paper. */
export interface Published {
  readonly at: Labels;
  /** In the unit of the recipe; absent where the paper only says that it fails. */
  readonly value?: number;
  /** Standard deviation over the paper's runs. */
  readonly spread?: number;
  /** The paper calls it a failure. */
  readonly fails?: true;
  /** Why the number is not certain. */
  readonly unverified?: string;
}

/** What the paper says in words, where it gives no number: better or worse than what it is compared with. */
export interface Claim {
  readonly at: Labels;
  readonly is: "better" | "worse" | "alike";
  readonly unverified?: string;
}

/** Something measured in training, to draw over time: a figure of the paper. */
export interface MeasuredCurve {
  readonly title: string;
  /** Name of the measure, and which of its numbers. */
  readonly measure: string;
  readonly value: string;
  /** Draws positive values of several orders of magnitude. */
  readonly log?: true;
}

/** Something measured of each layer, to draw over the depth as it is at the end: a figure of the paper. */
export interface MeasuredProfile extends MeasuredCurve {
  /** A number of each layer to draw over, and its name; by default the layer's place. */
  readonly over?: string;
  readonly unit: string;
  /** The values are percent. */
  readonly percent?: true;
}

/** Something measured of each layer, to draw over depth and time; or several numbers of each layer, at the end. */
export interface MeasuredMap {
  readonly title: string;
  readonly measure: string;
  /** Name of the number; `b` with `bins` for b0, b1, ... */
  readonly value: string;
  /** Number of bins of a distribution; its ends are the measure's `low` and `high`. */
  readonly bins?: number;
  /** Colors by the logarithm, by the value, or from -1 to 1. */
  readonly scale: "log" | "linear" | "cosine";
}

/** A number measured of the trained net, as a column of a table of its own. */
export type MeasuredColumn = MeasuredCurve;

export interface Evaluate {
  readonly unit: Unit;
  readonly protocol: Protocol;
  /** What each combination is compared with: the one that has these choices instead, and the same others. */
  readonly against: Labels;
  readonly published?: readonly Published[];
  readonly claims?: readonly Claim[];
  /** Batches to estimate batch norm's running statistics anew from before the end is judged; by default they stay as training left them. */
  readonly reestimate?: number;
  readonly curves?: readonly MeasuredCurve[];
  readonly profiles?: readonly MeasuredProfile[];
  readonly maps?: readonly MeasuredMap[];
  readonly columns?: readonly MeasuredColumn[];
  /** What watched skips do to their stream is a figure of the paper too. */
  readonly streams?: true;
  /** An axis whose labels are numbers, to draw results over. */
  readonly sweep?: string;
}

/** Whether a combination has all of these choices. */
export function matches(labels: Labels, part: Labels): boolean {
  return Object.entries(part).every(([axis, label]) => labels[axis] === label);
}
