// The model in a checkpoint of `perpend train`, without what only training needs.
import { FormatError } from "../data/format-error.ts";
import { parseDescription, type DataDescription } from "../data/description.ts";
import { namedModel } from "../models/named.ts";
import { uninitialized, type Layer, type StateDict } from "../nn/index.ts";
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint, type Sha256Of } from "../train/checkpoint-format.ts";
import type { JsonObject } from "../train/events.ts";
import type { StoredTensor } from "../train/safetensors.ts";
import { checkTensors } from "./check-tensors.ts";
import { parseModelSettings } from "./model-settings.ts";

export interface ReadOptions {
  /** What errors call the checkpoint. */
  readonly file?: string;
  /** A host's SHA-256, which may be ten times as fast as the one in here. */
  readonly hash?: Sha256Of;
}

export interface TrainedModel {
  /** The model's name. */
  readonly name: string;
  /** In evaluation; its variables are on the backend that was current. */
  readonly model: Layer;
  readonly data: DataDescription;
}

/** What a predictor needs of a checkpoint, its place in the settings checked against its tensors. */
interface Parts {
  readonly name: string;
  readonly make: () => Layer;
  readonly data: DataDescription;
  /** The model's own keys; averages where there are some. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

function partsOf({ tensors, state }: Checkpoint, file: string): Parts {
  const settings = parseModelSettings(state["settings"], file);
  const data = parseDescription(state["data"], file);
  const { classNames, channels, height, width } = data;
  const make = (): Layer => namedModel(settings, { classes: classNames.length, channels, imageSize: [height, width] });
  const prefix = settings.averaged ? "ema." : "";
  const own = new Map<string, StoredTensor>();
  for (const [key, tensor] of tensors) if (key.startsWith(prefix)) own.set(key.slice(prefix.length), tensor);
  const keys = checkTensors(make, own, { file, model: settings.model });
  for (const key of own.keys()) if (!keys.has(key)) own.delete(key);
  return { name: settings.model, make, data, tensors: own };
}

const read = (checkpoint: Uint8Array | Checkpoint, { file = "checkpoint", hash }: ReadOptions): Checkpoint =>
  checkpoint instanceof Uint8Array ? decodeCheckpoint(checkpoint, file, hash) : checkpoint;

/**
 * The model in a checkpoint: the bytes of a file, or what was read from them. Where training averaged weights, it has the averages. Throws
 * FormatError: a file that is damaged, was not saved by `perpend train`, or has not the tensors of the model it names.
 */
export function loadTrainedModel(checkpoint: Uint8Array | Checkpoint, options: ReadOptions = {}): TrainedModel {
  const { file = "checkpoint" } = options;
  const { name, make, data, tensors } = partsOf(read(checkpoint, options), file);
  const dict: StateDict = {};
  for (const [key, { shape, values }] of tensors) {
    if (!(values instanceof Float32Array))
      throw new FormatError({ file, offset: -1, found: `tensor ${key} of other numbers`, wanted: "float32" });
    dict[key] = { shape, values };
  }
  const model = uninitialized(make);
  model.loadStateDict(dict);
  model.eval();
  return { name, model, data };
}

/**
 * The bytes of a checkpoint with what a predictor needs alone: no state of the optimizer, averages in the place of the weights where there
 * are some. About half the size; training cannot go on from it. Throws FormatError, as loadTrainedModel.
 */
export function checkpointForServing(checkpoint: Uint8Array | Checkpoint, options: ReadOptions = {}): Uint8Array {
  const whole = read(checkpoint, options);
  const { tensors } = partsOf(whole, options.file ?? "checkpoint");
  const settings = { ...(whole.state["settings"] as JsonObject), modelEma: false, modelEmaDecay: null };
  return encodeCheckpoint({ tensors, state: { ...whole.state, settings } }, options.hash);
}
