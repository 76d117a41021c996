// Asks for the report of runs; what draws it is loaded when it is first wanted.
import type { RunEvent } from "../../train/index.ts";
import type { ReportAnswer } from "../report-worker.ts";

/** One HTML file that stands alone. Errors: no run that began, a worker that cannot be loaded. */
export function makeReport(runs: readonly (readonly RunEvent[])[]): Promise<string> {
  const address = new URL("report.js", import.meta.url);
  const worker = new Worker(address, { type: "module", name: "report" });
  return new Promise<string>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<ReportAnswer>) => ("html" in data ? resolve(data.html) : reject(new Error(data.error)));
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`report: ${address.href} could not be loaded${event.message ? `: ${event.message}` : ""}`));
    };
    worker.postMessage(runs);
  }).finally(() => worker.terminate());
}
