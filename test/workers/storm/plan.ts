// What befalls the workers of a storm: a fault of a kind, at a point of a step, drawn from a seed.
export const KINDS = ["exit", "throw", "uncaught", "trap", "memory", "terminate", "hang"] as const;
/** Late: silent for longer than workers are waited for, then it goes on. */
export type Kind = (typeof KINDS)[number] | "late";

/** How long a late one is silent, in milliseconds. */
export const LATE = 2500;

/** Points and how often a worker passes them in a step, at least. */
export const POINTS = {
  "before the forward pass": 1,
  "in the forward pass": 3,
  "before a barrier": 8,
  "after a barrier": 8,
  "in the backward pass": 3,
  "after the backward pass": 1,
  "between sums": 3,
  "between updates": 3,
  "before the answer": 1,
  "in the evaluation": 1,
} as const;
export type Point = keyof typeof POINTS;

export interface Planned {
  readonly id: number;
  /** Steps done before. */
  readonly step: number;
  /** Of as many as there are then. */
  readonly worker: number;
  readonly point: Point;
  /** How often the point is passed before. */
  readonly nth: number;
  readonly kind: Kind;
}

export interface StormOptions {
  readonly plan: readonly Planned[];
  /** Name of a mistake to plant, "" for none. */
  readonly plant: string;
  /** Folder of those that have happened. */
  readonly marks: string;
  readonly batchesPerStep: number;
}
