// What is said of rows and columns, or at once of both.

/** One number for both axes, or [rows, columns]. */
export type Pair = number | readonly [rows: number, columns: number];

export const both = (pair: Pair): readonly [rows: number, columns: number] => (typeof pair === "number" ? [pair, pair] : pair);
