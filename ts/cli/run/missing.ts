// What is surely missing in the record of a run before a checkpoint. How often `perpend train` logs and evaluates may change with every
// start, and is recorded nowhere; what is logged regularly between two starts shows the interval.
import { chainOfBegin } from "../../train/digest-chain.ts";
import type { DigestEntry } from "../../train/digest-log.ts";
import type { EvaluateEvent, JsonObject, RunEvent, StepEvent } from "../../train/index.ts";

/** Both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const numberIn = (state: JsonObject, key: string): number => {
  const value = state[key];
  return typeof value === "number" ? value : 0;
};

/** Whether the run ended, or was stopped, right after an epoch and before it was evaluated, though epochs are every so often. */
export function lacksEvaluation(events: readonly RunEvent[], state: JsonObject, every = 1): boolean {
  const [epoch, batch, step] = ["epoch", "batch", "optimizerSteps"].map((key) => numberIn(state, key));
  if (batch !== 0 || epoch === 0 || epoch % every !== 0) return false;
  // Of a run that was taken up in a folder of its own nothing was known before.
  const before = events.some((event) => event.type === "run-start" && (event.resumedFrom ?? 0) < step);
  return before && !events.some((event) => event.type === "evaluate" && event.step === step);
}

function rangesOf(numbers: readonly number[]): Range[] {
  const ranges: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.to === number - 1) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  return ranges;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Multiples in from + 1 .. to of what all numbers are multiples of, but for the numbers themselves. */
function gaps(numbers: readonly number[], from: number, to: number): number[] {
  const interval = numbers.reduce(divisor, 0);
  const there = new Set(numbers);
  const missing: number[] = [];
  if (interval > 0) for (let at = from - (from % interval) + interval; at <= to; at += interval) if (!there.has(at)) missing.push(at);
  return missing;
}

/** A log from one start of the program to the next. */
interface Session {
  /** Steps done at its start. */
  readonly from: number;
  readonly steps: StepEvent[];
  readonly evaluations: EvaluateEvent[];
}

function sessionsOf(events: readonly RunEvent[]): Session[] {
  const sessions: Session[] = [];
  for (const event of events) {
    if (event.type === "run-start") sessions.push({ from: event.resumedFrom ?? 0, steps: [], evaluations: [] });
    // A log that lost its beginning: what it had is not sure.
    else if (sessions.length === 0 && event.type === "step") sessions.push({ from: event.step - 1, steps: [], evaluations: [] });
    if (event.type === "step") sessions.at(-1)?.steps.push(event);
    if (event.type === "evaluate") sessions.at(-1)?.evaluations.push(event);
  }
  return sessions;
}

export interface MissingEvents {
  readonly steps: readonly Range[];
  readonly epochs: readonly Range[];
}

/** Steps and evaluations that a log must have had before a checkpoint of this state and has not. */
export function missingEvents(events: readonly RunEvent[], state: JsonObject): MissingEvents {
  const done = numberIn(state, "optimizerSteps");
  const sessions = sessionsOf(events);
  // An epoch that ended right here can be evaluated still.
  const ended = numberIn(state, "epoch") - (numberIn(state, "batch") === 0 ? 1 : 0);
  if (sessions.length === 0) return { steps: done > 0 ? [{ from: 1, to: done }] : [], epochs: ended > 0 ? [{ from: 1, to: ended }] : [] };
  const evaluated = new Set(events.flatMap((event) => (event.type === "evaluate" ? [event.epoch] : [])));
  const steps: number[] = [];
  const epochs: number[] = [];
  sessions.forEach((session, index) => {
    const next = sessions.at(index + 1);
    const numbers = session.steps.map(({ step }) => step);
    steps.push(...gaps(numbers, session.from, next?.from ?? done));
    if (numbers.length === 0) return;
    const first = session.steps[0].epoch - 1;
    const last = next === undefined ? ended : session.steps[session.steps.length - 1].epoch - 1;
    // The last one may be there because the run was to end.
    const regular = session.evaluations.slice(0, -1).map(({ epoch }) => epoch);
    epochs.push(...gaps(regular, first, last).filter((epoch) => !evaluated.has(epoch)));
  });
  return { steps: rangesOf(steps), epochs: rangesOf(epochs) };
}

/** Steps that were recorded before a checkpoint of this state, as the chain of digests shows, and are not there. */
export function missingDigests(entries: readonly DigestEntry[], state: JsonObject): readonly Range[] {
  const { chain } = state;
  const done = numberIn(state, "optimizerSteps");
  const ranges: Range[] = [];
  let step = 0;
  let link: string | undefined;
  const jump = (to: number): void => {
    if (to > step) ranges.push({ from: step + 1, to });
  };
  for (const entry of entries) {
    if ("begin" in entry) {
      // Without the chain of before: in between nothing was recorded. A file that begins so goes on with a run from elsewhere.
      if (link !== undefined && link !== entry.chain && chainOfBegin(entry) !== entry.chain) jump(entry.begin);
      step = entry.begin;
    } else if ("step" in entry) {
      jump(entry.step - 1);
      ({ step } = entry);
    } else jump(entry.after);
    link = entry.chain;
  }
  if (typeof chain === "string" && link !== chain) jump(done);
  return ranges;
}

/** `steps 3 to 5 and 9`. */
export function rangesText(what: string, ranges: readonly Range[]): string {
  const parts = ranges.map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
  const many = ranges.length > 1 || ranges[0].from < ranges[0].to;
  return `${what}${many ? "s" : ""} ${parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts[0]}`;
}
