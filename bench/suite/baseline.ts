// Accepted ratios: how parts of one run stand to each other, which depends far less on the machine and its load than any speed.
// bench/baselines/node<major>.json holds those of an engine; --check compares a run with them, --accept takes a run's.
import * as v from "valibot";
import { rowKey, UNITS, type Row } from "./rows.ts";

/** How much worse than accepted a ratio may be, in parts of it. */
export const TOLERANCE = 0.1;

type Ratios = { readonly [name: string]: number };

export interface Baseline {
  readonly runtime: string;
  readonly machine: string;
  readonly tolerance: number;
  /** Tolerances of single ratios. */
  readonly tolerances: Ratios;
  /** Ratios by the key of their row, with `share of ceiling` where it is that. */
  readonly moreIsBetter: Ratios;
  readonly lessIsBetter: Ratios;
}

export interface Verdict {
  readonly name: string;
  readonly value: number;
  readonly accepted: number;
  /** How many times as good as accepted. */
  readonly gain: number;
  readonly tolerance: number;
  readonly worse: boolean;
}

/** The ratios among the rows of a run: those measured as ratios, and shares of the ceiling. */
export function ratiosOf(rows: readonly Row[]): Pick<Baseline, "moreIsBetter" | "lessIsBetter"> {
  const moreIsBetter: Record<string, number> = {};
  const lessIsBetter: Record<string, number> = {};
  const round = (value: number): number => Number(value.toPrecision(3));
  for (const row of rows) {
    const { unit, value, ceilingShare } = row;
    if (unit.endsWith(" ratio")) (UNITS[unit] === "more" ? moreIsBetter : lessIsBetter)[rowKey(row)] = round(value);
    if (ceilingShare !== null) moreIsBetter[`${rowKey(row)}, share of ceiling`] = round(ceilingShare);
  }
  return { moreIsBetter, lessIsBetter };
}

/** Every ratio that both the run and the baseline have. */
export function checkRatios(rows: readonly Row[], baseline: Baseline): Verdict[] {
  const now = ratiosOf(rows);
  return (["moreIsBetter", "lessIsBetter"] as const).flatMap((kind) =>
    Object.entries(baseline[kind]).flatMap(([name, accepted]) => {
      const value = now[kind][name];
      if (value === undefined) return [];
      const gain = kind === "moreIsBetter" ? value / accepted : accepted / value;
      const tolerance = baseline.tolerances[name] ?? baseline.tolerance;
      return [{ name, value, accepted, gain, tolerance, worse: !(gain >= 1 - tolerance) }];
    }),
  );
}

/** What was worse, as it was when it was measured again: what is fine once was disturbed before. */
export function judgeAgain(verdicts: readonly Verdict[], again: readonly Verdict[]): Verdict[] {
  const later = new Map(again.map((verdict) => [verdict.name, verdict]));
  return verdicts.map((verdict) => {
    const other = later.get(verdict.name);
    return verdict.worse && other !== undefined && other.gain > verdict.gain ? other : verdict;
  });
}

/** The baseline after a run was accepted: the run's ratios, and those of before that it did not measure. Tolerances stay. */
export function acceptRatios(rows: readonly Row[], old: Baseline | null, machine: string, runtime: string): Baseline {
  const now = ratiosOf(rows);
  return {
    runtime,
    machine,
    tolerance: old?.tolerance ?? TOLERANCE,
    tolerances: old?.tolerances ?? {},
    moreIsBetter: { ...old?.moreIsBetter, ...now.moreIsBetter },
    lessIsBetter: { ...old?.lessIsBetter, ...now.lessIsBetter },
  };
}

const ratiosSchema = v.record(v.string(), v.pipe(v.number(), v.minValue(0)));

const baselineSchema = v.strictObject({
  runtime: v.string(),
  machine: v.string(),
  tolerance: v.pipe(v.number(), v.minValue(0)),
  tolerances: ratiosSchema,
  moreIsBetter: ratiosSchema,
  lessIsBetter: ratiosSchema,
});

/** Errors: no JSON; another form. `from` is what errors call it. */
export function readBaseline(text: string, from: string): Baseline {
  const result = v.safeParse(baselineSchema, JSON.parse(text));
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(`${from}: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}, wanted what --accept writes`);
}

export function writeBaseline(baseline: Baseline): string {
  return `${JSON.stringify(baseline, null, 2)}\n`;
}
