// What checkpoints say beside tensors: settings, and the data that the model was made for, so that it can be used without them. Nothing
// of it is believed: names reach the screen and folders, sizes decide how much memory is taken.
import * as v from "valibot";
import { contractOf } from "../contract.ts";
import { withBackend } from "../autograd/index.ts";
import { createDryBackend } from "../backend/index.ts";
import { FormatError, type Dataset } from "../data/index.ts";
import { shown } from "../data/format-error.ts";
import { uninitialized, type StateEntry } from "../nn/index.ts";
import type { Checkpoint, JsonObject } from "../train/index.ts";
import { FOLDER_NAME } from "./folder-name.ts";
import { parseSettings, type TrainSettings } from "./settings.ts";
import { createModel } from "./training-program.ts";

/** Pixels of a side that a model's input may have, and classes. */
const MOST_SIDE = 8192;
const MOST_CLASSES = 100_000;

const side = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MOST_SIDE));
/** Text that does nothing to a terminal but show. */
const line = v.pipe(
  v.string(),
  v.maxLength(1000),
  v.check((text) => shown(text) === text, "text without control characters"),
);
const folderName = v.pipe(v.string(), v.regex(FOLDER_NAME, "the name of a folder without a path"));

const dataSchema = v.pipe(
  v.object({
    name: line,
    classNames: v.pipe(v.array(line), v.minLength(1), v.maxLength(MOST_CLASSES)),
    height: side,
    width: side,
    channels: v.picklist([1, 3]),
    mean: v.array(v.pipe(v.number(), v.finite())),
    std: v.array(
      v.pipe(
        v.number(),
        v.finite(),
        v.check((value) => value > 0, "a number above 0"),
      ),
    ),
  }),
  v.check(({ channels, mean, std }) => mean.length === channels && std.length === channels, "a mean and a std for each channel"),
);

/** Images as the model takes them, and what its classes are called. */
export type DataDescription = v.InferOutput<typeof dataSchema>;

export function describeData({ name, classNames, image, mean, std }: Dataset): JsonObject {
  return { name, classNames, ...image, mean, std };
}

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

/** `a, b, c, ...`. */
const listed = (keys: readonly string[]): string => keys.slice(0, 3).join(", ") + (keys.length > 3 ? ", ..." : "");

/** Refuses tensors that are not those of the model that the settings name, before memory is taken for it. */
function checkModel(settings: TrainSettings, data: DataDescription, { tensors }: Checkpoint, file: string): void {
  const options = {
    ...settings,
    classes: data.classNames.length,
    channels: data.channels,
    imageSize: [data.height, data.width],
    observeEvery: 0,
  };
  const refuse = (found: string, wanted: string): never => {
    throw new FormatError({ file, offset: -1, found, wanted: `${wanted} of ${settings.model}` });
  };
  let entries: readonly StateEntry[];
  try {
    entries = withBackend(createDryBackend(), () => uninitialized(() => createModel(options))).entries();
  } catch (error) {
    return refuse(`settings that make no model (${error instanceof Error ? error.message : String(error)})`, "those");
  }
  const missing = entries.filter(({ key }) => !tensors.has(key)).map(({ key }) => key);
  if (missing.length > 0) refuse(`no tensor for ${missing.length} of ${entries.length} keys (${listed(missing)})`, "those");
  for (const { key, shape } of entries) {
    const given = tensors.get(key)?.shape ?? [];
    if (given.join() !== shape.join()) refuse(`tensor ${key} of shape [${given.join(",")}]`, `[${shape.join(",")}], that`);
  }
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
  const data = checked("data", dataSchema, state["data"]);
  checkModel(settings, data, checkpoint, file);
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
