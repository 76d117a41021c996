// Two runs of the benches side by side: rows that both have, with the ratio of their values.
import { rowKey, UNITS, type Row } from "./rows.ts";

export interface Difference {
  readonly row: Row;
  readonly before: Row;
  /** How many times as good as before: above 1 is better, whatever the unit. */
  readonly gain: number;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  readonly onlyBefore: readonly Row[];
  readonly onlyNow: readonly Row[];
}

/** Above 1 where `now` is better. */
export function gainOf(now: Row, before: Row): number {
  return UNITS[now.unit] === "more" ? now.value / before.value : before.value / now.value;
}

/** Compares rows by name, threads and unit, whatever engine they were measured on. */
export function compareRows(rows: readonly Row[], earlier: readonly Row[]): Comparison {
  const known = new Map(earlier.map((row) => [rowKey(row), row]));
  const here = new Set(rows.map(rowKey));
  return {
    differences: rows.flatMap((row) => {
      const before = known.get(rowKey(row));
      return before === undefined ? [] : [{ row, before, gain: gainOf(row, before) }];
    }),
    onlyBefore: earlier.filter((row) => !here.has(rowKey(row))),
    onlyNow: rows.filter((row) => !known.has(rowKey(row))),
  };
}
