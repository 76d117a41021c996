// Log and digests of a recipe's run up to the first place where something is missing. There every step is in both, in order, and every
// epoch was evaluated: a checkpoint behind a hole would give a run whose numbers are those of fewer epochs.
import { chainAfter } from "../../train/digest-chain.ts";
import type { DigestEntry } from "../../train/digest-log.ts";
import type { JsonObject, RunEvent } from "../../train/index.ts";

export interface Unbroken {
  readonly events: readonly RunEvent[];
  readonly digests: readonly DigestEntry[];
  /** What is missing before a checkpoint of this state, as `log.jsonl lacks step 9`; undefined where nothing is. */
  readonly holeBefore: (state: JsonObject) => string | undefined;
}

interface Part<T> {
  readonly entries: readonly T[];
  /** The last one without a hole before it. */
  readonly step: number;
  /** What comes then; undefined where the file ends. */
  readonly hole: string | undefined;
}

/** What is wrong with a step that follows on others. */
function wrongStep(step: number, done: number): string | undefined {
  if (step === done + 1) return undefined;
  return step > done ? `lacks step ${done + 1}` : `has step ${step} behind step ${done}`;
}

function unbrokenLog(
  events: readonly RunEvent[],
): Part<RunEvent> & { readonly evaluated: ReadonlySet<number>; readonly stepsPerEpoch: number } {
  const evaluated = new Set<number>();
  let stepsPerEpoch = 0;
  let step = 0;
  const holeAt = (event: RunEvent): string | undefined => {
    if (event.type === "run-start") {
      ({ stepsPerEpoch } = event);
      return wrongStep((event.resumedFrom ?? 0) + 1, step);
    }
    if (stepsPerEpoch === 0) return "lacks its beginning";
    if (event.type === "evaluate") evaluated.add(event.epoch);
    if (event.type !== "step") return undefined;
    const epoch = step / stepsPerEpoch;
    if (Number.isInteger(epoch) && epoch > 0 && !evaluated.has(epoch)) return `lacks the evaluation of epoch ${epoch}`;
    return wrongStep(event.step, step);
  };
  for (const [index, event] of events.entries()) {
    const hole = holeAt(event);
    if (hole !== undefined) return { entries: events.slice(0, index), step, hole, evaluated, stepsPerEpoch };
    if (event.type === "step") step++;
  }
  return { entries: events, step, hole: undefined, evaluated, stepsPerEpoch };
}

function unbrokenDigests(digests: readonly DigestEntry[]): Part<DigestEntry> & { readonly chains: ReadonlyMap<number, string> } {
  const chains = new Map<number, string>();
  let step = 0;
  let chain: string | undefined;
  const holeAt = (entry: DigestEntry): string | undefined => {
    if ("begin" in entry) {
      const wrong = wrongStep(entry.begin + 1, step);
      if (wrong === undefined && chain !== undefined && chain !== entry.chain) return `has another chain behind step ${step}`;
      return wrong;
    }
    if (chain === undefined) return "lacks its beginning";
    const wrong = "skipped" in entry ? wrongStep(entry.after + 1, step) : wrongStep(entry.step, step);
    const after = chainAfter(chain, entry);
    return wrong ?? (after === entry.chain ? undefined : `has another chain behind step ${step}`);
  };
  for (const [index, entry] of digests.entries()) {
    const hole = holeAt(entry);
    if (hole !== undefined) return { entries: digests.slice(0, index), step, hole, chains };
    if ("step" in entry) step++;
    ({ chain } = entry);
    chains.set(step, chain);
  }
  return { entries: digests, step, hole: undefined, chains };
}

/** What a log that has come to its end lacks; undefined where nothing is missing. Of a run that diverged, the last epoch was not judged. */
export function holeInFinished(events: readonly RunEvent[]): string | undefined {
  const { step, hole, evaluated, stepsPerEpoch } = unbrokenLog(events);
  const end = events.at(-1);
  if (hole !== undefined || end?.type !== "run-end") return hole;
  if (step !== end.steps) return `ends after step ${step} of ${end.steps}`;
  const epochs = stepsPerEpoch > 0 ? step / stepsPerEpoch : 0;
  return end.reason === "diverged" || epochs === 0 || evaluated.has(epochs) ? undefined : `lacks the evaluation of epoch ${epochs}`;
}

/** Finds the first holes. */
export function unbrokenRecord(events: readonly RunEvent[], entries: readonly DigestEntry[]): Unbroken {
  const log = unbrokenLog(events);
  const digests = unbrokenDigests(entries);
  const beyond = (name: string, { step, hole }: Part<unknown>): string => `${name} ${hole ?? `ends after step ${step}`}`;
  return {
    events: log.entries,
    digests: digests.entries,
    holeBefore: ({ optimizerSteps, chain }) => {
      const step = typeof optimizerSteps === "number" ? optimizerSteps : 0;
      if (step > log.step) return beyond("log.jsonl", log);
      // Early versions recorded no digests here.
      if (typeof chain !== "string") return undefined;
      if (step > digests.step || !digests.chains.has(step)) return beyond("digests.jsonl", digests);
      return digests.chains.get(step) === chain ? undefined : `digests.jsonl has another chain at step ${step}`;
    },
  };
}
