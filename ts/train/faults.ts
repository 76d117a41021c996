// What can happen to a worker in mid-step, as events tell it and as an error where it cannot be made good.

/**
 * exit: the thread ended, by itself or by others. crash: an error that nobody caught ended it. throw: it threw in the step. trap: a kernel
 * trapped. memory: there was none left. hang: it did not answer in time. start: it could not begin.
 */
export const FAULT_KINDS = ["exit", "crash", "throw", "trap", "memory", "hang", "start"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A worker was lost, or its work. */
export interface Fault {
  readonly kind: FaultKind;
  /** From 0. */
  readonly worker: number;
  /** The step under way (the first is 1), or the one to come. */
  readonly step: number;
  /** From 1; 0 where no step was under way. */
  readonly attempt: number;
  /** Time that went into the attempt and into what had to be done before the next. */
  readonly seconds: number;
  readonly message: string;
}

/** What befell a worker, in one line. */
export function faultText({ kind, worker, step, attempt, message }: Fault): string {
  const [first] = message.split("\n");
  if (kind === "start") return `worker ${worker} could not begin: ${first}; it is tried again, the others do its part`;
  if (kind === "throw") return `worker ${worker} threw in step ${step}: ${first}; the step was done again`;
  const when = attempt === 0 ? `before step ${step}` : `in step ${step}`;
  return `worker ${worker} was lost ${when} (${kind}: ${first}) and replaced${attempt === 0 ? "" : "; the step was done again"}`;
}

/** Work that was given up because of a worker. Weights, optimizer and running statistics are those of the step before. */
export class WorkerFault extends Error {
  override readonly name = "WorkerFault";
  readonly kind: FaultKind;
  readonly worker: number;
  readonly step: number;
  readonly attempt: number;

  /** `cause` is the error in the worker, where there was one. */
  constructor(message: string, { kind, worker, step, attempt }: Omit<Fault, "seconds" | "message">, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.worker = worker;
    this.step = step;
    this.attempt = attempt;
  }
}
