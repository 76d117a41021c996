// What the page and the worker of a run say to each other.
import type { TrainSettings } from "../cli/settings/settings.ts";
import type { RunEvent } from "../train/index.ts";
import type { DataSource } from "./given-data.ts";

/** One run, as the page orders it. */
export interface RunOrder {
  /** Unique; what is kept of the run is kept under it. */
  readonly id: string;
  readonly label: string;
  readonly settings: TrainSettings;
  readonly command: string;
  readonly source: DataSource;
  /** Threads that compute; 0 is the worker's own alone. */
  readonly threads: number;
}

export type ToWorker =
  /** Trains; `resume` goes on from what is kept, or shows it where the run had ended, unless it was stopped and is to go `further`. */
  | { readonly type: "start"; readonly order: RunOrder; readonly resume: boolean; readonly further: boolean }
  /** Stands still after the step under way, and keeps the state. */
  | { readonly type: "pause" }
  | { readonly type: "continue" }
  /** Ends the run after the step under way. */
  | { readonly type: "stop" }
  /** Asks for the bytes of a checkpoint. */
  | { readonly type: "checkpoint" };

export type RunState = "preparing" | "running" | "paused" | "finished" | "failed";

export type FromWorker =
  | { readonly type: "events"; readonly events: readonly RunEvent[] }
  | { readonly type: "state"; readonly state: RunState; readonly message?: string }
  /** Something a person should know; the run goes on. */
  | { readonly type: "notice"; readonly message: string }
  /** The run could go on from this step if the page closed now. */
  | { readonly type: "kept"; readonly step: number }
  | { readonly type: "checkpoint"; readonly bytes: Uint8Array<ArrayBuffer>; readonly step: number };
