// What checkpoints say beside tensors: settings, and the data that the model was made for, so that it can be used without them. Nothing
// of it is believed: names reach the screen and folders, sizes decide how much memory is taken.
import * as v from "valibot";
import { contractOf } from "../../contract.ts";
import { parseDescription, type DataDescription } from "../../data/description.ts";
import { FormatError } from "../../data/index.ts";
import { shown } from "../../data/format-error.ts";
import { checkTensors } from "../../serve/check-tensors.ts";
import type { Checkpoint } from "../../train/index.ts";
import { FOLDER_NAME } from "./folder-name.ts";
import { parseSettings, type TrainSettings } from "./settings.ts";
import { createModel } from "./training-program.ts";

export { describeData, type DataDescription } from "../../data/description.ts";

/** Text that does nothing to a terminal but show. */
const line = v.pipe(
  v.string(),
  v.maxLength(1000),
  v.check((text) => shown(text) === text, "text without control characters"),
);
const folderName = v.pipe(v.string(), v.regex(FOLDER_NAME, "the name of a folder without a path"));

export interface About {
  readonly name: string;
  readonly command: string | undefined;
  readonly settings: TrainSettings;
  readonly data: DataDescription;
  readonly kernels: string | undefined;
  /** The numerics contract it was trained under. */
  readonly contract: string;
  /** The version of perpend that trained it. */
  readonly perpend: string | undefined;
}

/** What `perpend train` wrote into a checkpoint. Throws FormatError: a checkpoint of something else, or of another model than it says. */
export function aboutOf(checkpoint: Checkpoint, file: string): About {
  const { state } = checkpoint;
  const refuse = (found: string, wanted: string): never => {
    throw new FormatError({ file, offset: -1, found, wanted });
  };
  if (state["settings"] === undefined) refuse("a checkpoint without settings", "one that `perpend train` saved");
  const checked = <T>(key: string, schema: v.GenericSchema<unknown, T>, value: unknown): T => {
    const result = v.safeParse(schema, value);
    if (result.success) return result.output;
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    return refuse(`${key}${path === null ? "" : `.${path}`} ${issue.received}`, issue.expected ?? issue.message);
  };
  const settings = parseSettings(state["settings"], file);
  const data = parseDescription(state["data"], file);
  const { classNames, channels, height, width } = data;
  const options = { ...settings, classes: classNames.length, channels, imageSize: [height, width], observeEvery: 0 };
  checkTensors(() => createModel(options), checkpoint.tensors, { file, model: settings.model });
  const versions = checked(
    "versions",
    v.optional(v.object({ kernels: v.optional(line), perpend: v.optional(line) }), {}),
    state["versions"],
  );
  return {
    name: checked("name", v.optional(folderName, "run"), state["name"]),
    command: checked("command", v.optional(v.pipe(v.string(), v.maxLength(100_000))), state["command"]),
    settings,
    data,
    kernels: versions.kernels,
    contract: checked("contract", line, contractOf(state)),
    perpend: versions.perpend,
  };
}
