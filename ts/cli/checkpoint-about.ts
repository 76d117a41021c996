// What checkpoints say beside tensors: settings, and the data that the model was made for, so that it can be used without them.
import * as v from "valibot";
import type { Dataset } from "../data/index.ts";
import type { Checkpoint, JsonObject } from "../train/index.ts";
import { parseSettings, type TrainSettings } from "./settings.ts";

const dataSchema = v.object({
  name: v.string(),
  classNames: v.pipe(v.array(v.string()), v.minLength(1)),
  height: v.pipe(v.number(), v.integer(), v.minValue(1)),
  width: v.pipe(v.number(), v.integer(), v.minValue(1)),
  channels: v.picklist([1, 3]),
  mean: v.array(v.number()),
  std: v.array(
    v.pipe(
      v.number(),
      v.check((value) => value > 0, "a number above 0"),
    ),
  ),
});

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
}

/** What `perpend train` wrote into a checkpoint. Error: a checkpoint of something else. */
export function aboutOf({ state }: Checkpoint, file: string): About {
  if (state["settings"] === undefined) throw new Error(`${file}: a checkpoint without settings, wanted one that \`perpend train\` saved`);
  const data = v.safeParse(dataSchema, state["data"]);
  if (!data.success)
    throw new Error(`${file}: data ${data.issues[0].received}, wanted ${data.issues[0].expected ?? "a data set's description"}`);
  const versions = state["versions"];
  const kernels = typeof versions === "object" && versions !== null && "kernels" in versions ? versions.kernels : undefined;
  return {
    name: typeof state["name"] === "string" ? state["name"] : "run",
    command: typeof state["command"] === "string" ? state["command"] : undefined,
    settings: parseSettings(state["settings"], file),
    data: data.output,
    kernels: typeof kernels === "string" ? kernels : undefined,
  };
}
