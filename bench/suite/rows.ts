// What a bench measured, a row a number; the form in which rows are written to a file and read again.
import * as v from "valibot";

/** Units, and whether more of them is better. */
export const UNITS = {
  "images/s": "more",
  "requests/s": "more",
  "GFLOP/s": "more",
  "Gelem/s": "more",
  "GB/s": "more",
  /** How many times as fast as what it is compared with. */
  "speed ratio": "more",
  /** How many times the time of what it is compared with. */
  "time ratio": "less",
  ms: "less",
  us: "less",
  MB: "less",
} as const;

export type Unit = keyof typeof UNITS;

export type Direction = (typeof UNITS)[Unit];

/** A row of the file. A row is known by its name, its threads and its unit. */
export interface Row {
  readonly name: string;
  /** Engine and version. */
  readonly runtime: string;
  readonly threads: number;
  /** The median. */
  readonly value: number;
  readonly unit: Unit;
  /** Part of what this machine showed at best, measured in turn with it; null where that has no meaning. */
  readonly ceilingShare: number | null;
}

/** A row with what only the table shows. */
export interface Measured extends Row {
  readonly best: number;
  /** Reach of the middle half of the measurements, in parts of the median; null for a number that was measured once or twice. */
  readonly spread: number | null;
  /** CPU time of the process over the time that passed: below the number of threads, threads waited or others had the core. */
  readonly cpu: number | null;
}

export const runtime = `node ${process.versions.node}`;

/** A row measured once or derived from others. */
export function measured(
  row: Omit<Measured, "runtime" | "threads" | "ceilingShare" | "best" | "spread" | "cpu"> & Partial<Measured>,
): Measured {
  return { runtime, threads: 1, ceilingShare: null, best: row.value, spread: null, cpu: null, ...row };
}

/** The spreads of those rows that have one. */
export function spreadsOf(rows: readonly Measured[]): number[] {
  return rows.flatMap(({ spread }) => (spread === null ? [] : [spread]));
}

/** What tells a row from others of the same run. */
export function rowKey({ name, threads, unit }: Pick<Row, "name" | "threads" | "unit">): string {
  return `${name}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${unit}`;
}

/** Drops what the file does not hold, and digits that no measurement has. */
export function toRow({ name, runtime: engine, threads, value, unit, ceilingShare }: Row): Row {
  const digits = (number: number): number => Number(number.toPrecision(5));
  return { name, runtime: engine, threads, value: digits(value), unit, ceilingShare: ceilingShare === null ? null : digits(ceilingShare) };
}

const rowsSchema = v.array(
  v.object({
    name: v.string(),
    runtime: v.string(),
    threads: v.number(),
    value: v.number(),
    unit: v.picklist(Object.keys(UNITS) as Unit[]),
    ceilingShare: v.nullable(v.number()),
  }),
);

export function writeRows(rows: readonly Row[]): string {
  return `[\n${rows.map((row) => `  ${JSON.stringify(toRow(row))}`).join(",\n")}\n]\n`;
}

/** Reads what writeRows wrote. `from` is what errors call it. Errors: no JSON; rows of another form. */
export function readRows(text: string, from: string): Row[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${from}: no JSON (${(error as Error).message}), wanted what --json writes`);
  }
  const result = v.safeParse(rowsSchema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(`${from}: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}, wanted what --json writes`);
}
