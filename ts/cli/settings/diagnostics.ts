// Gathers what single blocks were measured to do, a few a step, into one event a round that has every block once, in order.
import type { BlockDiagnostics, DiagnosticsEvent, RunEvent } from "../../train/index.ts";

/** Batches between two measurements of a block: some 60 over the run, at most one of eight batches, at least one of fifty. */
export function observeEvery(batches: number): number {
  return Math.max(8, Math.min(50, Math.floor(batches / 60)));
}

/** Passes other events on; holds diagnostics back until they cover all blocks. A round that began before a resume is dropped. */
export function gatherDiagnostics(blocks: number): (event: RunEvent) => RunEvent | undefined {
  let round: BlockDiagnostics[] = [];
  return (event) => {
    if (event.type !== "diagnostics") return event;
    for (const block of event.blocks) {
      if (block.index === 0) round = [];
      if (block.index === round.length) round.push(block);
    }
    if (round.length < blocks) return undefined;
    const whole: DiagnosticsEvent = { type: "diagnostics", step: event.step, blocks: round };
    round = [];
    return whole;
  };
}
