// What a test asks of a program in another engine, and what it answers: one line of JSON each way.

export interface Request {
  /** "any": the part that runs in any engine, with the kernels' bytes handed to it. "node": the package as Node imports it. */
  readonly entry: "any" | "node";
  /** Worker threads; 0 for the calling one. Others want entry "node". */
  readonly workers: number;
  /** Cases and seeds. */
  readonly runs: readonly (readonly [name: string, seed: number])[];
}

export interface Answer {
  /** How V8 compiled the kernels, where entry "node" chose it. */
  readonly path: "plain" | "wide";
  /** What each run gave, in order. */
  readonly outcomes: readonly string[];
}
