// Names of runs, which are those of their folders.
import type { TrainSettings } from "./settings.ts";

/** What a run's folder may be called: no path, and nothing that a terminal would not show. */
export const FOLDER_NAME = /^(?!\.{1,2}$)[^/\\\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]{1,200}$/;

/** The name of a run that was given none. */
export function runName({ model, width, skip, dataset, seed }: TrainSettings): string {
  return [model, ...(width === null ? [] : [`w${width}`]), skip, dataset, `s${seed}`].join("-");
}
