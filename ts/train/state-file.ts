// State dicts as safetensors files, as PyTorch's users exchange them: safetensors.torch.save_file(model.state_dict(), "net.safetensors")
// there, decodeStateDict here, and the other way round. Keys and layouts of models are PyTorch's (timm's).
import type { StateDict } from "../nn/index.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/** The bytes of a safetensors file of these values, in their order. */
export function encodeStateDict(dict: StateDict): Uint8Array {
  return encodeSafetensors(Object.entries(dict), [["format", "pt"]]);
}

/**
 * The values in a safetensors file, by name; half precision and whole numbers (`num_batches_tracked`) become float32. `file` is its name
 * in errors. Throws FormatError.
 */
export function decodeStateDict(bytes: Uint8Array, file = "state dict"): StateDict {
  const dict: StateDict = {};
  for (const [name, { shape, values }] of decodeSafetensors(bytes, file).tensors) {
    const floats = values instanceof Float32Array || values instanceof Float64Array;
    dict[name] = { shape, values: floats ? values : Float32Array.from(values as ArrayLike<number>, Number) };
  }
  return dict;
}
