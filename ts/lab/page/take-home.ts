// What a person takes home from runs: checkpoints that the command line reads, and the report.
import { download } from "./download.ts";
import { makeReport } from "./report.ts";
import type { Runs } from "./runs.ts";
import type { RunView } from "./run-view.ts";
import type { Session } from "./session.ts";

export async function saveCheckpoint(session: Session, id: string, view: RunView, say: (text: string) => void): Promise<void> {
  const { label } = view;
  const { bytes, step } = await session.checkpoint(id);
  download(`${session.lab.model}-${label.replace(/[^\w-]+/g, "")}-step-${step}.safetensors`, bytes, "application/octet-stream");
  say(`The checkpoint of ${label} at step ${step} is made.`);
}

export async function saveReport({ views }: Runs, say: (text: string) => void): Promise<void> {
  say("Drawing the report.");
  try {
    const html = await makeReport(views.filter(({ start }) => start !== undefined).map(({ events }) => events));
    download("report.html", html, "text/html");
    say("The report is made.");
  } catch (error) {
    say((error as Error).message);
  }
}
