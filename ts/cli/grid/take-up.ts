// Where a recipe's run goes on that was begun.
import type { Trainer } from "../../train/index.ts";
import type { CheckpointStore, FoundCheckpoint, SkippedCheckpoint } from "../../train/node/checkpoint-store.ts";
import { lacksEvaluation } from "../run/missing.ts";
import type { RunFolder } from "../run/run-folder.ts";
import { readableDigests, readableLog, trimDigests, trimLog } from "../run/trim.ts";
import { unbrokenRecord } from "../run/unbroken.ts";

/**
 * Puts the trainer where the newest checkpoint left it that log and digests reach without a hole; where there is none, the run begins
 * anew. Returns whether the epoch that ended there is still to be evaluated.
 */
export async function takeUp(
  trainer: Trainer,
  store: CheckpointStore,
  { dir, log, digests }: RunFolder,
  message: (text: string) => void,
): Promise<boolean> {
  const record = unbrokenRecord((await readableLog(log)).entries, (await readableDigests(digests)).entries);
  const skipped: SkippedCheckpoint[] = [];
  let hole: string | undefined;
  let found: FoundCheckpoint | undefined;
  for await (const each of store.newestFirst(skipped)) {
    const missing = record.holeBefore(each.checkpoint.state);
    if (missing === undefined) {
      found = each;
      break;
    }
    hole ??= `${dir}: ${missing}, before the checkpoint of step ${each.checkpoint.state["optimizerSteps"]}`;
  }
  for (const { reason } of skipped) message(`warning: passed over ${reason}`);
  const unread = skipped.find(({ damaged }) => !damaged);
  if (!found && unread) throw new Error(`${dir}: no checkpoint can be read, wanted one; ${unread.reason}`);
  if (found) trainer.resume(found.checkpoint);
  const goesOn = found ? `goes on from that of step ${trainer.steps}` : "begins anew";
  if (hole !== undefined) message(`warning: ${hole}; the run ${goesOn}`);
  else if (!found && skipped.length > 0) message(`warning: ${dir}: no checkpoint is whole; the run begins anew`);
  const onBroken = (reason: string, kept: string): void => message(`warning: ${reason}; it is kept as ${kept}`);
  await store.discardAfter(found ? trainer.steps : -1);
  const { events } = await trimLog(log, trainer.steps, onBroken, { good: record.events });
  await trimDigests(digests, trainer.steps, onBroken, { good: record.digests });
  return found !== undefined && lacksEvaluation(events, found.checkpoint.state);
}
