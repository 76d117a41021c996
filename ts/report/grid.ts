// The results of a grid of runs as reports and tables take them: a row a combination, beside what the paper has.
import { meanOf, spreadOf, type Paired } from "./significance.ts";
import { epochOf, type RunLog } from "./run-log.ts";
import { smooth, windowFor, type Point } from "./series.ts";

/** A number of the paper. */
export interface PaperNumber {
  /** Absent where the paper only says that it fails. */
  readonly value?: number;
  readonly spread?: number;
  readonly fails: boolean;
  /** Why it is not certain. */
  readonly unverified?: string;
}

/** Something that a run measured beside its accuracy. */
export interface Measure {
  readonly step: number;
  readonly measure: string;
  readonly values: { readonly [name: string]: number };
  /** Numbers of each layer, the one next to the image first; empty where there are none. */
  readonly layers: readonly { readonly [name: string]: number }[];
}

/** A measure to draw over time. */
export interface GridCurve {
  readonly title: string;
  readonly measure: string;
  readonly value: string;
  /** Where values of several orders of magnitude are positive. */
  readonly log?: true;
}

/** A measure of each layer to draw over depth, as it is at the end. */
export interface GridProfile extends GridCurve {
  readonly over?: string;
  readonly unit: string;
  readonly percent?: true;
}

/** A measure of each layer to draw over depth and time, or as bins at the end. */
export interface GridMap extends GridCurve {
  readonly bins?: number;
  readonly scale: "log" | "linear" | "cosine";
}

/** Whether we find what the paper finds. */
export type Verdict = "same" | "alike" | "opposite" | "not shown" | "differs" | "one seed" | "paper says nothing" | "no runs";

export interface GridDifference {
  /** Label of the row that it is compared with. */
  readonly from: string;
  /** Ours minus theirs, over the seeds that both have. */
  readonly paired: Paired;
  /** The paper's difference; absent where it has no two numbers. */
  readonly paper?: number;
  /** In words, where the paper has no number. */
  readonly claim?: string;
  readonly verdict: Verdict;
}

export interface GridRow {
  readonly name: string;
  /** Labels by axis. */
  readonly labels: { readonly [axis: string]: string };
  /** The number of each seed's run, in the unit of the grid; null where the run is not done. */
  readonly values: readonly (number | null)[];
  /** Runs whose loss was no number: counted as guessing. */
  readonly diverged: number;
  readonly mean: number;
  /** Standard deviation over seeds; NaN of fewer than two. */
  readonly spread: number;
  readonly paper?: PaperNumber;
  readonly difference?: GridDifference;
  readonly logs: readonly (RunLog | null)[];
  /** What the run of each seed measured. */
  readonly measures: readonly (readonly Measure[])[];
}

export interface Grid {
  /** `<paper>/<experiment>`. */
  readonly name: string;
  readonly title: string;
  /** Paper and table. */
  readonly source: string;
  readonly expects: string;
  readonly scale: string;
  /** What the scale means, in words. */
  readonly setting: string;
  /** `accuracy`, in percent. */
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly protocol: string;
  readonly axes: readonly string[];
  /** The axis whose labels are numbers, to draw results over. */
  readonly sweep?: string;
  readonly curves: readonly GridCurve[];
  readonly profiles: readonly GridProfile[];
  readonly maps: readonly GridMap[];
  /** Measures of the trained net, a column each. */
  readonly columns: readonly GridCurve[];
  /** The paper draws what skips do to their stream. */
  readonly streams: boolean;
  readonly seeds: readonly number[];
  readonly rows: readonly GridRow[];
  readonly command: string;
  readonly commit?: string;
}

const signed = (value: number, digits: number): string => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);

/** `87.42 ± 0.31`, `fails`. */
export function numberText(mean: number, spread = NaN, digits = 2): string {
  if (!Number.isFinite(mean)) return "–";
  return Number.isFinite(spread) ? `${mean.toFixed(digits)} ± ${spread.toFixed(digits)}` : mean.toFixed(digits);
}

