// What is said where a run is resumed from a checkpoint and its log or digests do not reach that without a hole.
import type { DigestEntry } from "../../train/digest-log.ts";
import type { JsonObject, RunEvent } from "../../train/index.ts";
import { CheckpointStore } from "../../train/node/checkpoint-store.ts";
import { missingDigests, missingEvents, rangesText, type Range } from "./missing.ts";
import type { RunFolder } from "./run-folder.ts";

/** One line; undefined where nothing is missing. Training can go on: what is missing changes no bit of it. */
export async function holeWarning(
  { dir, checkpoints }: RunFolder,
  state: JsonObject,
  events: readonly RunEvent[],
  entries: readonly DigestEntry[],
): Promise<string | undefined> {
  const { steps, epochs } = missingEvents(events, state);
  const digests = missingDigests(entries, state);
  const lacks = (file: string, ...parts: readonly (readonly [what: string, ranges: readonly Range[]])[]): string[] => {
    const texts = parts.filter(([, ranges]) => ranges.length > 0).map(([what, ranges]) => rangesText(what, ranges));
    return texts.length > 0 ? [`${file} lacks ${texts.join(" and ")}`] : [];
  };
  const found = [...lacks("log.jsonl", ["step", steps], ["the evaluation of epoch", epochs]), ...lacks("digests.jsonl", ["step", digests])];
  if (found.length === 0) return undefined;
  const firstStep = Math.min(...[...steps, ...digests].map(({ from }) => from));
  const firstEpoch = Math.min(...epochs.map(({ from }) => from));
  const warning = `warning: ${dir}: ${found.join(", ")}; training goes on without them`;
  for await (const { path, checkpoint } of new CheckpointStore({ dir: checkpoints }).newestFirst()) {
    const [step, epoch] = [checkpoint.state["optimizerSteps"], checkpoint.state["epoch"]];
    if (typeof step === "number" && typeof epoch === "number" && step < firstStep && epoch < firstEpoch)
      return `${warning}. To have them, stop, and go on from step ${step}: --resume ${path}`;
  }
  return warning;
}
