// Makes the report of runs: in a worker, since its charts take a second or two to draw.
import { collectRun } from "../report/run-log.ts";
import { renderReport } from "../report/report.ts";
import type { RunEvent } from "../train/index.ts";

export type ReportAnswer = { readonly html: string } | { readonly error: string };

interface WorkerScope {
  postMessage(message: ReportAnswer): void;
  onmessage: ((event: MessageEvent<readonly (readonly RunEvent[])[]>) => void) | null;
}

const scope = self as unknown as WorkerScope;

scope.onmessage = ({ data }) => {
  renderReport(data.map(collectRun)).then(
    (html) => scope.postMessage({ html }),
    (error: unknown) => scope.postMessage({ error: error instanceof Error ? error.message : String(error) }),
  );
};
