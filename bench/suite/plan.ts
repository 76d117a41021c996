// What a run of the benches is asked for, and what a bench gives back.
import type { Measured } from "./rows.ts";

export interface Plan {
  /** As little as tells something: all benches in about a minute. */
  readonly quick: boolean;
  /** Rounds, where the bench's own number is not wanted. */
  readonly rounds: number | null;
  /** Measures only what has one of these in its name; nothing means all. */
  readonly filter: readonly string[];
  /** Numbers of workers; 0 is the calling thread. */
  readonly workers: readonly number[] | null;
  /** Another file of kernels. */
  readonly wasm: string | null;
}

export interface Findings {
  readonly rows: readonly Measured[];
  /** Lines below the table. */
  readonly notes: readonly string[];
}

/** A bench: a file beside run.ts exports one as `measure`. */
export type Measure = (plan: Plan) => Promise<Findings>;

export function isChosen({ filter }: Plan, name: string): boolean {
  return filter.length === 0 || filter.some((part) => name.includes(part));
}

/** Says on standard error how far it is. */
export function progress(done: number, all: number, what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${done < all ? `${done + 1}/${all} ${what}` : ""}`);
}