export function paperText(paper: PaperNumber | undefined): string {
  if (paper === undefined) return "–";
  const text = paper.value === undefined ? (paper.fails ? "fails" : "–") : numberText(paper.value, paper.spread);
  return paper.unverified === undefined ? text : `${text} *`;
}

/** Head and cells of the table that everything shows. */
export function gridTable({ rows, unit, seeds }: Grid): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const compared = rows.some(({ difference }) => difference !== undefined);
  const head = ["", `${unit} %`, "runs", "paper", ...(compared ? ["difference", "paper's", "direction"] : [])];
  return {
    head,
    rows: rows.map(({ name, values, mean, spread, diverged, paper, difference }) => {
      const done = values.filter((value) => value !== null).length;
      const runs = `${done}/${seeds.length}${diverged > 0 ? `, ${diverged} diverged` : ""}`;
      const cells = [name, numberText(mean, spread), runs, paperText(paper)];
      if (!compared) return cells;
      if (difference === undefined) return [...cells, "", "", ""];
      const paperDifference = difference.paper === undefined ? (difference.claim ?? "–") : signed(difference.paper, 2);
      const ours = difference.verdict === "no runs" ? "–" : signed(difference.paired.mean, 2);
      return [...cells, ours, paperDifference, difference.verdict];
    }),
  };
}

/** Means of a grid of two axes, the first by rows, the second by columns; null for other grids. */
export function crossTable({
  axes,
  rows,
}: Grid): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } | null {
  if (axes.length !== 2) return null;
  const [down, across] = axes.map((axis) => [...new Set(rows.map(({ labels }) => labels[axis]))]);
  if (down.length < 2 || across.length < 2) return null;
  const cellOf = (first: string, second: string): string => {
    const found = rows.find(({ labels }) => labels[axes[0]] === first && labels[axes[1]] === second);
    return found ? numberText(found.mean) : "";
  };
  const cells = down.map((first) => [first, ...across.map((second) => cellOf(first, second))]);
  return { head: [`${axes[0]}, ${axes[1]}`, ...across], rows: cells };
}

/** Head and cells of what was measured of the trained nets, mean and deviation over seeds; null where nothing was. */
export function measuredTable({
  rows,
  columns,
}: Grid): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } | null {
  // prettier-ignore
  const cellOf = ({ measures }: GridRow, { measure, value }: GridCurve): string => {
    const found = measures.flatMap((own) => {
      const last = own.filter((each) => each.measure === measure && value in each.values).at(-1);
      return last ? [last.values[value]] : [];
    });
    return found.length === 0 ? "–" : numberText(meanOf(found), spreadOf(found), 3);
  };
  const cells = rows.map((row) => [row.name, ...columns.map((column) => cellOf(row, column))]);
  const known = cells.filter((row) => row.slice(1).some((cell) => cell !== "–"));
  return known.length === 0 ? null : { head: ["", ...columns.map(({ title }) => title)], rows: known };
}

/** What was found in an evaluation that counts, by epoch: the mean over seeds. */
export function meanCourse(logs: readonly (RunLog | null)[], of: (top1: number) => number): { readonly x: number; readonly y: number }[] {
  const byEpoch = new Map<number, number[]>();
  for (const log of logs) for (const { epoch, top1, split } of log?.evaluations ?? []) if (split === "test") byEpoch.set(epoch, [...(byEpoch.get(epoch) ?? []), of(top1)]); // prettier-ignore
  return [...byEpoch]
    .sort(([a], [b]) => a - b)
    .map(([x, values]) => ({ x, y: values.reduce((sum, value) => sum + value, 0) / values.length }));
}

/** The training loss of the first run that there is, smoothed, over epochs. */
export function trainingCourse(logs: readonly (RunLog | null)[]): Point[] {
  const log = logs.find((each) => each !== null);
  if (!log) return [];
  const points = log.steps.map(({ step, loss }) => ({ x: epochOf(step, log.start), y: loss }));
  return smooth(points, windowFor(points.length));
}
