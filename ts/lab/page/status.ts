// One sentence on how it stands, for those who hear the page: it changes with epochs and states, not with steps.
import { useState } from "preact/hooks";
import { formatPercent } from "../../report/numbers.ts";
import type { Attached } from "./attached.ts";
import type { RunView } from "./run-view.ts";
import type { Runs } from "./runs.ts";

function sentenceOf({ label, state, evaluation, end }: RunView): string {
  const judged = evaluation ? `, ${formatPercent(evaluation.top1)} after epoch ${evaluation.epoch}` : "";
  // Why is said beside the run, as an alert.
  if (state === "failed") return `${label} failed${judged}`;
  if (state === "finished") return `${label} ${end?.reason === "stopped" ? "stopped" : "finished"}${judged}`;
  if (state === "paused") return `${label} paused${judged}`;
  return state === "preparing" ? `${label} is being prepared` : `${label} is training${judged}`;
}

/** The sentence, and a way to say something else until things change. */
export function useStatus(runs: Runs, attached: Attached | null): [status: string, say: (text: string) => void] {
  const begun = attached !== null || runs.views.some(({ state }) => state !== "idle");
  const now = begun ? `${runs.views.map(sentenceOf).join(". ")}.` : "";
  const [said, setSaid] = useState({ text: "", then: "" });
  const shown = said.text !== "" && said.then === now ? said.text : now;
  return [shown, (text) => setSaid({ text, then: now })];
}
