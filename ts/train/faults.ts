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
